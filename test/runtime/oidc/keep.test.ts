import { describe, expect, it, vi } from 'vitest'
import type { Outcome, TokenSet } from '../../../src/index.ts'
import { gate } from '../clock.ts'
import { HOUR_MS, world } from '../world.ts'

/** What is handed to an owner, and who waits for it. */
function owner(): {
  readonly stored: TokenSet[]
  readonly onChanged: (next: TokenSet, previous: TokenSet) => void
  /** Resolves when so many sets were stored. */
  count(count: number): Promise<void>
} {
  const stored: TokenSet[] = []
  const waiting = new Set<() => void>()
  return {
    stored,
    onChanged(next) {
      stored.push(next)
      for (const look of waiting) look()
    },
    count(count) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (stored.length >= count) resolve()
        }
        waiting.add(look)
        look()
      })
    },
  }
}

/**
 * The timer for the next renewal of a token of an hour: at most 60 s ahead, by chance, and a set
 * that was stored late has lived a few seconds by then.
 */
const isRenewal = (ms: number): boolean => ms > HOUR_MS - 90_000 && ms < HOUR_MS

describe('keep', () => {
  it('renews a set in time, again and again, each token once', async () => {
    const { server, process, signIn, clock } = await world()
    const { stored, onChanged, count } = owner()
    const tokens = await signIn()
    await using keeper = process().keep(tokens, { onChanged })

    for (let generation = 1; generation <= 4; generation += 1) {
      await clock.timer(isRenewal)
      expect(keeper.current.usable).toBe(true)
      clock.advance(HOUR_MS - 30_000)
      await count(generation)
      expect(keeper.current).toMatchObject({ usable: true, tokens: stored.at(-1) })
    }

    expect(server.counts()).toMatchObject({ presentations: 4, presentedTwice: 0 })
    expect(stored.map(({ grant }) => grant!.split('.')[1])).toEqual(['1', '2', '3', '4'])
  })

  it('keeps nothing alive and nothing running once it is disposed', async () => {
    const { process, signIn, clock } = await world()
    {
      await using keeper = process().keep(await signIn(), { onChanged: () => {} })
      await clock.timer(isRenewal)
      expect(keeper.current.state).toBe('fresh')
    }

    expect(clock.pending).toEqual([])
  })

  it('offers a set again that could not be stored, before it renews it', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    const { stored, onChanged, count } = owner()
    let failures = 2
    const keeper = process().keep(tokens, {
      async onChanged(next, previous) {
        if (failures-- > 0) throw new Error('database')
        onChanged(next, previous)
      },
    })

    await clock.timer(isRenewal)
    clock.advance(HOUR_MS - 30_000)
    for (let i = 0; i < 2; i += 1) {
      await clock.timer((ms) => ms === 1_000)
      expect(stored).toEqual([])
      clock.advance(1_000)
    }
    await count(1)
    await clock.timer(isRenewal)
    await keeper.stop()

    expect(stored).toHaveLength(1)
    expect(await server.isLive(stored[0]!.accessToken)).toBe(true)
    expect(server.counts().presentations).toBe(1)
  })

  it('stopped in the middle of an exchange, lets it end and stores what came', async () => {
    const { server, process, signIn, clock } = await world()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const { stored, onChanged } = owner()
    const keeper = process().keep(await signIn(), { onChanged })
    await clock.timer(isRenewal)
    clock.advance(HOUR_MS - 30_000)
    await server.until(({ granted }) => granted === 1)

    const stopping = keeper.stop()
    answer.open()
    await stopping

    expect(stored).toHaveLength(1)
    expect(keeper.current.tokens).toEqual(stored[0])
    expect(clock.pending).toEqual([])
  })

  it('is waited for by drain()', async () => {
    const { server, process, signIn, clock } = await world()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const { stored, onChanged } = owner()
    const refresher = process()
    const keeper = refresher.keep(await signIn(), { onChanged })
    await clock.timer(isRenewal)
    clock.advance(HOUR_MS - 30_000)
    await server.until(({ granted }) => granted === 1)
    let isDrained = false

    const draining = refresher.drain().then(() => (isDrained = true))
    await new Promise((turned) => setImmediate(turned))
    expect(isDrained).toBe(false)
    answer.open()
    await draining

    expect(stored).toHaveLength(1)
    await keeper.stop()
  })

  it('tells once that only a new sign-in can help, and survives an owner who throws', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    server.endGrant(tokens.refreshToken!)
    const told: Outcome[] = []
    const over = gate()
    const keeper = process().keep(tokens, {
      onChanged: () => {},
      onSignIn(outcome) {
        told.push(outcome)
        over.open()
        throw new Error('owner')
      },
    })

    await clock.timer(isRenewal)
    clock.advance(HOUR_MS)
    await over.opened
    clock.advance(HOUR_MS)
    await keeper.stop()

    expect(told).toMatchObject([{ state: 'revoked', usable: false, error: { code: 'rejected' } }])
    expect(keeper.current).toMatchObject({ state: 'revoked', needsSignIn: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('ends at once when its own refresher revokes the chain', async () => {
    const { server, process, signIn, clock } = await world()
    const told: Outcome[] = []
    const refresher = process()
    const tokens = await signIn()
    const keeper = refresher.keep(tokens, {
      onChanged() {},
      onSignIn: (outcome) => void told.push(outcome),
    })
    await clock.timer(isRenewal)

    const revoked = await refresher.revoke(tokens)

    expect(revoked).toMatchObject({ ended: true })
    expect(keeper.current).toMatchObject({ state: 'revoked', usable: false })
    expect(told).toMatchObject([{ error: { code: 'revoked' } }])
    expect(server.counts().presentations).toBe(0)
    await keeper.stop()
  })

  it('does not end when another chain is revoked', async () => {
    const { process, signIn, clock } = await world()
    const refresher = process()
    const other = await signIn()
    await using keeper = refresher.keep(await signIn(), { onChanged() {} })
    await clock.timer(isRenewal)

    await refresher.revoke(other)

    expect(keeper.current).toMatchObject({ state: 'fresh', usable: true })
  })

  it('waits no longer when its refresher drains', async () => {
    const { server, process, signIn, clock } = await world()
    const axes = { failures: { 503: 'deferred' } } as const
    const refresher = process({ axes, waitMs: HOUR_MS })
    server.faults.next({ kind: 'status', status: 503 })
    const keeper = refresher.keep(await signIn(), { onChanged() {} })
    await clock.timer(isRenewal)
    clock.advance(HOUR_MS)
    await clock.timer((ms) => ms <= 200)

    await refresher.drain()

    expect(keeper.current).toMatchObject({
      state: 'error',
      usable: false,
      error: { code: 'draining' },
    })
    await keeper.stop()
  })

  it('tells how each renewal ended, and the log what went wrong', async () => {
    const { server, process, signIn, clock, told } = await world()
    const log = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const [tokens, logged] = [await signIn(), await signIn()]
    const { stored, onChanged, count } = owner()
    const keeper = process().keep(tokens, { onChanged })
    server.endGrant(logged.refreshToken!)
    const over = gate()
    const loud = process({ onEvent: undefined }).keep(logged, {
      onChanged() {},
      onSignIn: () => over.open(),
    })

    await clock.timer(isRenewal)
    clock.advance(HOUR_MS - 30_000)
    await Promise.all([count(1), over.opened])
    await Promise.all([keeper.stop(), loud.stop()])

    expect(stored).toHaveLength(1)
    expect(told('ended')).toMatchObject([{ state: 'rotated', callers: 1, code: undefined }])
    expect(told('ended')[0]!.grant).toBe(told('claimed')[0]!.grant)
    expect(log.mock.calls.flat()).toMatchObject([expect.stringContaining('code=rejected')])
  })

  it('looks again by itself while another holder presents', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })
    const { stored, onChanged, count } = owner()
    clock.advance(HOUR_MS - 30_000)
    const other = process().refresh(tokens)
    await server.until(({ granted }) => granted === 1)

    await using keeper = process().keep(tokens, { onChanged })
    await clock.timer((ms) => ms === 1_000)
    expect(keeper.current).toMatchObject({ state: 'expiring', usable: true })
    answer.open()
    const { accessToken } = await other
    clock.advance(1_000)
    await count(1)

    expect(stored[0]!.accessToken).toBe(accessToken)
    expect(server.counts().presentations).toBe(1)
  })

  it('does not run wild on a host whose clock is fast', async () => {
    const { server, process, signIn, clock, store } = await world()
    const { onChanged, count } = owner()
    await using keeper = process().keep(await signIn(), { onChanged })
    await clock.timer(isRenewal)
    clock.skew(2 * HOUR_MS)
    clock.advance(HOUR_MS - 30_000)
    await count(1)
    await clock.timer(isRenewal)

    const calls = store.calls
    for (let i = 0; i < 50; i += 1) {
      clock.skew(HOUR_MS)
      await new Promise((turned) => setImmediate(turned))
    }

    expect(keeper.current.usable).toBe(true)
    expect(store.calls).toBe(calls)
    expect(server.counts().presentations).toBe(1)
  })
})
