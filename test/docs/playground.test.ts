import { fileURLToPath } from 'node:url'
import { readFile } from 'node:fs/promises'
import axe from 'axe-core'
import { build } from 'esbuild'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scopedPageCss } from '../../docs/site/play/page-css.ts'
import { PLAY_HTML } from '../../docs/site/play/page.ts'
import { SERVERS } from '../../docs/site/play/world.ts'
import { startChromium } from '../servers/chromium.ts'

const FOLDER = new URL('../../docs/site/play/', import.meta.url)

let browser: Browser
let html: string

beforeAll(async () => {
  const built = await build({
    stdin: {
      contents: "import { startPlayground } from './page.ts'; startPlayground(play)",
      resolveDir: fileURLToPath(FOLDER),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  })
  const code = built.outputFiles[0]!.text.replaceAll('</script', '<\\/script')
  const css = scopedPageCss() + (await readFile(new URL('play.css', FOLDER), 'utf8'))
  html =
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">' +
    `<title>Playground</title><style>${css}</style>` +
    `<main id="play" class="play playground">${PLAY_HTML}</main>` +
    `<script type="module">${code}</script>`
  browser = await startChromium()
})

afterAll(() => browser.close())

const ADDRESS = 'http://localhost/playground'

/** The page, and each request that it makes beside itself. */
async function open(options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  await page.route('**/*', async (route) => {
    if (route.request().url() === ADDRESS) {
      return route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' })
    }
    faults.push(route.request().url())
    return route.abort()
  })
  await page.goto(ADDRESS)
  await page.waitForSelector('#play[data-state=ready]')
  return { page, faults }
}

async function press(page: Page, action: string) {
  await page.focus(`[data-action=${action}]`)
  await page.keyboard.press('Enter')
  await page.waitForSelector('#play[data-state=running]')
  await page.waitForSelector('#play[data-state=done]')
  // The page draws once more after the action.
  await page.evaluate(() => new Promise(requestAnimationFrame))
  await page.evaluate(() => new Promise(requestAnimationFrame))
  const text = (id: string) => page.locator(id).innerText()
  return {
    hand: await text('#play-hand'),
    once: await text('#play-once'),
    story: await text('#play-story'),
  }
}

describe('the playground', () => {
  it('shows what each button says, at a server that revokes', async () => {
    const { page, faults } = await open()
    const seen: Record<string, { hand: string; once: string; story: string }> = {}
    for (const action of ['requests', 'lose', 'crash', 'stale', 'thief']) {
      seen[action] = await press(page, action)
    }

    expect(seen['requests']!.hand).toMatch(
      /^20 presentations, 1 of 20 served, the user is signed out/,
    )
    expect(seen['requests']!.once).toBe('1 presentation, 20 of 20 served.')
    expect(seen['lose']!.once).toMatch(/^1 presentation, 0 of 20 served, the user is signed out/)
    expect(seen['crash']!.once).toMatch(/^1 presentation, 0 of 20 served, the user is signed out/)
    expect(seen['crash']!.story).toMatch(/web-\d crashed/)
    expect(seen['stale']!.once).toBe('0 presentations, 1 of 1 served.')
    expect(seen['thief']!.once).toMatch(/^0 presentations, 0 of 1 served, the user is signed out/)
    expect(seen['thief']!.story).toContain('The old copy is recognised')
    expect(await page.locator('#renewals .lane').count()).toBeGreaterThan(4)
    expect(await page.locator('#chart .active').count()).toBeGreaterThan(0)
    expect(faults).toEqual([])
    await page.context().close()
  })

  it('survives a lost answer where the server takes a token again', async () => {
    const { page, faults } = await open()
    await page.selectOption('#play-server', 'entra')

    const { once } = await press(page, 'lose')

    expect(once).toMatch(/20 of 20 served/)
    expect(faults).toEqual([])
    await page.context().close()
  })

  it('serves 20 requests at each server', async () => {
    const { page, faults } = await open()
    const ends: Record<string, string> = {}
    for (const { id } of SERVERS) {
      await page.selectOption('#play-server', id)
      ends[id] = (await press(page, 'requests')).once
    }

    expect(new Set(Object.values(ends))).toEqual(new Set(['1 presentation, 20 of 20 served.']))
    expect(faults).toEqual([])
    await page.context().close()
  })

  it('has no serious finding of axe-core, light, dark and on a phone', async () => {
    const phone = { viewport: { width: 390, height: 844 } }
    for (const options of [{}, { colorScheme: 'dark' as const }, phone]) {
      const { page } = await open(options)
      if ('colorScheme' in options) {
        await page.evaluate(() => {
          document.documentElement.className = 'dark'
          document.documentElement.style.background = '#1b1b1f'
        })
      }
      await press(page, 'requests')
      await page.evaluate(axe.source)

      const found = await page.evaluate(() => {
        const { axe } = window as unknown as { axe: typeof import('axe-core') }
        return axe.run()
      })

      const serious = found.violations.filter(({ impact }) => /serious|critical/.test(impact ?? ''))
      expect(serious.map(({ id, nodes }) => `${id} ${nodes[0]!.html}`)).toEqual([])
      const isTooWide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      )
      expect(isTooWide).toBe(false)
      await page.context().close()
    }
  })
})
