import { afterEach, describe, expect, it, vi } from 'vitest'
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
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/1'))
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
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/1'))

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
    const shared = Reflect.get(globalThis, Symbol.for('refresh-once/memory-store/1'))
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
