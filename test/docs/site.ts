/**
 * `npm run verify -- site`: builds the site, whose links are checked there, and opens it in
 * Chromium as a reader would: light, dark and on a phone, with no network but its own server.
 */
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { startChromium } from '../servers/chromium.ts'

const DIST = new URL('../../docs/site/.build/dist/', import.meta.url)

const PAGES = [
  '',
  'start',
  'guides/authjs',
  'design',
  'statechart',
  'providers',
  'providers/okta',
  'troubleshooting',
  'errors/no_refresh_token',
  'api/',
  'api/refresh-once',
  'playground',
]

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** Serves the built files as GitHub Pages does: an address without an ending is an HTML page. */
async function serve(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer((request, response) => {
    const path = decodeURI(new URL(request.url ?? '/', 'http://site').pathname).slice(1)
    const tries = path === '' || path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`]
    const found = tries.reduce<Promise<{ file: string; body: Buffer }>>(
      (before, file) =>
        before.catch(async () => ({ file, body: await readFile(new URL(file, DIST)) })),
      Promise.reject(new Error('not yet')),
    )
    found.then(
      ({ file, body }) => {
        response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
        response.end(body)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

interface WithAxe {
  readonly axe: { run(): Promise<{ violations: readonly Finding[] }> }
}

/** What is wrong with the pages in one look. */
async function faultsOf(browser: Browser, origin: string, name: string): Promise<string[]> {
  const faults: string[] = []
  const context = await browser.newContext({ ...LOOKS[name], reducedMotion: 'reduce' })
  const page = await context.newPage()
  let at = ''
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:')) faults.push(`${at} asks for ${url}`)
  })
  page.on('pageerror', (error) => faults.push(`${at}: ${String(error)}`))
  for (at of PAGES) {
    await page.goto(`${origin}${at}`, { waitUntil: 'load' })
    await page.waitForSelector('main, .VPContent')
    await page.evaluate(AXE)
    const found = await page.evaluate(() => (globalThis as unknown as WithAxe).axe.run())
    for (const { id, impact, nodes } of found.violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      faults.push(
        `${name} /${at}: ${impact} ${id}: ${nodes[0]!.html.slice(0, 160)} ${nodes.length}×`,
      )
    }
    const isTooWide = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1,
    )
    if (isTooWide) faults.push(`${name} /${at} is wider than the window`)
  }
  await context.close()
  return faults
}

/** Looks for an error text as a reader does, with the keyboard. */
async function searchFaults(browser: Browser, origin: string): Promise<string[]> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(`${origin}start`)
  await page.waitForFunction(() => document.querySelector('.VPNavBarSearch button') !== null)
  await page.click('.VPNavBarSearch button')
  await page.fill('.VPLocalSearchBox input', 'no_refresh_token')
  const first = page.locator('.VPLocalSearchBox .result').first()
  await first.waitFor({ timeout: 20_000 }).catch(() => {})
  const isFound = (await first.count()) > 0
  await page.close()
  return isFound ? [] : ['the search finds nothing for no_refresh_token']
}

if (!process.argv.includes('--built')) {
  execFileSync('npm', ['run', '--silent', 'site'], { stdio: 'inherit' })
}
const { server, origin } = await serve()
const browser = await startChromium()
const faults: string[] = []
try {
  for (const name of Object.keys(LOOKS)) faults.push(...(await faultsOf(browser, origin, name)))
  faults.push(...(await searchFaults(browser, origin)))
} finally {
  await browser.close()
  server.close()
}
for (const fault of faults) console.error(fault)
console.log(`${PAGES.length} pages, ${Object.keys(LOOKS).length} looks: ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
