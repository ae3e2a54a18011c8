import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { expectServed, HOUR_MS, world } from '../world.ts'
import type { World } from '../world.ts'

const DAY_MS = 24 * HOUR_MS

/** A world whose AS tells with each answer how long the refresh token lives (`leftMs`). */
async function telling(
  leftMs: (nowMs: number) => number,
): Promise<World & { first: TokenSet; endMs: number }> {
  const made = await world({
    around: {
      answer: ({ status, body }) => {
        const seconds = Math.floor(leftMs(made.clock.now()) / 1000)
        return { status, body: { ...body, refresh_expires_in: seconds } }
      },
    },
  })
  const nowMs = made.clock.now()
  const endMs = nowMs + leftMs(nowMs)
  const set = await made.signIn()
  return { ...made, endMs, first: { ...set, authorizedAtMs: nowMs, refreshExpiresAtMs: endMs } }
}

/** The end that a session has, which no refresh puts off. */
const fixed = (lifetimeMs: number): ((nowMs: number) => number) => {
  let endMs: number | undefined
  return (nowMs) => (endMs ??= nowMs + lifetimeMs) - nowMs
}

describe('expires_soon', () => {
  it.each<[string, number, number]>([
    ['a tenth of the lifetime', 30 * DAY_MS, 3 * DAY_MS],
    ['14 days', 365 * DAY_MS, 14 * DAY_MS],
  ])('is told when no more than %s is left', async (_, lifetimeMs, soonMs) => {
    const { process, clock, told, first, endMs } = await telling(fixed(lifetimeMs))

    clock.advance(lifetimeMs - soonMs - 2_000)
    const before = await process().refresh(first)
    expect(told('expires_soon')).toEqual([])
    clock.advance(HOUR_MS)
    expectServed(await process().refresh(before.tokens))

    expect(told('expires_soon')).toMatchObject([{ refreshExpiresAtMs: endMs, provider: 'oidc' }])
    expect(told('expires_soon')[0]!.token).toMatch(/^[\w-]{8}$/)
  })

  it('is told once per refresh, however many are handed its set', async () => {
    const { process, clock, told, first } = await telling(fixed(10 * DAY_MS))
    clock.advance(9.5 * DAY_MS)
    const processes = [process(), process()]

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => processes[index % 2]!.refresh(first)),
    )
    for (const { tokens } of outcomes) expectServed(await process().refresh(tokens))

    expect(told('expires_soon')).toHaveLength(1)
  })

  it('is not told where refreshing puts the end off', async () => {
    const { process, clock, told, first } = await telling(() => 2 * HOUR_MS)
    let tokens = first

    for (let hours = 1; hours <= 40; hours += 1) {
      clock.advance(HOUR_MS)
      tokens = (await process().refresh(tokens)).tokens
    }

    expect(tokens.refreshExpiresAtMs).toBe(clock.now() + 2 * HOUR_MS)
    expect(told('expires_soon')).toEqual([])
  })

  it('is told of a set that was handed over past the ledger, too', async () => {
    const { process, server, clock, told, first, store } = await telling(fixed(10 * DAY_MS))
    clock.advance(9.5 * DAY_MS)
    store.before = () => {
      if (server.counts().granted > 0) throw new Error('down')
    }

    const work = process().refresh(first)
    const outcome = await clock.through(work, (ms) => ms < 5_000)

    expectServed(outcome)
    expect(told('handed_over')).toHaveLength(1)
    expect(told('expires_soon')).toHaveLength(1)
  })
})
