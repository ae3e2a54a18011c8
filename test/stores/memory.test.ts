import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { Store } from '../../src/ledger/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { manualClock } from '../ledger/manual-clock.ts'

let names = 0
const fresh = (): string => `test ${(names += 1)}`
const value = Uint8Array.of(1)

storeContract(
  'memoryStore',
  () => {
    const clock = manualClock()
    const name = fresh()
    return {
      store: memoryStore({ name, clock }),
      twin: memoryStore({ name, clock }),
      pass: clock.advance,
    }
  },
  { describe, it },
)

describe('memoryStore', () => {
  afterEach(() => vi.resetModules())

  it('shares its rows with other copies of the module', async () => {
    const name = fresh()
    await memoryStore({ name }).swap('a', 0, value, 1_000)
    vi.resetModules()
    const copy = await import('../../src/stores/memory.ts')

    const found = await copy.memoryStore({ name }).read('a')

    expect(copy.memoryStore).not.toBe(memoryStore)
    expect(found).toMatchObject({ value, version: 1 })
  })

  it('wakes who waits in another copy of the module', async () => {
    const name = fresh()
    const woken = memoryStore({ name }).changed('a', 0, new AbortController().signal)
    vi.resetModules()
    const copy = await import('../../src/stores/memory.ts')

    await copy.memoryStore({ name }).swap('a', 0, value, 1_000)

    await expect(woken).resolves.toBeUndefined()
  })

  it('keeps stores of different names apart', async () => {
    await memoryStore({ name: fresh() }).swap('a', 0, value, 1_000)

    expect(await memoryStore({ name: fresh() }).read('a')).toMatchObject({ version: 0 })
  })

  it('refuses new rows when it is full, and still takes new versions of old ones', async () => {
    const store = memoryStore({ name: fresh(), rowsMax: 2, clock: manualClock() })
    await store.swap('a', 0, value, 1_000)
    await store.swap('b', 0, value, 1_000)

    const third = store.swap('c', 0, value, 1_000)

    await expect(third).rejects.toMatchObject({ code: 'store_full', store: 'memory' })
    expect(await store.swap('a', 1, value, 1_000)).toMatchObject({ swapped: true })
    expect(await store.read('b')).toMatchObject({ version: 1 })
    expect(await store.read('c')).toMatchObject({ version: 0 })
  })

  it('makes room of every row whose time is over, whatever was written in between', async () => {
    const clock = manualClock()
    const store = memoryStore({ name: fresh(), rowsMax: 4, clock })
    await store.swap('renewed', 0, value, 1_000)
    await store.swap('long', 0, value, 9_000)
    await store.swap('short', 0, value, 1_000)
    await store.swap('shorter', 0, value, 500)
    clock.advance(600)
    await store.swap('renewed', 1, value, 1_000)
    await store.swap('d', 0, value, 9_000)
    clock.advance(500)

    expect(await store.swap('e', 0, value, 9_000)).toMatchObject({ swapped: true })
    await expect(store.swap('f', 0, value, 9_000)).rejects.toMatchObject({ code: 'store_full' })
    expect(await store.read('renewed')).toMatchObject({ version: 2 })
    expect(await store.read('long')).toMatchObject({ version: 1 })
  })

  it('looks at no more than a few rows for each that is written', async () => {
    const clock = manualClock()
    const name = fresh()
    const store = memoryStore({ name, rowsMax: 1_000, clock })
    for (let i = 0; i < 1_000; i += 1) await store.swap(`${i}`, 0, value, 10_000)
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/2'))
    const get = vi.spyOn(shared.get(name).rows as Map<string, unknown>, 'get')

    await expect(store.swap('more', 0, value, 10_000)).rejects.toThrow()

    expect(get.mock.calls.length).toBeLessThan(5)
  })

  it('keeps nothing of rows whose time is over once another is written', async () => {
    const clock = manualClock()
    const name = fresh()
    const store = memoryStore({ name, clock })
    for (let i = 1; i <= 9; i += 1) await store.swap(`${i}`, 0, value, i)
    clock.advance(10)
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/2'))

    await store.swap('next', 0, value, 1_000)

    expect(shared.get(name).rows.size).toBe(1)
    expect(shared.get(name).byTtl.size).toBe(1)
  })

  it('leaves no listener behind', async () => {
    const name = fresh()
    const store = memoryStore({ name, clock: manualClock() })
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/2'))
    const aborting = new AbortController()

    const waits = [store.changed('a', 0, signal), store.changed('a', 0, aborting.signal)]
    expect(shared.get(name).waiting.get('a').size).toBe(2)
    aborting.abort()
    expect(shared.get(name).waiting.get('a').size).toBe(1)
    await store.swap('a', 0, value, 1_000)
    await Promise.all(waits)

    expect(shared.get(name).waiting.size).toBe(0)
    expect(removed.mock.calls).toEqual(added.mock.calls)
  })

  it('tells a time that does not run backwards when the wall clock does', async () => {
    const clock = manualClock()
    let offMs = 0
    const jumping = { ...clock, now: () => clock.now() + offMs }
    const store = memoryStore({ name: fresh(), clock: jumping })
    await store.swap('a', 0, value, 60_000)
    offMs = -3_600_000
    clock.advance(61_000)

    expect(await store.read('a')).toMatchObject({ version: 0, nowMs: clock.now() })
  })

  it('cannot be made on an edge runtime, and says what to use', () => {
    vi.stubGlobal('EdgeRuntime', 'edge-runtime')

    expect(() => memoryStore()).toThrow(TypeError)
    expect(() => memoryStore()).toThrow(/shared store/)
  })
})

const run = promisify(execFile)

function refuse(): never {
  throw new Error('the function of the application')
}

describe('memoryStore where several processes may run', () => {
  const SIGNS = [
    'VERCEL',
    'AWS_LAMBDA_FUNCTION_NAME',
    'NETLIFY',
    'K_SERVICE',
    'KUBERNETES_SERVICE_HOST',
    'NODE_UNIQUE_ID',
    'NEXT_PRIVATE_RENDER_WORKER',
    'WEB_CONCURRENCY',
    'pm_id',
    'NODE_APP_INSTANCE',
  ]
  /** What it warns of in an environment. */
  function warnings(env: Readonly<Record<string, string>>): string[] {
    for (const name of [...SIGNS, 'exec_mode', 'instances']) vi.stubEnv(name, undefined)
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const told: string[] = []
    memoryStore({ name: 'warns', onWarning: (message) => told.push(message) })
    return told
  }

  it.each(SIGNS)('says that it is for one process: %s', (name) => {
    const [message] = warnings({ [name]: '2' })

    expect(message).toMatch(/^refresh-once: memoryStore\(\) is for one process, and .+ shows/)
    expect(message).toContain('redisStore()')
  })

  it('says so in a worker of node:cluster', async () => {
    const file = fileURLToPath(new URL('memory-in-cluster.ts', import.meta.url))

    const { stdout } = await run(process.execPath, ['--import', 'tsx', file])

    expect(stdout).toContain('and node:cluster shows')
  }, 60_000)

  it.each([
    ['throws', () => refuse()],
    ['rejects', async () => refuse()],
  ])('works where onWarning %s', async (_, onWarning) => {
    vi.stubEnv('VERCEL', '1')

    const options = { name: 'warned', onWarning }
    const store = memoryStore(options)

    expect(await store.read('key')).toMatchObject({ version: 0 })
  })

  it.each([
    ['one process', {}],
    ['one process under PM2', { pm_id: '0', exec_mode: 'fork_mode', instances: '1' }],
    ['a build', { VERCEL: '1', NEXT_PHASE: 'phase-production-build' }],
    ['vercel dev', { VERCEL: '1', VERCEL_ENV: 'development' }],
    ['one worker', { WEB_CONCURRENCY: '1' }],
  ])('says nothing in %s', (_, env) => {
    expect(warnings(env)).toEqual([])
  })

  it('warns of several instances of PM2 without its cluster, and once a process', () => {
    vi.stubEnv('pm_id', '3')
    vi.stubEnv('exec_mode', 'fork_mode')
    vi.stubEnv('instances', '4')
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

    memoryStore()
    memoryStore({ name: 'another' })

    expect(emit).toHaveBeenCalledTimes(1)
    expect(emit).toHaveBeenCalledWith(expect.stringContaining('PM2'), expect.anything())
  })
})

describe('the time of a memory store', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const HOUR_MS = 3_600_000
  const DAY_MS = 24 * HOUR_MS

  /** A clock whose halves a test moves apart. */
  function halves(): { clock: Clock; wallMs: number; monotonicMs: number } {
    const state = {
      wallMs: 1_800_000_000_000,
      monotonicMs: 5_000,
      clock: { ...manualClock(), now: () => state.wallMs, monotonic: () => state.monotonicMs },
    }
    return state
  }

  const timeOf = async (store: Store): Promise<number> => (await store.read('none')).nowMs

  it('counts the sleep of the host, in which no row comes to its end', async () => {
    const host = halves()
    const store = memoryStore({ name: fresh(), clock: host.clock })
    await store.swap('a', 0, value, HOUR_MS)

    host.wallMs += 8 * HOUR_MS
    host.monotonicMs += 10

    expect(await store.read('a')).toMatchObject({ version: 1, nowMs: host.wallMs })
    host.monotonicMs += HOUR_MS
    expect(await store.read('a')).toMatchObject({ version: 0 })
  })

  it('goes on when the wall clock is set back, and still counts sleep', async () => {
    const host = halves()
    const store = memoryStore({ name: fresh(), clock: host.clock })
    const before = await timeOf(store)

    host.wallMs -= DAY_MS
    host.monotonicMs += 5_000
    expect(await timeOf(store)).toBe(before + 5_000)
    host.wallMs += 8 * HOUR_MS

    expect(await timeOf(store)).toBe(before + 5_000 + 8 * HOUR_MS)
  })

  it('does not run ahead by the small steps in which a wall clock is read', async () => {
    const host = halves()
    const store = memoryStore({ name: fresh(), clock: host.clock })
    const before = await timeOf(store)

    for (let step = 0; step < 10_000; step += 1) {
      host.monotonicMs += 1
      host.wallMs += step % 2 === 0 ? 900 : -898
      await timeOf(store)
    }

    expect((await timeOf(store)) - before).toBe(10_000)
  })

  it('goes on with fake timers, and when they end', async () => {
    const store = memoryStore({ name: fresh() })
    const times = [await timeOf(store)]

    vi.useFakeTimers()
    times.push(await timeOf(store))
    vi.advanceTimersByTime(HOUR_MS)
    times.push(await timeOf(store))
    vi.setSystemTime(vi.getMockedSystemTime()!.getTime() + DAY_MS)
    times.push(await timeOf(store))
    vi.useRealTimers()
    times.push(await timeOf(store))

    const [first, faked, advanced, set, ended] = times as [number, number, number, number, number]
    expect(faked).toBeGreaterThanOrEqual(first)
    expect(advanced - faked).toBe(HOUR_MS)
    // Faked and real time lay some milliseconds apart: the jump makes them one.
    expect(Math.abs(set - advanced - DAY_MS)).toBeLessThan(1_000)
    expect(ended).toBeGreaterThanOrEqual(set)
  })

  it.each(['Date alone', 'MockDate'])('follows a faked date: %s', async (kind) => {
    const store = memoryStore({ name: fresh() })
    const before = await timeOf(store)
    const set = (ms: number): void => {
      if (kind === 'Date alone') return void vi.useFakeTimers({ toFake: ['Date'], now: ms })
      // As the package mockdate does: another global, whose time stands still.
      vi.stubGlobal(
        'Date',
        class extends Date {
          static override now = (): number => ms
        },
      )
    }

    set(before)
    await timeOf(store)
    set(before + 8 * HOUR_MS)

    expect(Math.abs((await timeOf(store)) - before - 8 * HOUR_MS)).toBeLessThan(60_000)
  })
})
