import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../../src/index.ts'
import { REFUSED_FLOOR_MS } from '../../../src/runtime/timing.ts'
import { HOUR_MS, world } from '../world.ts'

describe('refused', () => {
  it('presents once for 20 callers whose access token was refused', async () => {
    const { server, process, signIn } = await world()
    const tokens = await signIn()
    const processes = [process(), process()]

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => processes[i % 2]!.refresh(tokens, { refused: true })),
    )

    expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(outcomes[0]).toMatchObject({ state: 'rotated', usable: true, changed: true })
    expect(outcomes[0]!.accessToken).not.toBe(tokens.accessToken)
    expect(server.counts().presentations).toBe(1)
  })

  it('is satisfied by a newer access token of the ledger', async () => {
    const { server, process, signIn } = await world()
    const tokens = await signIn()
    const newer = await process().refresh(tokens, { refused: true })

    const late = await process().refresh(tokens, { refused: true })

    expect(late.accessToken).toBe(newer.accessToken)
    expect(server.counts().presentations).toBe(1)
  })

  it('does not repeat: the newest refused is another matter', async () => {
    const { server, process, signIn, clock } = await world()
    const first = await process().refresh(await signIn(), { refused: true })
    clock.advance(REFUSED_FLOOR_MS)

    const second = await process().refresh(first.tokens, { refused: true })

    expect(second.accessToken).not.toBe(first.accessToken)
    expect(server.counts().presentations).toBe(2)
  })

  it('hands out nothing when the refused one is all there is', async () => {
    const { server, process, signIn } = await world()
    const tokens = await signIn()
    server.faults.next({ kind: 'status', status: 401 })

    const outcome = await process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ usable: false, accessToken: undefined, needsSignIn: false })
    expect(outcome.error?.code).toBe('refused')
  })
})

describe('minValidMs', () => {
  it('renews ahead of its time what would not last', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS / 2)

    const enough = await process().refresh(tokens, { minValidMs: HOUR_MS / 4 })
    const renewed = await process().refresh(tokens, { minValidMs: (HOUR_MS * 3) / 4 })

    expect(enough).toMatchObject({ state: 'fresh', tokens })
    expect(renewed).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })

  it('asks no more of the AS than it has: one renewal, not one a call', async () => {
    const { server, process, signIn } = await world()
    let tokens: TokenSet = await signIn()

    for (let i = 0; i < 5; i += 1) {
      const outcome = await process().refresh(tokens, { minValidMs: 2 * HOUR_MS })
      expect(outcome.usable).toBe(true)
      tokens = outcome.tokens
    }

    expect(server.counts().presentations).toBe(1)
  })
})

describe('several audiences on one refresh token', () => {
  const [one, two] = ['https://one.example.com', 'https://two.example.com']

  it('are serialised, and kept apart', async () => {
    const { server, process, signIn } = await world({ resources: [one, two] })
    const tokens = await signIn('public', {
      resource: [one, two],
      scope: 'openid offline_access read',
    })
    const refreshers = [process(), process()]

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        refreshers[i % 2]!.refresh(tokens, { resource: i % 4 < 2 ? one : two }),
      ),
    )
    const [forOne, forTwo] = [outcomes[0]!, outcomes[2]!]

    expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => undefined))
    for (const [i, { accessToken }] of outcomes.entries()) {
      expect(accessToken).toBe(i % 4 < 2 ? forOne.accessToken : forTwo.accessToken)
    }
    expect(forOne.accessToken).not.toBe(forTwo.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 2, atOnceMax: 1, reuses: 0 })
    // A set holds the access token of the default audience only; the others live in the ledger.
    expect(forOne.tokens.accessToken).toBe(tokens.accessToken)
    const again = await process().refresh(outcomes[0]!.tokens, { resource: one })
    expect(again.accessToken).toBe(forOne.accessToken)
    expect(server.counts().presentations).toBe(2)
  })

  it('an audience that is refused does not cost the others theirs', async () => {
    const { server, process, signIn } = await world({ resources: [one] })
    const tokens = await signIn('public', { resource: [one], scope: 'openid offline_access read' })
    const good = await process().refresh(tokens, { resource: one })

    const refused = await process().refresh(good.tokens, { resource: two })
    const after = await process().refresh(good.tokens, { resource: one })

    expect(refused).toMatchObject({ usable: false, error: { code: 'refused' } })
    expect(after.accessToken).toBe(good.accessToken)
    expect(server.counts().presentations).toBe(2)
  })
})

describe('an answer that holds the refused access token again', () => {
  it('is saved, and its caller is told why there is nothing to use', async () => {
    const { server, process, signIn } = await world()
    const tokens = await signIn()
    server.faults.next({
      kind: 'status',
      status: 200,
      body: JSON.stringify({
        access_token: tokens.accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'rt-next',
      }),
    })

    const outcome = await process().refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({
      usable: false,
      changed: true,
      needsSignIn: false,
      error: { code: 'unusable' },
    })
    expect(outcome.tokens.refreshToken).toBe('rt-next')
  })
})

describe('refresh', () => {
  it('rejects for an option of a wrong kind, before anything is presented', async () => {
    const { server, process, signIn } = await world()
    const resource = 1n as unknown as string

    const refreshing = process().refresh(await signIn(), { resource })

    await expect(refreshing).rejects.toThrow('refresh: resource is a bigint: write a text')
    expect(server.counts().presentations).toBe(0)
  })
})
