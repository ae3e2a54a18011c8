/** A worker that tries its stores, one sentence of the contract after the other. */
import { sleep, systemClock } from '../../../src/core/clock.ts'
import { d1Store, type D1Database } from '../../../src/stores/d1.ts'
import {
  durableObjectStore,
  type DurableObjectNamespace,
} from '../../../src/stores/durable-object.ts'
import { storeContract, type Contender } from '../../../src/testing/store-contract.ts'

export { LedgerRow } from '../../../src/stores/durable-object.ts'

interface Env {
  readonly DB: D1Database
  readonly LEDGER: DurableObjectNamespace
}

const HOUR_MS = 3_600_000

async function tried(make: () => Contender | Promise<Contender>): Promise<Response> {
  const tests: [string, () => Promise<void>][] = []
  storeContract('', make, {
    describe: (_, body) => body(),
    it: (sentence, body) => void tests.push([sentence, body]),
  })
  // One after the other: D1 has one queue, and a row of two seconds must not wait in it.
  const results: { sentence: string; why: string }[] = []
  for (const [sentence, body] of tests) {
    results.push({ sentence, why: await body().then(() => '', String) })
  }
  return Response.json(results)
}

const DOORS: Readonly<Record<string, (env: Env) => Promise<Response>>> = {
  '/d1': ({ DB }) =>
    tried(async () => {
      const table = `rows_${crypto.randomUUID().replaceAll('-', '')}`
      const [store, twin] = [1, 2].map(() => d1Store(DB, { table }))
      await Promise.all([store!.migrate(), twin!.migrate()])
      return { store: store!, twin: twin! }
    }),
  '/durable-object': ({ LEDGER }) =>
    tried(() => {
      const prefix = crypto.randomUUID()
      const namespace: DurableObjectNamespace = {
        idFromName: (name) => LEDGER.idFromName(prefix + name),
        get: (id) => LEDGER.get(id),
      }
      return { store: durableObjectStore(namespace), twin: durableObjectStore(namespace) }
    }),
  '/write': async ({ DB, LEDGER }) => {
    const d1 = d1Store(DB)
    await d1.migrate()
    const value = Uint8Array.of(1)
    const swaps = [d1, durableObjectStore(LEDGER)].map((store) =>
      store.swap('a', 0, value, HOUR_MS),
    )
    return Response.json(await Promise.all(swaps))
  },
  '/read': async ({ DB, LEDGER }) => {
    const stores = [d1Store(DB), durableObjectStore(LEDGER)]
    return Response.json(await Promise.all(stores.map((store) => store.read('a'))))
  },
  /** A row whose time is over, long after which its alarm rings. */
  '/short': async ({ LEDGER }) => {
    const store = durableObjectStore(LEDGER)
    await store.swap('short', 0, Uint8Array.of(1), 50)
    await sleep(systemClock, 1_500)
    return Response.json(await store.read('short'))
  },
  '/wrong': async ({ DB, LEDGER }) => {
    const stores = [
      d1Store(DB, { table: 'absent' }),
      durableObjectStore({
        ...LEDGER,
        idFromName: (name) => name,
        get: () => ({ fetch: async () => new Response('not found', { status: 404 }) }),
      }),
    ]
    const errors = stores.map((store) => store.read('a').then(() => '', String))
    return Response.json(await Promise.all(errors))
  },
}

export const worker = {
  fetch(request: Request, env: Env): Promise<Response> {
    return DOORS[new URL(request.url).pathname]!(env)
  },
}
