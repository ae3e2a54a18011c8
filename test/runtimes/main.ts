/**
 * `npm run runtimes`: tries the promises of the packed package in every runtime, each a real binary
 * from npm, and in the bundles of every bundler. Installs them into `.build/runtimes` on demand.
 *
 *     npm run runtimes -- node22 bun   those only
 *     npm run runtimes -- --short      what CI runs
 *     npm run runtimes -- --write      writes what was run into docs/runtimes.md
 *     npm run runtimes -- --package refresh-once.tgz
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { between, table } from '../docs/marks.ts'
import { startOidcServer, type OidcServer } from '../oidc/oidc-server.ts'
import { onDemand } from '../servers/on-demand.ts'
import { freePort } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'
import { startWorkerd } from '../servers/workerd.ts'
import { startRestShim } from '../stores/redis-rest-shim.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = join(ROOT, '.build/runtimes')
const CONSUMER = join(FOLDER, 'consumer')
const HERE = join(ROOT, 'test/runtimes')

const run = promisify(execFile)

interface Result {
  readonly name: string
  /** Empty if it was kept. */
  readonly why: string
}

interface Ran {
  readonly version: string
  readonly results: readonly Result[]
}

/** What every cell is given, as JSON. */
interface Given {
  readonly control: string
  readonly issuer: string
  readonly clientId: string
  readonly rest: { readonly url: string; readonly token: string }
  readonly contract: boolean
}

interface Cell {
  readonly label: string
  readonly isShort?: boolean
  run(given: Given): Promise<Ran>
}

const CELLS: Readonly<Record<string, Cell>> = {
  node20: node('Node 20', 'node@20'),
  node22: node('Node 22', 'node@22'),
  node24: { ...node('Node 24', 'node@24'), isShort: true },
  node: node('Node, the newest', 'node@latest'),
  bun: { ...command('Bun', 'bun@latest', 'bun/bin/bun.exe', []), isShort: true },
  deno: command('Deno', 'deno@latest', 'deno/bin.cjs', ['run', '-A', '--node-modules-dir=manual']),
  workerd: { label: 'workerd (Cloudflare Workers)', isShort: true, run: inWorkerd },
  next: { label: 'Next.js: edge and Node, Turbopack', run: (given) => inNext(given, []) },
  'next-webpack': {
    label: 'Next.js: edge and Node, webpack',
    run: (given) => inNext(given, ['--webpack']),
  },
  require: { label: '`require()` from CommonJS', isShort: true, run: required },
  esbuild: bundler('esbuild'),
  rollup: bundler('rollup'),
  vite: bundler('vite', 'Vite, SSR'),
  webpack: bundler('webpack'),
}

/** What a runtime prints when it is done. */
const RESULTS = /^results (.*)$/m

function node(label: string, spec: string): Cell {
  return command(label, spec, 'node/bin/node', [])
}

function command(label: string, spec: string, path: string, args: readonly string[]): Cell {
  return {
    label,
    async run(given) {
      const packages = await onDemand(folderOf(spec), [spec])
      const binary = join(packages, path)
      const { stdout: version } = await run(binary, ['--version'])
      const file = join(CONSUMER, 'command.mjs')
      const { stdout } = await run(binary, [...args, file, JSON.stringify(given)], {
        cwd: CONSUMER,
        timeout: 180_000,
      })
      return { version: /\d[\w.-]+/.exec(version)?.[0] ?? '', results: resultsIn(stdout) }
    },
  }
}

/** `node@24` is where the tests have it. */
const folderOf = (spec: string): string =>
  spec === 'node@24' ? 'node24' : `runtimes/${spec.replace('@', '-')}`

function resultsIn(output: string): readonly Result[] {
  const [, json] = RESULTS.exec(output) ?? []
  if (json === undefined) throw new Error(`it gave no results: ${output.slice(-2_000)}`)
  return JSON.parse(json) as Result[]
}

async function inWorkerd(given: Given): Promise<Ran> {
  const directory = join(FOLDER, 'workerd')
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await using workerd = await startWorkerd(join(CONSUMER, 'worker.mjs'), directory)
  return { version: workerd.version, results: await posted(workerd.url, given) }
}

async function posted(url: string | URL, given: Given): Promise<readonly Result[]> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(given) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`status ${response.status}: ${text.slice(0, 2_000)}`)
  return JSON.parse(text) as Result[]
}

async function required(given: Given): Promise<Ran> {
  const file = join(CONSUMER, 'required.cjs')
  const { stdout } = await run(process.execPath, [file, JSON.stringify(given)], { cwd: CONSUMER })
  return { version: `Node ${process.version}`, results: resultsIn(stdout) }
}

const BUNDLERS = ['esbuild', 'rollup', '@rollup/plugin-node-resolve', 'vite', 'webpack']

function bundler(name: string, label = name): Cell {
  return {
    label: `${label}, on Node`,
    async run(given) {
      await installed('bundlers', BUNDLERS)
      const cwd = join(FOLDER, 'bundlers')
      const out = join(cwd, 'out', name)
      await rm(out, { recursive: true, force: true })
      await mkdir(out, { recursive: true })
      const made = await run(process.execPath, [join(cwd, 'bundle.mjs'), name, out], { cwd })
      const [, main = ''] = /^main (.*)$/m.exec(made.stdout) ?? []
      const args = [join(cwd, 'bundled.mjs'), main, JSON.stringify(given)]
      const { stdout } = await run(process.execPath, args, { cwd })
      return { version: await versionOf(cwd, name), results: resultsIn(stdout) }
    },
  }
}

async function versionOf(folder: string, name: string): Promise<string> {
  const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** A route of an application of Next.js, which tries the promises. */
const route = (runtime: string): string => `
import { promises } from '../../promises.mjs'
export const runtime = '${runtime}'
export const dynamic = 'force-dynamic'
export async function POST(request) {
  const results = await promises(await request.json())
  return Response.json(results.map(({ name, why }) => ({ name: name + ', ${runtime}', why })))
}
`

async function inNext(given: Given, flags: readonly string[]): Promise<Ran> {
  await installed('next', ['next', 'react', 'react-dom'])
  const cwd = join(FOLDER, 'next')
  for (const [path, text] of Object.entries({
    'next.config.js':
      'module.exports = { turbopack: { root: __dirname }, outputFileTracingRoot: __dirname }',
    'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>`,
    'app/edge/route.js': route('edge'),
    'app/nodejs/route.js': route('nodejs'),
  })) {
    await mkdir(join(cwd, path, '..'), { recursive: true })
    await writeFile(join(cwd, path), text)
  }
  await rm(join(cwd, '.next'), { recursive: true, force: true })
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } as const
  const next = join(cwd, 'node_modules/next/dist/bin/next')
  await run(process.execPath, [next, 'build', ...flags], { cwd, env })
  const lazily = await whyNotLazy(join(cwd, '.next'))
  const port = await freePort()
  const child = spawn(process.execPath, [next, 'start', '-p', `${port}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('Ready')) break
    }
    const url = (path: string): string => `http://127.0.0.1:${port}/${path}`
    const edge = await posted(url('edge'), given)
    return {
      version: await versionOf(cwd, 'next'),
      results: [...edge, ...(await posted(url('nodejs'), given)), ...lazily],
    }
  } finally {
    child.kill()
    await once(child, 'exit')
  }
}

/** A text of XState, which only the engine brings. */
const ENGINE = 'xstate.init'

/** What a route loads at once, as Turbopack names it in the route: not the engine. */
async function whyNotLazy(built: string): Promise<readonly Result[]> {
  const route = await readFile(join(built, 'server/app/nodejs/route.js'), 'utf8')
  const chunks = [...route.matchAll(/R\.c\("([^"]+)"\)/g)].map(([, path]) => path!)
  if (chunks.length === 0) return []
  const texts = await Promise.all(chunks.map((path) => readFile(join(built, path), 'utf8')))
  const isAtOnce = texts.some((text) => text.includes(ENGINE))
  return [{ name: 'loads the engine lazily', why: isAtOnce ? 'it is loaded at once' : '' }]
}

/** A project in which the packed package is installed, with other packages. */
async function installed(name: string, specs: readonly string[]): Promise<void> {
  const cwd = join(FOLDER, name)
  const specsNow = [tarball, '@auth/core', ...specs]
  const done = join(cwd, 'done')
  if ((await readFile(done, 'utf8').catch(() => '')) !== stamp) {
    await rm(join(cwd, 'node_modules/refresh-once'), { recursive: true, force: true })
    await mkdir(cwd, { recursive: true })
    await writeFile(join(cwd, 'package.json'), '{ "private": true }')
    await rm(join(cwd, 'package-lock.json'), { force: true })
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...specsNow], {
      cwd,
    })
    await writeFile(done, stamp)
  }
  for (const file of await readdir(HERE)) {
    if (/\.[cm]js$/.test(file)) await cp(join(HERE, file), join(cwd, file))
  }
}

async function packed(): Promise<string> {
  await mkdir(FOLDER, { recursive: true })
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', FOLDER], {
    cwd: ROOT,
  })
  return join(FOLDER, stdout.trim().split('\n').at(-1)!)
}

/** Where the cells ask for sign-ins, faults and counts. */
async function startControl(server: OidcServer): Promise<Server> {
  const control = createServer((request, response) => {
    void (async () => {
      const [, what, grant] = (request.url ?? '').split('/')
      if (what === 'sign-in') {
        const answer = await server.signIn()
        return { answer, grant: server.grantOf(answer.refresh_token) }
      }
      if (what === 'cut') return server.faults.next({ kind: 'cut_after' }) ?? {}
      return server.counts(Number(grant))
    })().then((body) => response.end(JSON.stringify(body ?? {})))
  }).listen(0, '127.0.0.1')
  await once(control, 'listening')
  return control
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    package: { type: 'string' },
  },
})
const unknown = positionals.filter((name) => !Object.hasOwn(CELLS, name))
if (unknown.length > 0) {
  throw new TypeError(
    `no runtime: ${unknown.join(', ')}. There are ${Object.keys(CELLS).join(', ')}`,
  )
}
const wanted = Object.entries(CELLS).filter(([name, { isShort = false }]) => {
  return positionals.length > 0 ? positionals.includes(name) : !values.short || isShort
})

const tarball = values.package === undefined ? await packed() : resolve(values.package)
const stamp = `${basename(tarball)} ${(await readFile(tarball)).toString('base64').slice(-64)}`
await installed('consumer', ['fast-check'])

await using redis = await startRedis()
await using rest = await startRestShim(redis.port)
await using server = await startOidcServer()
const control = await startControl(server)
const given: Given = {
  control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
  issuer: server.issuer,
  clientId: server.clients.public.id,
  rest: { url: rest.url, token: rest.token },
  contract: !values.short,
}

const rows: string[][] = []
for (const [name, cell] of wanted) {
  const began = performance.now()
  const ran = await cell
    .run(given)
    .catch((error: unknown): Ran => ({ version: '', results: [{ name, why: String(error) }] }))
  const failed = ran.results.filter(({ why }) => why !== '')
  const seconds = `${((performance.now() - began) / 1_000).toFixed(1)} s`
  const verdict = failed.length === 0 ? 'ok    ' : 'FAILED'
  console.log(`${verdict} ${cell.label} ${ran.version}: ${ran.results.length} tried, ${seconds}`)
  for (const { name: promise, why } of failed) console.log(`  ${promise}: ${why}`)
  if (failed.length > 0 || ran.results.length === 0) process.exitCode = 1
  else {
    const date = new Date().toISOString().slice(0, 10)
    const names = ran.results.map((each) =>
      each.name.replace(/, .*/, '').replace('contract: ', 'store '),
    )
    rows.push([cell.label, ran.version, [...new Set(names)].join(', '), date])
  }
}
const { presentedTwice, reuses } = server.counts()
if (presentedTwice + reuses > 0) {
  console.log(`FAILED presented twice: ${presentedTwice}, reuses: ${reuses}`)
  process.exitCode = 1
}
control.close()
control.closeAllConnections()

if (values.write) {
  const path = join(ROOT, 'docs/runtimes.md')
  const text = await readFile(path, 'utf8')
  const BEGIN = '<!-- runtimes: written by `npm run runtimes -- --write` -->'
  await writeFile(
    path,
    between(
      text,
      BEGIN,
      table(['runtime', 'version', 'kept', 'date'], merged(text)),
      '<!-- /runtimes -->',
    ),
  )
}

/** The rows of docs/runtimes.md, with those that were run now in their places. */
function merged(text: string): string[][] {
  const before = text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return Object.values(CELLS).flatMap(({ label }) => {
    const row = [...rows, ...before].find(([name]) => name === label)
    return row === undefined ? [] : [row]
  })
}
