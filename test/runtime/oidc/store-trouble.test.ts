import { describe, expect, it } from 'vitest'
import { gate } from '../clock.ts'
import { HOUR_MS, world } from '../world.ts'

/** What a failed call of the store is waited for before it is repeated. */
const isPatience = (ms: number): boolean => ms === 1_000 || Number.isInteger(Math.log2(ms / 25))

const down = (): never => {
  throw new Error('connection lost')
}

describe('a store that is down', () => {
  it('lets nothing be presented, and the good access token is served', async () => {
    const { server, process, signIn, store, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - 40_000)
    store.before = down

    const outcome = await clock.through(process().refresh(tokens), isPatience)

    expect(outcome).toMatchObject({
      state: 'error',
      usable: true,
      accessToken: tokens.accessToken,
      changed: false,
      needsSignIn: false,
      error: { code: 'store_unavailable' },
    })
    expect(server.counts().presentations).toBe(0)
  })

  it('signs nobody out who holds a dead access token; they recover with the store', async () => {
    const { server, process, signIn, store, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    store.before = down

    const outcome = await clock.through(process().refresh(tokens), isPatience)
    store.before = undefined
    const later = await process().refresh(outcome.tokens)

    expect(outcome).toMatchObject({
      usable: false,
      needsSignIn: false,
      changed: false,
      error: { code: 'store_unavailable' },
    })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('may hang instead', async () => {
    const { server, process, signIn, store, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    store.before = () => new Promise(() => {})

    const outcome = await clock.through(
      process().refresh(tokens),
      (ms) => isPatience(ms) || ms === 2_000,
    )

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'store_unavailable' } })
    expect(server.counts().presentations).toBe(0)
  })

  it('may take the claim, lose the answer and go down: the claim is given back', async () => {
    const { server, process, signIn, store, clock, expire } = await world()
    const tokens = await signIn()
    const refresher = process()
    const other = await signIn()
    expire()
    await refresher.refresh(other)
    let isDown = false
    store.after = ({ do: what }) => {
      if (what !== 'swap') return
      isDown = true
      down()
    }
    store.before = () => {
      if (isDown) down()
    }

    const outcome = await clock.through(refresher.refresh(tokens), isPatience)
    store.after = undefined
    store.before = undefined
    await clock.through(refresher.drain(), isPatience)
    clock.advance(20_000)
    const later = await process().refresh(outcome.tokens)

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'store_unavailable' } })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })
})

describe('a store that writes a claim later than it was waited for', () => {
  it.each([
    { what: 'without grant', refreshed: false },
    { what: 'with grant', refreshed: true },
  ])('is overtaken, and the token is not lost: $what', async ({ refreshed }) => {
    const { server, process, signIn, store, clock } = await world()
    const refresher = process()
    const first = await signIn()
    const { tokens: newer } = await refresher.refresh(await signIn(), { refused: true })
    // Old enough to be refused.
    clock.advance(10_000)
    const tokens = refreshed ? newer : first
    const held = gate()
    store.before = ({ do: call }) => (call === 'swap' ? held.opened : undefined)

    const failing = refresher.refresh(tokens, { refused: true })
    const isOver = (ms: number): boolean => ms === 2_000 || isPatience(ms)
    const failed = await clock.through(failing, isOver)
    store.before = undefined
    await clock.through(refresher.drain(), isOver)
    // Now what was given up takes effect.
    held.open()
    await new Promise((turned) => setImmediate(turned))
    const before = server.counts().presentations
    const next = process({ waitMs: 0 }).refresh(tokens, { refused: true })

    expect(failed).toMatchObject({ usable: false, error: { code: 'store_unavailable' } })
    expect(before).toBe(1)
    expect(await next).toMatchObject({ state: 'rotated', usable: true })
  })
})

describe('a store that goes down at the settling', () => {
  it('lets the set go to its caller; the next call with it heals the ledger', async () => {
    const { server, process, signIn, store, clock, expire, told } = await world()
    const tokens = await signIn()
    expire()
    store.before = () => {
      if (server.counts().granted > 0) down()
    }
    const refresher = process()
    const beganAt = clock.monotonic()

    const outcome = await clock.through(refresher.refresh(tokens), isPatience)
    expect(clock.monotonic() - beganAt).toBeLessThan(10_000)
    // Nobody tells the ledger: it stays down for longer than the claim lasts.
    await clock.through(refresher.drain(), isPatience)
    store.before = undefined
    expire()
    const next = await process().refresh(outcome.tokens)
    const late = await process({ staleHolders: 'serve' }).refresh(tokens)

    expect(outcome).toMatchObject({
      state: 'rotated',
      usable: true,
      changed: true,
      needsSignIn: false,
    })
    expect(await server.isLive(outcome.accessToken!)).toBe(true)
    expect(told('handed_over')).toHaveLength(1)
    expect(next).toMatchObject({ state: 'rotated', usable: true })
    expect(late.accessToken).toBe(next.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2, reuses: 0 })
  })

  it('is told later when it comes back, so that no other holder is signed out', async () => {
    const { server, process, signIn, store, clock, expire } = await world()
    const tokens = await signIn()
    expire()
    let isDown = true
    store.before = () => {
      if (isDown && server.counts().granted > 0) down()
    }
    const refresher = process()

    const outcome = await clock.through(refresher.refresh(tokens), isPatience)
    isDown = false
    await clock.through(refresher.drain(), isPatience)
    clock.advance(20_000)
    const other = await process().refresh(tokens)

    expect(other).toMatchObject({ usable: true, accessToken: outcome.accessToken })
    expect(server.counts().presentations).toBe(1)
  })

  it('does not matter when it lost the answer only', async () => {
    const { server, process, signIn, store, clock, expire, told } = await world()
    const tokens = await signIn()
    expire()
    let lost = 0
    store.after = ({ do: what }) => {
      if (what === 'swap' && server.counts().granted > 0 && lost++ < 3) down()
    }

    const outcome = await clock.through(process().refresh(tokens), isPatience)
    const other = await process().refresh(tokens)

    expect(lost).toBeGreaterThanOrEqual(2)
    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    expect(other.accessToken).toBe(outcome.accessToken)
    expect(told('handed_over')).toEqual([])
    expect(server.counts().presentations).toBe(1)
  })

  it('past the claim: what was received goes to the ledger only, when it can', async () => {
    const { server, process, signIn, store, clock, expire, told } = await world()
    const tokens = await signIn()
    expire()
    store.before = () => {
      if (server.counts().granted === 0) return
      clock.advance(20_000)
      down()
    }

    const outcome = await clock.through(process().refresh(tokens), isPatience)

    expect(outcome).toMatchObject({ usable: false, changed: true, needsSignIn: false })
    expect(outcome.tokens.refreshToken).toBe(tokens.refreshToken)
    expect(told('handed_over')).toEqual([])
    expect(told('tokens_revoked')).toEqual([])
    expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
  })
})

describe('a holder that is too slow to send', () => {
  it('gives its claim back and starts again', async () => {
    const { server, process, signIn, store, clock, expire, told } = await world()
    const tokens = await signIn()
    expire()
    const refresher = process({ requestTimeoutMs: 10_000, claimMs: 11_000 })
    let isSlow = true
    store.before = ({ do: what, at }) => {
      // The round trip of the first claim takes so long that no request fits into the rest.
      if (at > 0 && what === 'swap' && isSlow) clock.advance(1_500)
      if (at > 0) isSlow = false
    }

    const outcome = await refresher.refresh(tokens)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    expect(told('claimed')).toHaveLength(2)
    expect(server.counts().presentations).toBe(1)
  })
})
