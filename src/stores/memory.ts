import { quietly } from '../core/user-code.ts'
import { checkOptions, clock as aClock, count, func, or, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { startOfDay, systemClock, timeOfDay, type Clock, type TimeOfDay } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { hostModule } from '../core/host.ts'
import { EXPENDABLE_MS, type Store, type StoredRow } from '../ledger/store.ts'
import { warnOnce } from './shared.ts'

export interface MemoryStoreOptions {
  /** Stores of one name share their rows. Default `'default'`. */
  readonly name?: string
  /** From how many rows on the store takes no new ones. Default 1,000,000: see docs/scale.md. */
  readonly rowsMax?: number
  /**
   * Told once, where the environment shows that several processes may serve one application.
   * Default: `process.emitWarning`.
   */
  readonly onWarning?: (message: string) => void
  readonly clock?: Clock
}

interface MemoryRow {
  readonly value: Uint8Array
  readonly version: number
  readonly writtenAtMs: number
  readonly ttlMs: number
  /** On a clock that counts no sleep: a wall clock that is set forward must not end a claim. */
  readonly endsAtMs: number
}

/** What copies of this module share: plain data, because they may be of different versions. */
interface MemoryRows {
  readonly rows: Map<string, MemoryRow>
  /** Keys by time to live, each in order of writing: the first of them goes first. */
  readonly byTtl: Map<number, Set<string>>
  readonly waiting: Map<string, Set<() => void>>
  readonly day: TimeOfDay
}

const SHARED = Symbol.for('refresh-once/memory-store/2')

/**
 * Keeps rows in this process's memory: for one process, until it ends.
 *
 * All copies of this module share the rows, since Next.js builds the same module several times.
 * When the store is full, it first drops rows of tokens that were refused at once, then refuses new
 * ones. It never forgets another row before its time.
 *
 * @throws {TypeError} On an edge runtime, where the next request may meet another memory.
 * @store Memory
 * @for one process: development, tests, a single server
 * @sharedBy copies of the module
 * @needs nothing
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions('memoryStore', options, OPTIONS)
  const {
    name = 'default',
    rowsMax = 1_000_000,
    onWarning = warnOnce,
    clock = systemClock,
  } = options
  if (typeof (globalThis as { EdgeRuntime?: unknown }).EdgeRuntime === 'string') {
    throw new TypeError(
      'memoryStore() cannot work on an edge runtime, which keeps a memory per isolate: ' +
        "pass a shared store (httpStore(), redisStore() over HTTP), or set runtime: 'nodejs'.",
    )
  }
  const sign = signOfSeveral()
  if (sign !== undefined) {
    const warning =
      `refresh-once: memoryStore() is for one process, and ${sign} shows that several may run. ` +
      'Each has a ledger of its own then, and two of them present the same refresh token: the ' +
      'authorization server may end the grant. Pass a shared store (redisStore(), ' +
      'postgresStore(); for one host, fileStore() or sqliteStore()).'
    quietly(() => onWarning(warning))
  }
  const shared = sharedBy(name, clock)
  const { rows, waiting, day } = shared
  const now = (): number => Math.floor(timeOfDay(clock, day))

  const standing = (key: string, nowMs: number): StoredRow => {
    const row = rows.get(key)
    if (row === undefined || isOver(row, shared)) return { version: 0, writtenAtMs: 0, nowMs }
    const { value, version, writtenAtMs } = row
    return { value: value.slice(), version, writtenAtMs, nowMs }
  }

  return {
    name: 'memory',
    id: `memory ${name}`,
    isAlone: sign === undefined,
    async read(key) {
      return standing(key, now())
    },
    async swap(key, expected, value, ttlMs) {
      const nowMs = now()
      sweep(shared)
      const row = rows.get(key)
      if ((row?.version ?? 0) !== expected) return { ...standing(key, nowMs), swapped: false }
      if (row === undefined && rows.size >= rowsMax && !makesRoom(shared)) {
        throw new RefreshError('store_full', { store: 'memory' })
      }
      write(shared, key, {
        value: new Uint8Array(value),
        version: expected + 1,
        writtenAtMs: nowMs,
        endsAtMs: nowMs - day.sleptMs + ttlMs,
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

const OPTIONS: TableOf<MemoryStoreOptions> = {
  name: text(),
  rowsMax: or(count, 'Infinity', (value) => value === Infinity),
  onWarning: func,
  clock: aClock,
}

function sharedBy(name: string, clock: Clock): MemoryRows {
  const holder = globalThis as { [SHARED]?: Map<string, MemoryRows> }
  const stores = (holder[SHARED] ??= new Map())
  const shared = stores.get(name) ?? {
    rows: new Map(),
    byTtl: new Map(),
    waiting: new Map(),
    day: startOfDay(clock),
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
function sweep(shared: MemoryRows): void {
  const { rows, byTtl } = shared
  for (const [ttlMs, keys] of byTtl) {
    for (const key of keys) {
      if (!isOver(rows.get(key)!, shared)) break
      keys.delete(key)
      rows.delete(key)
    }
    if (keys.size === 0) byTtl.delete(ttlMs)
  }
}

function isOver({ endsAtMs }: MemoryRow, { day }: MemoryRows): boolean {
  return Math.floor(day.latestMs) - day.sleptMs >= endsAtMs
}

/** Drops the oldest row of a token that was refused at once. Whether there was one. */
function makesRoom({ rows, byTtl }: MemoryRows): boolean {
  const keys = byTtl.get(EXPENDABLE_MS) ?? new Set()
  for (const key of keys) {
    keys.delete(key)
    return rows.delete(key)
  }
  return false
}

/** Variables that are set where a platform runs as many instances as it likes. */
const PLATFORMS: Readonly<Record<string, string>> = {
  VERCEL: 'Vercel',
  AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda',
  NETLIFY: 'Netlify',
  K_SERVICE: 'Cloud Run',
  FUNCTION_TARGET: 'Cloud Functions',
  KUBERNETES_SERVICE_HOST: 'Kubernetes',
  NODE_UNIQUE_ID: 'node:cluster',
  NEXT_PRIVATE_RENDER_WORKER: 'a worker of Next.js',
  __NEXT_PRIVATE_RENDER_WORKER: 'a worker of Next.js',
}

/**
 * What in the environment shows that several processes may serve this application.
 *
 * @returns `undefined` while a build runs as well, and in development on a platform's own server.
 */
function signOfSeveral(): string | undefined {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  const env = process?.env ?? {}
  if (env['NEXT_PHASE'] === 'phase-production-build' || env['VERCEL_ENV'] === 'development') {
    return undefined
  }
  const name = Object.keys(PLATFORMS).find((each) => env[each])
  if (name !== undefined) return PLATFORMS[name]
  if (Number(env['WEB_CONCURRENCY']) > 1) return 'WEB_CONCURRENCY'
  // PM2 hands its settings to each process; "max" is no number.
  const isPm2 = env['pm_id'] !== undefined || env['NODE_APP_INSTANCE'] !== undefined
  const isSingle = env['exec_mode'] === 'fork_mode' && Number(env['instances'] ?? 1) <= 1
  if (isPm2 && !isSingle) return 'PM2'
  // Node takes the variable by which it tells its workers out of their environment.
  return hostModule('node:cluster')?.isWorker ? PLATFORMS['NODE_UNIQUE_ID'] : undefined
}
