import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { node24 } from './node24.ts'
import { onDemand } from './on-demand.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Workerd extends AsyncDisposable {
  /** The version of workerd, a date. */
  readonly version: string
  /** Where the worker is asked. */
  readonly url: string
  stop(): Promise<void>
}

/** Miniflare needs a newer Node than the oldest that is supported: it runs beside the tests. */
const RUNNER = `
import { createRequire } from 'node:module'
const [packages, options] = process.argv.slice(2)
const { Miniflare } = createRequire(packages)('miniflare')
const server = new Miniflare(JSON.parse(options))
console.log(String(await server.ready))
process.stdin.resume().on('end', () => server.dispose().then(() => process.exit()))
`

/**
 * Runs a worker in workerd, the runtime of Cloudflare, with a D1 database `DB` and a namespace of
 * Durable Objects `LEDGER`.
 *
 * @param entry A file, in this repository if it is relative, that exports `worker`. Bundled first.
 * @param directory Where its data is kept.
 */
export async function startWorkerd(entry: string, directory: string): Promise<Workerd> {
  const packages = await onDemand('miniflare', ['miniflare@4.20260730.0'])
  const script = join(directory, 'worker.mjs')
  const file = resolve(ROOT, entry)
  await build({
    // A worker is a default export, which nothing here has.
    stdin: {
      contents: `export * from '${file}'\nexport { worker as default } from '${file}'`,
      resolveDir: dirname(file),
    },
    outfile: script,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    // Of parts of the package that no worker uses: they are left out after they were found.
    external: ['node:*'],
    logLevel: 'error',
  })
  const runner = join(directory, 'runner.mjs')
  await writeFile(runner, RUNNER)
  const options = {
    modules: true,
    modulesRoot: directory,
    scriptPath: script,
    compatibilityDate: '2026-04-01',
    d1Databases: ['DB'],
    durableObjects: { LEDGER: { className: 'LedgerRow', useSQLite: true } },
    defaultPersistRoot: join(directory, 'data'),
    d1Persist: join(directory, 'd1'),
    durableObjectsPersist: join(directory, 'objects'),
  }
  const child = spawn(await node24(), [runner, packages, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
  const url = await Promise.race([first.then(([line]) => line), ended.then(() => undefined)])
  if (url === undefined) throw new Error('miniflare ended before it was ready')
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  const manifest = await readFile(join(packages, 'workerd/package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return { url, version, stop, [Symbol.asyncDispose]: stop }
}
