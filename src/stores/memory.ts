import { systemClock, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import type { Store, StoredRow } from '../ledger/store.ts'

export interface MemoryStoreOptions {
  /** Stores of one name share their rows. Default `'default'`. */
  readonly name?: string
  /** At how many rows the store takes no new ones. Default 100,000. A refresh leaves two. */
  readonly rowsMax?: number
  readonly clock?: Clock
}

interface MemoryRow {
  readonly value: Uint8Array
  readonly version: number
  readonly writtenAtMs: number
  readonly ttlMs: number
}

/** What copies of this module share: plain data, because they may be of different versions. */
interface MemoryRows {
  readonly rows: Map<string, MemoryRow>
  /** Keys by time to live, each in order of writing: the first of them goes first. */
  readonly byTtl: Map<number, Set<string>>
  readonly waiting: Map<string, Set<() => void>>
  /** Added to a monotonic clock, makes it tell the time of day, and never run backwards. */
  readonly originMs: number
}

const SHARED = Symbol.for('refresh-once/memory-store/1')

/**
 * Keeps rows in this process's memory: for one process, until it ends.
 *
 * All copies of this module share the rows, since Next.js builds the same module several times. The
 * store never forgets a row before its time; when it is full, it refuses new ones.
 *
 * @throws {TypeError} On an edge runtime, where the next request may meet another memory.
 * @store Memory
 * @for one process: development, tests, a single server
 * @sharedBy copies of the module
 * @needs nothing
 */
export function memoryStore({
  name = 'default',
  rowsMax = 100_000,
  clock = systemClock,
}: MemoryStoreOptions = {}): Store {
  if (typeof (globalThis as { EdgeRuntime?: unknown }).EdgeRuntime === 'string') {
    throw new TypeError(
      'memoryStore() cannot work on an edge runtime, which keeps a memory per isolate: ' +
        "pass a shared store (httpStore(), redisStore() over HTTP), or set runtime: 'nodejs'.",
    )
  }
  const shared = sharedBy(name, clock)
  const { rows, waiting, originMs } = shared
  const now = (): number => Math.floor(originMs + clock.monotonic())

  const standing = (key: string, nowMs: number): StoredRow => {
    const row = rows.get(key)
    if (row === undefined || isOver(row, nowMs)) return { version: 0, writtenAtMs: 0, nowMs }
    const { value, version, writtenAtMs } = row
    return { value: value.slice(), version, writtenAtMs, nowMs }
  }

  return {
    name: 'memory',
    id: `memory ${name}`,
    async read(key) {
      return standing(key, now())
    },
    async swap(key, expected, value, ttlMs) {
      const nowMs = now()
      sweep(shared, nowMs)
      const row = rows.get(key)
      if ((row?.version ?? 0) !== expected) return { ...standing(key, nowMs), swapped: false }
      if (row === undefined && rows.size >= rowsMax) {
        throw new RefreshError('store_full', { store: 'memory' })
      }
      write(shared, key, {
        value: new Uint8Array(value),
        version: expected + 1,
        writtenAtMs: nowMs,
        ttlMs,
      })
      for (const wake of waiting.get(key) ?? []) wake()
      return { value, version: expected + 1, writtenAtMs: nowMs, nowMs, swapped: true }
    },
    changed(key, version, signal) {
      return new Promise((resolve) => {
        if (signal.aborted || standing(key, now()).version !== version) return resolve()
        const waiters = waiting.get(key) ?? new Set()
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          waiters.delete(wake)
          if (waiters.size === 0) waiting.delete(key)
          resolve()
        }
        waiting.set(key, waiters.add(wake))
        signal.addEventListener('abort', wake)
      })
    },
  }
}

function sharedBy(name: string, clock: Clock): MemoryRows {
  const holder = globalThis as { [SHARED]?: Map<string, MemoryRows> }
  const stores = (holder[SHARED] ??= new Map())
  const shared = stores.get(name) ?? {
    rows: new Map(),
    byTtl: new Map(),
    waiting: new Map(),
    originMs: clock.now() - clock.monotonic(),
  }
  stores.set(name, shared)
  return shared
}

function write({ rows, byTtl }: MemoryRows, key: string, row: MemoryRow): void {
  const before = rows.get(key)
  if (before !== undefined) byTtl.get(before.ttlMs)!.delete(key)
  rows.set(key, row)
  const keys = byTtl.get(row.ttlMs) ?? new Set()
  byTtl.set(row.ttlMs, keys.add(key))
}

/** Takes rows away whose time is over: each is looked at once, and one of each time to live. */
function sweep({ rows, byTtl }: MemoryRows, nowMs: number): void {
  for (const [ttlMs, keys] of byTtl) {
    for (const key of keys) {
      if (!isOver(rows.get(key)!, nowMs)) break
      keys.delete(key)
      rows.delete(key)
    }
    if (keys.size === 0) byTtl.delete(ttlMs)
  }
}

function isOver({ writtenAtMs, ttlMs }: MemoryRow, nowMs: number): boolean {
  return nowMs >= writtenAtMs + ttlMs
}
