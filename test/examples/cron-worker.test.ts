import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../docs/examples/cron-worker/worker.ts'
import { credentials } from '../../providers/credentials.ts'
import { createRefresher, tokenSource } from '../../src/index.ts'
import type { TokenSet, TokenSource } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startBackend } from '../providers/express-backend.ts'
import { isLong } from '../runs.ts'
import { handClock } from '../runtime/clock.ts'

const HOUR_MS = 3_600_000
const LANES = 8

/** Sets to keep. */
const COUNT = isLong ? 10_000 : 300

/** Users who signed in and went away, at a backend that takes so many refreshes a minute. */
async function world(count: number, perMinuteMax: number) {
  const clock = handClock()
  const names = Array.from({ length: count }, (_, i) => `user-${i}`)
  const server = await startBackend({
    users: {},
    accessTokenS: HOUR_MS / 1000,
    perMinuteMax,
    now: clock.now,
  })
  onTestFinished(server.stop)
  const provider = credentials({
    url: `${server.origin}/refresh`,
    carry: { json: 'userRefreshToken' },
    answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
  })
  const rows = new Map<string, TokenSet>()
  for (const name of names) {
    rows.set(name, await provider.signIn(Response.json(server.signedIn(name)), clock.now()))
  }
  const source = tokenSource<string, TokenSet>(
    createRefresher({
      provider,
      client: { id: 'worker' },
      ledger: { store: memoryStore({ name: `cron-${count}`, clock }) },
      clock,
      onEvent: () => {},
    }),
    {
      load: async (key) => rows.get(key),
      save: async (key, next) => void rows.set(key, next),
    },
  )
  return { server, clock, names, rows, source }
}

/** Lets time pass only while no call is under way, or its request would time out. */
function patiently(
  source: TokenSource<string, TokenSet>,
  advance: (ms: number) => void,
): { source: TokenSource<string, TokenSet>; wait: (ms: number) => Promise<void> } {
  let calls = 0
  let isIdle = (): void => {}
  return {
    source: {
      ...source,
      async get(...asked) {
        calls += 1
        try {
          return await source.get(...asked)
        } finally {
          calls -= 1
          if (calls === 0) isIdle()
        }
      },
    },
    async wait(ms) {
      if (calls > 0) await new Promise<void>((resolve) => (isIdle = resolve))
      advance(ms)
    },
  }
}

describe('docs/examples/cron-worker', () => {
  it(`renews what would not last of ${COUNT}, once, at the server's pace`, async () => {
    const { server, clock, names, rows, source } = await world(COUNT, COUNT * 0.4)
    for (const name of ['user-7', 'user-77', 'user-177']) server.endSessions(name)
    const options = { keys: names, everyMs: HOUR_MS / 2, atOnceMax: LANES, now: clock.now }
    clock.advance(HOUR_MS / 2)

    const report = await run({ ...options, ...patiently(source, clock.advance) })

    expect(report).toEqual({ good: COUNT - 3, signIn: 3, failed: 0, pauses: 2 })
    expect(server.counts()).toMatchObject({ presentations: COUNT, ofOneMax: 1 })
    // Nobody asked during a pause: at its beginning at most each lane was told to come again.
    expect(server.counts().requests - COUNT).toBeLessThanOrEqual(report.pauses * LANES)
    const untilNextRunMs = clock.now() + HOUR_MS / 2
    const lasting = [...rows.values()].filter(({ expiresAtMs }) => expiresAtMs! > untilNextRunMs)
    expect(lasting).toHaveLength(COUNT - 3)
    const again = await run({ ...options, ...patiently(source, clock.advance) })
    expect(again).toEqual({ good: COUNT - 3, signIn: 3, failed: 0, pauses: 0 })
    expect(server.counts().presentations).toBe(COUNT)
  })

  it('goes on past a row that cannot be read', async () => {
    const { names, source } = await world(3, 100)
    const broken: TokenSource<string, TokenSet> = {
      ...source,
      get: async (key, asked) => {
        if (key === 'user-1') throw new Error('connection lost')
        return source.get(key, asked)
      },
    }
    const keys = (async function* () {
      yield* names
      yield 'nobody'
    })()

    const report = await run({ source: broken, keys, everyMs: 1_000 })

    expect(report).toEqual({ good: 2, signIn: 1, failed: 1, pauses: 0 })
  })
})
