import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/ledger/store.ts'
import { tryPromise } from './holds.ts'
import { patched } from './patched.ts'
import { shipped } from './subject.ts'
import type { Subject } from './subject.ts'
import { WEATHERS } from './weathers.ts'

/** Seeds differ from those of the promise's own runs; each finds what is broken soon. */
const SEED = 1

type Weather = keyof typeof WEATHERS

async function breaks(subject: Subject, weather: Weather, withinRuns: number): Promise<string> {
  const details = await tryPromise(subject, WEATHERS[weather], withinRuns, {
    seed: SEED,
    endOnFailure: true,
  })
  expect(details.failed, `holds in ${withinRuns} runs`).toBe(true)
  return (details.errorInstance as Error).message
}

const STORES: readonly (readonly [string, Weather, number, (store: Store) => Store])[] = [
  [
    'whose swap does not compare',
    'calm',
    20,
    (store) => ({
      ...store,
      async swap(key, _, value, ttlMs) {
        const { version } = await store.read(key)
        return store.swap(key, version, value, ttlMs)
      },
    }),
  ],
  [
    'that answers reads from a cache',
    'calm',
    100,
    (store) => {
      const cache = new Map<string, ReturnType<Store['read']>>()
      return {
        ...store,
        read(key) {
          const stored = cache.get(key) ?? store.read(key)
          cache.set(key, stored)
          return stored
        },
      }
    },
  ],
  [
    'that forgets',
    'calm',
    20,
    (store) => ({ ...store, swap: (key, at, value) => store.swap(key, at, value, 0) }),
  ],
]

const SOURCES: readonly (readonly [string, Weather, number, string, string, string])[] = [
  [
    "another's claim counts as free",
    'calm',
    20,
    'src/ledger/protocol/claim.ts',
    "if (!isOverdue(view)) return 'others'",
    "if (!isOverdue(view)) return 'free'",
  ],
  [
    'an overdue claim is taken over',
    'an AS that fails',
    100,
    'src/ledger/protocol/claim.ts',
    "return request.policy.takesOver ? 'free' : 'overdue'",
    "return 'free'",
  ],
  [
    'an unknown outcome counts as unspent',
    'an AS that fails',
    100,
    'src/ledger/settlement.ts',
    "type: isReusable(provider) ? 'unspent' : 'spent'",
    "type: 'unspent'",
  ],
  [
    'who comes late is served for ever',
    'stale cookies',
    200,
    'src/ledger/protocol/claim.ts',
    'generation > held && atMs + policy.staleMs <= judgedAtMs',
    'generation > held && atMs + policy.staleMs < 0 * judgedAtMs',
  ],
  [
    'a sign-out leaves the newest token alive',
    'sign-out',
    200,
    'src/runtime/revoke.ts',
    "const newest = ('set' in answer ? answer.set : undefined) ?? mine",
    'const newest = mine',
  ],
]

/** Alone on a core they take a tenth of this. */
const TIMEOUT_MS = 60_000

describe('the promise is broken by', { timeout: TIMEOUT_MS }, () => {
  it.each(STORES)('a store %s', async (_, weather, withinRuns, breakStore) => {
    const how = await breaks({ ...shipped, breakStore }, weather, withinRuns)

    expect(how).toMatch(/^(P1|P2|P3|P4|P5|S2|S3|S5|served|budget): /)
  })

  it.each(SOURCES)('a source where %s', async (name, weather, withinRuns, file, text, other) => {
    const subject = await patched(name.replaceAll(/\W/g, '-'), [{ file, text, replacement: other }])

    const how = await breaks(subject, weather, withinRuns)

    expect(how).toMatch(/^(P1|P2|P3|P4|P5|S2|S3|S5|served|budget): /)
  })
})
