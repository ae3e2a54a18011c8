import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { HOUR_MS, world } from '../world.ts'

const DAY_MS = 24 * HOUR_MS

/** As storage has it that knows no field of that name. */
function without(tokens: TokenSet): TokenSet {
  const kept = { ...tokens }
  delete kept.grant
  return kept
}

describe('a chain', () => {
  it('is remembered as long as its refresh tokens live', async () => {
    const axes = { response: { refreshLifetimeMs: 180 * DAY_MS } }
    const { server, clock, process, signIn, expire } = await world()
    const first = await signIn()
    expire()
    await process({ axes }).refresh(first)
    clock.advance(40 * DAY_MS)

    const late = await process({ axes }).refresh(first)

    expect(late.state).toBe('rotated')
    expect(server.counts()).toMatchObject({ presentedTwice: 0, reuses: 0 })
  })
})

describe('a holder whose storage drops `grant`', () => {
  it('finds the chain by a token that it adopted, as long as the chain is kept', async () => {
    const { server, clock, process, signIn, expire } = await world()
    const first = await signIn()
    expire()
    const second = (await process().refresh(first)).tokens
    expire()

    // Adopts the second token, which has expired, and presents it.
    const third = await process().refresh(without(first))
    clock.advance(8 * DAY_MS)
    const late = await process().refresh(without(second))

    expect(third.state).toBe('rotated')
    expect(late.state).toBe('rotated')
    expect(server.counts()).toMatchObject({ presentedTwice: 0, reuses: 0 })
  })
})
