import { describe, expect, it } from 'vitest'
import { world } from '../world.ts'

const MINUTE_MS = 60_000
const LIFETIME_MS = 4 * MINUTE_MS
const SKEWS = [-10 * MINUTE_MS, 0, 10 * MINUTE_MS] as const
const PAIRS = SKEWS.flatMap((from) => SKEWS.map((to) => ({ from, to })))

describe('hosts whose clocks differ by more than a token lives', () => {
  it.each(PAIRS)(
    'serve a set of $from ms, at $to ms, no longer than that',
    async ({ from, to }) => {
      const { server, clock, process, signIn } = await world({ accessTokenMs: LIFETIME_MS })
      const [one, other] = [from, to].map((ms) =>
        process({ clock: { ...clock, now: () => clock.now() + ms } }),
      )
      const { tokens } = await one!.refresh(await signIn(), { refused: true })
      const expiresAtMs = clock.now() + LIFETIME_MS

      let served = await other!.refresh(tokens)
      let latestMs = -Infinity
      while (served.accessToken === tokens.accessToken) {
        latestMs = clock.now() - expiresAtMs
        clock.advance(MINUTE_MS / 4)
        served = await other!.refresh(tokens)
      }

      expect(served).toMatchObject({ state: 'rotated', usable: true })
      expect(latestMs).toBeLessThanOrEqual(Math.abs(from - to))
      // Past its expiry, that is, where the clock is slow.
      expect(latestMs > 0).toBe(to < from)
      expect(server.counts().presentations).toBe(2)
    },
  )
})

describe('a host that sleeps between its claim and its request', () => {
  it.each([
    ['sends nothing until it has claimed anew', 8 * 60 * MINUTE_MS, 2],
    ['goes on after a correction of its clock', 1_000, 1],
  ])('%s', async (_, sleptMs, claims) => {
    const { server, clock, store, process, signIn, expire, told } = await world()
    const tokens = await signIn()
    expire()
    let swaps = 0
    const refresher = process({
      store: {
        ...store,
        id: 'the store of a laptop',
        async swap(...row) {
          const swapped = await store.swap(...row)
          swaps += 1
          // The first row is that of the ledger. The monotonic clock stands still meanwhile.
          if (swaps === 2) clock.skew(sleptMs)
          return swapped
        },
      },
    })

    const outcome = await refresher.refresh(tokens)

    expect(outcome).toMatchObject({ usable: true, state: 'rotated' })
    expect(told('claimed')).toHaveLength(claims)
    expect(server.counts().presentations).toBe(1)
  })
})
