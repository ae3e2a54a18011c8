/**
 * `npm run bench`: every budget, beside a peer in the same run. `npm run bench -- herd` runs the
 * parts named only.
 *
 * Nothing here is asserted: a machine that is busy misses what an idle one keeps.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import { serve } from './authorization-server.ts'
import { HEADER, line, type Figure } from './figures.ts'

/** Imported when their turn comes: an authorization server wants none of them. */
const PARTS: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  fresh: async () => (await import('./fresh-path.ts')).freshPath(),
  herd: async () => (await import('./herd.ts')).herd(),
  throughput: async () => (await import('./throughput.ts')).throughput(),
  waiters: async () => (await import('./waiters.ts')).waiters(),
  stores: async () => (await import('./stores.ts')).stores(),
  weights: async () => (await import('./weights.ts')).weights(),
  inspect: async () => (await import('./inspect.ts')).inspect(),
  breakdown: async () => (await import('./breakdown.ts')).breakdown(),
  size: async () => (await import('./size.ts')).size(),
  broker: async () => (await import('./broker.ts')).broker(),
  cold: async () => (await import('./cold-import.ts')).coldImport(),
}

async function bench(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name))
  if (unknown.length > 0) throw new TypeError(`No such part: ${unknown.join(', ')}`)
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model} (${arch()})\n`)
  const all: Record<string, readonly Figure[]> = {}
  for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
    all[name] = await PARTS[name]!()
    console.log([`## ${name}`, '', HEADER, ...all[name].map(line), ''].join('\n'))
  }
  mkdirSync('.build', { recursive: true })
  writeFileSync('.build/bench.json', JSON.stringify(all, undefined, 2))
}

// The loader of this TypeScript turns them on, and every error of `fetch` pays for them.
process.setSourceMapsEnabled(false)

/** What processes of ours do that are not measured, or are measured with others. */
const ROLES: Readonly<Record<string, (manner: string) => Promise<void>>> = {
  'authorization-server': (manner) => serve(JSON.parse(manner) as Parameters<typeof serve>[0]),
  waiter: async (manner) => (await import('./waiter.ts')).wait(manner),
}

const [role = '', manner = ''] = process.argv.slice(2)
await (Object.hasOwn(ROLES, role) ? ROLES[role]!(manner) : bench(process.argv.slice(2)))
