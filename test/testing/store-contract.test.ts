import { describe, expect, it, vi } from 'vitest'
import type { Store, StoredRow } from '../../src/ledger/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { storeContract, type Contender } from '../../src/testing/store-contract.ts'
import { manualClock } from '../ledger/manual-clock.ts'

let names = 0

/** Something that a store does wrong: what it has instead of a method of the good one. */
type Fault = (good: Store) => Partial<Store>

/** Runs the contract on a store, or on its twin, with a fault, and gives what it breaks. */
async function broken(fault: Fault, whose: 'store' | 'twin' = 'store'): Promise<string[]> {
  const sentences: [sentence: string, body: () => Promise<void>][] = []
  const make = (): Contender => {
    const clock = manualClock()
    const good = memoryStore({ name: `contract ${(names += 1)}`, clock })
    const bad = { ...good, ...fault(good) }
    const { advance: pass } = clock
    return whose === 'store' ? { store: bad, pass } : { store: good, twin: bad, pass }
  }
  storeContract('broken', make, {
    describe: (_, body) => body(),
    it: (sentence, body) => sentences.push([sentence, body]),
  })
  const ends = await Promise.allSettled(sentences.map(([, body]) => body()))
  return sentences.flatMap(([sentence], index) =>
    ends[index]!.status === 'rejected' ? [sentence] : [],
  )
}

const CLOCK = 'a row says when it was written; time does not run backwards'

/** A store that tells another time. */
const telling =
  (time: (found: StoredRow) => number): Fault =>
  (good) => ({
    async read(key) {
      const found = await good.read(key)
      return { ...found, nowMs: time(found) }
    },
    async swap(...args) {
      const found = await good.swap(...args)
      return { ...found, nowMs: time(found) }
    },
  })

/** Takes the time from a host that is ten minutes behind, but never before the row was written. */
const behind = telling(({ nowMs, writtenAtMs }) => Math.max(nowMs - 600_000, writtenAtMs))

const FAULTS: Readonly<Record<string, readonly [fault: Fault, sentence: string]>> = {
  'a swap that does not compare': [
    (good) => ({
      async swap(key, _, value, ttlMs) {
        return good.swap(key, (await good.read(key)).version, value, ttlMs)
      },
    }),
    'a swap that expects another version writes nothing',
  ],
  'a swap that compares, and writes later': [
    (good) => ({
      async swap(key, expected, value, ttlMs) {
        const found = await good.read(key)
        if (found.version !== expected) return { ...found, swapped: false }
        for (let { version } = found; ; version += 1) {
          const written = await good.swap(key, version, value, ttlMs)
          if (written.swapped) return written
        }
      },
    }),
    'of swaps at once, one wins, and all are told who',
  ],
  'a version that repeats': [
    (good) => {
      const digests = new Map<number, number>()
      const named = <S extends { value?: Uint8Array; version: number }>(stored: S): S => {
        if (stored.value === undefined) return stored
        const version = digests.get(stored.value[0]!) ?? stored.version
        digests.set(stored.value[0]!, version)
        return { ...stored, version }
      }
      return {
        read: async (key) => named(await good.read(key)),
        async swap(key, expected, value, ttlMs) {
          const { version } = await good.read(key)
          const isExpected = named(await good.read(key)).version === expected
          return named(await good.swap(key, isExpected ? version : -1, value, ttlMs))
        },
      }
    },
    'a value that comes back does not bring its version back',
  ],
  'a stale read': [
    (good) => {
      const cache = new Map<string, ReturnType<Store['read']>>()
      return {
        read(key) {
          const found = cache.get(key) ?? good.read(key)
          cache.set(key, found)
          return found
        },
      }
    },
    'what was written is read at once, by everybody',
  ],
  'an ignored time to live': [
    (good) => ({ swap: (key, expected, value) => good.swap(key, expected, value, 1e12) }),
    'a row is absent once its time is over, and begins again',
  ],
  'a time to live that a swap does not renew': [
    (good) => {
      let endsAtMs: number | undefined
      return {
        async swap(key, expected, value, ttlMs) {
          const { nowMs } = await good.read(key)
          endsAtMs ??= nowMs + ttlMs
          return good.swap(key, expected, value, Math.max(1, endsAtMs - nowMs))
        },
      }
    },
    'a row is absent once its time is over, and begins again',
  ],
  'a lost wake-up': [
    () => ({
      changed: (_key, _version, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) resolve()
          signal.addEventListener('abort', () => resolve())
        }),
    }),
    'changed resolves when the row is swapped',
  ],
  'a wake-up for the last who waits only': [
    (good) => {
      let giveUp = new AbortController()
      return {
        changed(key, version, signal) {
          giveUp = new AbortController()
          const mine = giveUp
          signal.addEventListener('abort', () => giveUp.abort())
          return good.changed(key, version, mine.signal)
        },
        async swap(key, expected, value, ttlMs) {
          return giveUp.signal.aborted
            ? { ...(await good.read(key)), swapped: false }
            : good.swap(key, expected, value, ttlMs)
        },
      }
    },
    'changed resolves, and does not reject, when the signal aborts',
  ],
  'a wait that does not end with its signal': [
    () => ({ changed: () => new Promise(() => {}) }),
    'changed resolves, and does not reject, when the signal aborts',
  ],
  'a clock that runs backwards': [
    (good) => {
      let backMs = 0
      return {
        async read(key) {
          const found = await good.read(key)
          return { ...found, nowMs: found.nowMs - (backMs += 1_000) }
        },
      }
    },
    CLOCK,
  ],
  'a clock that stands still': [telling(({ nowMs, writtenAtMs }) => writtenAtMs || nowMs), CLOCK],
  'a clock that counts microseconds': [telling(({ nowMs }) => nowMs * 1_000), CLOCK],
  'a truncated value': [
    (good) => ({
      swap: (key, expected, value, ttlMs) =>
        good.swap(key, expected, value.slice(0, 65_535), ttlMs),
    }),
    'bytes come back as they were, and are nobody else’s',
  ],
  'bytes that went through text': [
    (good) => ({
      swap: (key, expected, value, ttlMs) =>
        good.swap(key, expected, new TextEncoder().encode(new TextDecoder().decode(value)), ttlMs),
    }),
    'bytes come back as they were, and are nobody else’s',
  ],
  'one row for all keys': [
    (good) => ({
      read: () => good.read('row'),
      swap: (_, expected, value, ttlMs) => good.swap('row', expected, value, ttlMs),
    }),
    'rows of other keys are left alone',
  ],
  'a loser who is told nothing': [
    (good) => ({
      async swap(key, expected, value, ttlMs) {
        const { swapped, nowMs, ...stored } = await good.swap(key, expected, value, ttlMs)
        return { ...(swapped ? stored : { version: 0, writtenAtMs: 0 }), swapped, nowMs }
      },
    }),
    'of swaps at once, one wins, and all are told who',
  ],
}

describe.concurrent('storeContract', () => {
  it('is kept by a store without fault', async () => {
    expect(await broken(() => ({}))).toEqual([])
  })

  for (const [name, [fault, sentence]] of Object.entries(FAULTS)) {
    it(`catches ${name}`, async () => {
      expect(await broken(fault)).toContain(sentence)
    })
  }

  it('catches a twin that takes the time from another host', async () => {
    expect(await broken(behind, 'twin')).toEqual([CLOCK])
  })
})

describe('storeContract', () => {
  it('catches what ends a trial with an error, and ends it all the same', async () => {
    const close = vi.fn()
    const store = { ...memoryStore({ name: 'failing' }), read: () => Promise.reject(new Error()) }
    const bodies: (() => Promise<void>)[] = []
    const it = (_: string, body: () => Promise<void>): void => void bodies.push(body)
    storeContract('failing', () => ({ store, close }), { describe: (_, body) => body(), it })

    await expect(bodies[0]!()).rejects.toThrow()

    expect(close).toHaveBeenCalledOnce()
  })

  it('takes describe and it from the globals, as jest has them, and says if there are none', () => {
    const make = (): Contender => ({ store: memoryStore() })
    const calls: string[] = []

    expect(() => storeContract('global', make)).toThrow(/pass \{ describe, it \}/)
    vi.stubGlobal('describe', (name: string, body: () => void) => {
      calls.push(name)
      body()
    })
    vi.stubGlobal('it', (sentence: string) => calls.push(sentence))
    storeContract('global', make)

    expect(calls).toContain('global keeps the contract of a store')
    expect(calls).toContain('an absent row has version 0 and no value')
  })
})
