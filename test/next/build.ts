/**
 * Builds an example as a stranger would who installed the package, with what the tests change in
 * it: once for all test files, in `.build/next/<name>/app`.
 *
 *     npx tsx test/next/build.ts app
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { repository } from '../tidy/repository.ts'
import { app as router } from './apps/app.ts'
import { edge } from './apps/edge.ts'
import { pages } from './apps/pages.ts'
import { starter } from './apps/starter.ts'
import { edited, type Recipe } from './edits.ts'

const RECIPES: Readonly<Record<string, Recipe>> = { app: router, pages, edge, starter }
const name = process.argv[2] ?? ''
const recipe = RECIPES[name]
if (!recipe) throw new Error(`build one of: ${Object.keys(RECIPES).join(', ')}`)

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, '.build/next', name)
const app = join(folder, 'app')
const run = promisify(execFile)
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '1' }

const { paths, read } = repository()
const shipped = [...paths].filter((path) => /^(?:src|machines|providers)\//.test(path))
const guide = 'test/integrations/auth-js/guide.ts'

const sources = files(recipe)
const manifest = JSON.stringify(installed(recipe), undefined, 2)

await mkdir(app, { recursive: true })
if (recipe.isDev) await restore()
const shippedDigest = digestOf([...shipped, 'package.json'].map((path) => [path, read(path)]))
const whole = digestOf([['shipped', shippedDigest], ['manifest', manifest], ...sources])
await once('built', whole, async () => {
  await restore()
  await once('installed', digestOf([['manifest', manifest]]), install)
  await pack()
  if (!recipe.isDev) await build()
})

/** Makes the folder what it was, but for what is installed there. */
async function restore(): Promise<void> {
  for (const each of await readdir(app)) {
    const isInstalled = each === 'node_modules' || each === 'package.json'
    if (!isInstalled) await rm(join(app, each), { recursive: true })
  }
  for (const [path, text] of sources) await write(path, text)
}

async function install(): Promise<void> {
  await write('package.json', manifest)
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: app, env })
}

async function build(): Promise<void> {
  await run('node', ['node_modules/next/dist/bin/next', 'build'], { cwd: app, env }).catch(
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`next build: ${error.stdout}${error.stderr}`)
    },
  )
}

/** The example, edited. */
function files({ example, edits, files, copies = {}, takes }: Recipe): [string, string][] {
  const copied = [...paths]
    .filter((path) => path.startsWith(example))
    .map((path): [string, string] => [path.slice(example.length), read(path)])
    .filter(([path]) => path !== 'package.json' && takes?.(path) !== false)
  const taken = Object.entries({ 'guide.ts': guide, ...copies })
  const others = taken.map(([path, from]): [string, string] => [path, read(from)])
  return [...edited(copied, edits), ...others, ...Object.entries(files)]
}

/** What it depends on, with what the package depends on in the package's place. */
function installed({ example, packages }: Recipe): object {
  const ours = JSON.parse(read('package.json')) as { dependencies: object }
  const theirs = JSON.parse(read(`${example}package.json`)) as { dependencies: object }
  const { 'refresh-once': _, ...others } = theirs.dependencies as Record<string, string>
  return { ...theirs, dependencies: { ...ours.dependencies, ...others, ...packages } }
}

/** Puts the package, as it would be packed, among those that npm installed. */
async function pack(): Promise<void> {
  const dist = join(folder, 'dist')
  await rm(dist, { recursive: true, force: true })
  await run('npx', ['tsc', '-p', 'tsconfig.build.json', '--noCheck', '--outDir', dist], {
    cwd: root,
  })
  const target = join(app, 'node_modules/refresh-once')
  await rm(target, { recursive: true, force: true })
  await cp(dist, join(target, 'dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(target, 'package.json'))
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(app, path, '..'), { recursive: true })
  await writeFile(join(app, path), text)
}

/** Does something unless it was done for the same digest. */
async function once(what: string, digest: string, work: () => Promise<void>): Promise<void> {
  const mark = join(folder, what)
  if ((await readFile(mark, 'utf8').catch(() => '')) === digest) return
  await rm(mark, { force: true })
  await work()
  await writeFile(mark, digest)
}

function digestOf(texts: readonly (readonly [string, string])[]): string {
  const hash = createHash('sha256')
  for (const [path, text] of texts) hash.update(path).update('\0').update(text).update('\0')
  return hash.digest('hex')
}
