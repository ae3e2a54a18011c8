import { checkOptions, clock as aClock, random as aRandom } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { ownField, type Bytes } from '../core/text.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import { identityOf, storeErrors, watching } from './shared.ts'

/** What is asked of a namespace of Durable Objects. */
export interface DurableObjectNamespace<Id = unknown> {
  idFromName(name: string): Id
  get(id: Id): {
    fetch(
      url: string,
      init: { method: string; headers: Record<string, string>; body?: Bytes },
    ): Promise<{
      readonly status: number
      readonly headers: { get(name: string): string | null }
      arrayBuffer(): Promise<ArrayBuffer>
    }>
  }
}

/** What is asked of the state of a Durable Object. */
export interface DurableObjectState {
  readonly storage: {
    get(key: string): Promise<unknown>
    put(key: string, value: unknown): Promise<void>
    setAlarm(atMs: number): Promise<void>
    deleteAll(): Promise<void>
  }
}

export interface DurableObjectStoreOptions {
  /** For waiting only: the time is that of the object. */
  readonly clock?: Clock
  readonly random?: Random
}

const STORE = 'durable-object'

const OPTIONS: TableOf<DurableObjectStoreOptions> = { clock: aClock, random: aRandom }

const NO_ROW =
  'The object is none of LedgerRow: export { LedgerRow } from your worker, and bind the ' +
  'namespace to this class.'

const errorFrom = storeErrors(STORE, {
  codeOf: (error) => {
    const names = ['overloaded', 'retryable']
    return names.find((name) => ownField(Object(error) as object, name) === true)
  },
  hints: {
    overloaded: 'The Durable Object is overloaded.',
    retryable: 'The Durable Object was restarted.',
  },
  full: {},
  otherwise: () => 'The Durable Object failed, or cannot be reached.',
})

/**
 * Keeps each row in a Durable Object of Cloudflare of its own. All workers that are bound to the
 * namespace share them.
 *
 *     export { LedgerRow } from 'refresh-once/stores/durable-object'
 *     const store = durableObjectStore(env.LEDGER)
 *
 * @param namespace A binding to the class {@link LedgerRow}.
 * @throws {TypeError} For an object that is no namespace, or an option that is none.
 * @store Durable Objects
 * @for Cloudflare Workers
 * @sharedBy all workers that are bound to the namespace
 * @needs a namespace of Durable Objects
 */
export function durableObjectStore<Id>(
  namespace: DurableObjectNamespace<Id>,
  options: DurableObjectStoreOptions = {},
): Store {
  checkOptions('durableObjectStore', options, OPTIONS)
  if (typeof namespace?.idFromName !== 'function' || typeof namespace.get !== 'function') {
    throw new TypeError(
      'durableObjectStore() takes a namespace of Durable Objects: write ' +
        'durableObjectStore(env.LEDGER)',
    )
  }

  async function call(
    key: string,
    method: 'GET' | 'PUT',
    headers: Record<string, string> = {},
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<StoredRow & { readonly swapped: boolean }> {
    try {
      const stub = namespace.get(namespace.idFromName(key))
      const init = { method, headers, ...(body && { body }) }
      const response = await stub.fetch('https://ledger.invalid/row', init)
      const bytes = new Uint8Array(await response.arrayBuffer())
      const numberOf = (name: string): number => Number(response.headers.get(`row-${name}`) ?? NaN)
      const version = numberOf('version')
      if (response.status !== 200 || Number.isNaN(version)) {
        throw new RefreshError('store_unavailable', { store: STORE, hint: NO_ROW })
      }
      return {
        ...(version > 0 && { value: bytes }),
        version,
        writtenAtMs: numberOf('written-at-ms'),
        nowMs: numberOf('now-ms'),
        swapped: response.headers.get('row-swapped') === 'true',
      }
    } catch (error) {
      throw errorFrom(error)
    }
  }

  async function read(key: string): Promise<StoredRow> {
    const { swapped: _, ...stored } = await call(key, 'GET')
    return stored
  }

  return {
    name: STORE,
    id: `${STORE} ${identityOf(namespace)}`,
    read,
    swap: (key, expected, value, ttlMs) =>
      call(
        key,
        'PUT',
        { 'row-expected': `${expected}`, 'row-ttl-ms': `${Math.ceil(ttlMs)}` },
        new Uint8Array(value),
      ),
    changed: watching(read, options),
  }
}

interface Kept {
  readonly value: Uint8Array
  readonly version: number
  readonly writtenAtMs: number
  readonly expiresAtMs: number
}

const ROW = 'row'

/**
 * The Durable Object that holds one row. It deletes what it holds when the time of the row is over.
 *
 * While it waits for its storage, no other request comes in, and no answer leaves before what it
 * wrote is kept: so a swap is atomic, and durable when the caller hears of it.
 *
 * @see https://developers.cloudflare.com/durable-objects/reference/in-memory-state/
 */
export class LedgerRow {
  readonly #storage: DurableObjectState['storage']

  constructor(state: DurableObjectState) {
    this.#storage = state.storage
  }

  async fetch(request: Request): Promise<Response> {
    // All of the body first: another request may come in while it arrives.
    const value = new Uint8Array(await request.arrayBuffer())
    const [row, nowMs] = this.#standing((await this.#storage.get(ROW)) as Kept | undefined)
    if (request.method !== 'PUT') return answer(row, nowMs, false)
    const expected = Number(request.headers.get('row-expected') ?? NaN)
    const ttlMs = Number(request.headers.get('row-ttl-ms') ?? NaN)
    if ((row?.version ?? 0) !== expected || !(ttlMs > 0)) return answer(row, nowMs, false)
    const version = expected + 1
    const next: Kept = { value, version, writtenAtMs: nowMs, expiresAtMs: nowMs + ttlMs }
    await Promise.all([this.#storage.put(ROW, next), this.#storage.setAlarm(next.expiresAtMs)])
    return answer(next, nowMs, true)
  }

  async alarm(): Promise<void> {
    const kept = (await this.#storage.get(ROW)) as Kept | undefined
    const [row] = this.#standing(kept)
    // An alarm may come early.
    await (row ? this.#storage.setAlarm(row.expiresAtMs) : this.#storage.deleteAll())
  }

  /** The row, if its time is not over, and the time, which is never before it was written. */
  #standing(kept: Kept | undefined): readonly [Kept | undefined, number] {
    const nowMs = Math.max(systemClock.now(), kept?.writtenAtMs ?? 0)
    return [kept && nowMs < kept.expiresAtMs ? kept : undefined, nowMs]
  }
}

function answer(row: Kept | undefined, nowMs: number, swapped: boolean): Response {
  const headers = {
    'row-version': `${row?.version ?? 0}`,
    'row-written-at-ms': `${row?.writtenAtMs ?? 0}`,
    'row-now-ms': `${nowMs}`,
    'row-swapped': `${swapped}`,
  }
  return new Response(row ? new Uint8Array(row.value) : null, { headers })
}
