/**
 * Builds the example as a stranger would who installed the package, with what the tests add to it:
 * once for all test files, in `.build/next/app`.
 *
 *     npx tsx test/next/build.ts
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { repository } from '../tidy/repository.ts'
import { edited, ROUTES } from './edits.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLE = 'docs/examples/nextjs/'
const folder = join(root, '.build/next')
const app = join(folder, 'app')
const run = promisify(execFile)
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '1' }

const { paths, read } = repository()
const shipped = [...paths].filter((path) => /^(?:src|machines|providers)\//.test(path))
const example = [...paths].filter((path) => path.startsWith(EXAMPLE))
const own = ['test/next/build.ts', 'test/next/edits.ts', 'test/integrations/auth-js/guide.ts']

await mkdir(app, { recursive: true })
await once('built', digestOf([...shipped, ...example, ...own, 'package.json']), async () => {
  const manifest = JSON.stringify(installed(), undefined, 2)
  await rm(join(app, '.next'), { recursive: true, force: true })
  for (const [path, text] of files()) await write(path, text)
  await once('installed', createHash('sha256').update(manifest).digest('hex'), async () => {
    await write('package.json', manifest)
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: app, env })
  })
  await pack()
  await run('node', ['node_modules/next/dist/bin/next', 'build'], { cwd: app, env }).catch(
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`next build: ${error.stdout}${error.stderr}`)
    },
  )
})

/** The example, edited. */
function files(): [string, string][] {
  const copied = example
    .filter((path) => !path.endsWith('package.json'))
    .map((path): [string, string] => [path.slice(EXAMPLE.length), read(path)])
  const guide = read('test/integrations/auth-js/guide.ts')
  return [...edited(copied), ...Object.entries(ROUTES), ['guide.ts', guide]]
}

/** What it depends on, with what the package depends on in the package's place. */
function installed(): object {
  const ours = JSON.parse(read('package.json')) as { dependencies: object }
  const theirs = JSON.parse(read(`${EXAMPLE}package.json`)) as { dependencies: object }
  const { 'refresh-once': _, ...others } = theirs.dependencies as Record<string, string>
  return { ...theirs, dependencies: { ...ours.dependencies, ...others } }
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
async function once(name: string, digest: string, work: () => Promise<void>): Promise<void> {
  const mark = join(folder, name)
  if ((await readFile(mark, 'utf8').catch(() => '')) === digest) return
  await rm(mark, { force: true })
  await work()
  await writeFile(mark, digest)
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of files.toSorted()) hash.update(path).update('\0').update(read(path))
  return hash.digest('hex')
}
