import { describe, expect, it, vi } from 'vitest'
import { RefreshError } from '../../../src/core/errors.ts'
import { defineProvider } from '../../../src/index.ts'
import type { TokenSet } from '../../../src/index.ts'
import { freePort } from '../../servers/process.ts'
import { HOUR_MS, world } from '../world.ts'

describe('a grant that the AS revoked', () => {
  it('is asked about once, and by no process ever again', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.endGrant(tokens.refreshToken!)

    const first = await process().refresh(tokens)
    const others = await Promise.all([
      process().refresh(tokens),
      process().refresh(first.tokens),
      process().refresh(first.tokens, { refused: true }),
    ])

    for (const outcome of [first, ...others]) {
      expect(outcome).toMatchObject({
        state: 'revoked',
        usable: false,
        accessToken: undefined,
        needsSignIn: true,
        error: { code: 'rejected' },
      })
    }
    expect(server.counts()).toMatchObject({ presentations: 1, refused: { invalid_grant: 1 } })
  })

  it('says `expired` past the lifetime that the AS or its description gave', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = { ...(await signIn()), refreshExpiresAtMs: clock.now() + HOUR_MS }
    expire()
    server.endGrant(tokens.refreshToken!)

    const outcomes = [await process().refresh(tokens), await process().refresh(tokens)]

    for (const outcome of outcomes) expect(outcome.error?.code).toBe('expired')
  })

  it('is revoked for holders of older sets, too', async () => {
    const { server, process, signIn, expire } = await world()
    const old = await signIn()
    expire()
    const { tokens } = await process().refresh(old)
    server.endGrant(tokens.refreshToken!)
    expire()
    await process().refresh(tokens)

    const outcome = await process({ staleHolders: 'serve' }).refresh(old)

    expect(outcome).toMatchObject({
      state: 'revoked',
      needsSignIn: true,
      error: { code: 'rejected' },
    })
    expect(server.counts().presentations).toBe(2)
  })
})

describe('reload', () => {
  it('is believed for a later set of the same grant, and asked once', async () => {
    const { server, process, signIn, expire } = await world({ presentsTwice: true })
    const first = await signIn()
    expire()
    const stale = (await process().refresh(first)).tokens
    expire()
    const newest = (await process().refresh(stale)).tokens
    const asked: TokenSet[] = []
    const reload = async (set: TokenSet): Promise<TokenSet> => {
      asked.push(set)
      return newest
    }

    // A ledger that forgot everything: only the application's storage can tell.
    const body = JSON.stringify({ error: 'invalid_grant' })
    server.faults.next({ kind: 'status', status: 400, body })
    const outcome = await process({ ledger: 'forgetful', reload }).refresh(stale)

    expect(asked).toHaveLength(1)
    // Without the proof: the key of this chain is forgotten, too.
    const grant = stale.grant!.replace(/\.[^.]*$/, '')
    expect(asked[0]).toMatchObject({ refreshToken: stale.refreshToken, grant })
    expect(outcome).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
    expect(outcome.tokens.grant).toContain(newest.grant!.replace(/\d+\.[\w-]+$/, '3.'))
  })

  for (const [what, change] of Object.entries<(set: TokenSet) => unknown>({
    'the same set': (set) => set,
    'an older generation': (set) => ({ ...set, grant: set.grant!.replace(/\.\d+(?=\.|$)/, '.0') }),
    'another grant': (set) => ({ ...set, grant: `${'A'.repeat(43)}.7` }),
    'no grant': (set) => ({ ...set, grant: undefined }),
    'no token set': () => ({ accessToken: 7 }),
    nothing: () => undefined,
  })) {
    it(`is not believed when it says: ${what}`, async () => {
      const { server, process, signIn, expire } = await world()
      const first = await signIn()
      expire()
      const { tokens } = await process().refresh(first)
      server.endGrant(tokens.refreshToken!)
      expire()
      let asked = 0
      const reload = async (): Promise<TokenSet> => {
        asked += 1
        return change(tokens) as TokenSet
      }

      const outcome = await process({ reload }).refresh(tokens)

      expect(outcome).toMatchObject({ state: 'revoked', needsSignIn: true })
      expect(asked).toBe(1)
      expect(server.counts().presentations).toBe(2)
    })
  }

  it('may fail', async () => {
    const { server, process, signIn, expire } = await world()
    const tokens = await signIn()
    expire()
    server.endGrant(tokens.refreshToken!)

    const outcome = await process({ reload: () => Promise.reject(new Error('db')) }).refresh(tokens)

    expect(outcome).toMatchObject({ state: 'revoked', needsSignIn: true })
  })

  it('may never answer: it is waited for as long as the call has time', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    server.endGrant(tokens.refreshToken!)
    expire()

    const refreshing = process({ reload: () => new Promise(() => {}) }).refresh(tokens)
    const outcome = await clock.through(refreshing, (ms) => ms === 20_000)

    expect(outcome).toMatchObject({ state: 'revoked', needsSignIn: true })
  })
})

describe('revoke', () => {
  it('ends the chain for holders of any generation, and at the AS', async () => {
    const { server, process, signIn, expire, told } = await world()
    const sets: TokenSet[] = [await signIn()]
    for (let i = 0; i < 2; i += 1) {
      expire()
      sets.push((await process().refresh(sets.at(-1)!)).tokens)
    }

    const revoked = await process().revoke(sets[0]!)

    expect(revoked).toEqual({ ended: true, revoked: true, error: undefined })
    expire()
    for (const set of sets) {
      const outcome = await process({ staleHolders: 'serve' }).refresh(set)
      expect(outcome).toMatchObject({
        state: 'revoked',
        needsSignIn: true,
        error: { code: 'revoked' },
      })
    }
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 0, dead: 1 } })
    expect(await server.isLive(sets[2]!.accessToken)).toBe(false)
    expect(told('tokens_revoked')).toMatchObject([{ revoked: true }])
  })

  it('reaches the chain through a set that holds its name and no refresh token', async () => {
    const { server, process, signIn, expire } = await world()
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    const { refreshToken: _, ...bare } = tokens

    const revoked = await process().revoke(bare)

    expect(revoked).toMatchObject({ ended: true, revoked: true })
    expect(server.counts().grants).toEqual({ live: 0, dead: 1 })
    expire()
    expect(await process().refresh(tokens)).toMatchObject({ state: 'revoked', needsSignIn: true })
  })

  it('waits for whoever presents, who revokes what they receive', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    let answer = (): void => {}
    server.faults.next({ kind: 'delay', after: new Promise<void>((resolve) => (answer = resolve)) })
    const holder = process().refresh(tokens)
    await server.until(({ granted }) => granted === 1)

    let isOver = false
    const revoking = process().revoke(tokens)
    void revoking.then(() => (isOver = true))
    await clock.timer((ms) => ms === 20_000)
    // More round trips than a revocation takes.
    for (let i = 0; i < 20; i += 1) await server.isLive(tokens.accessToken)
    expect(isOver).toBe(false)
    answer()
    const [outcome, revoked] = await Promise.all([holder, revoking])

    expect(outcome).toMatchObject({ state: 'revoked', usable: false, needsSignIn: true })
    expect(revoked).toMatchObject({ ended: true })
    expect(server.counts().grants).toEqual({ live: 0, dead: 1 })
  })

  it('tells the AS at least, when the store is down', async () => {
    const { server, process, signIn, store, clock } = await world()
    const tokens = await signIn()
    store.before = () => {
      throw new Error('down')
    }

    const revoking = process().revoke(tokens)
    const revoked = await clock.through(revoking, (ms) => ms <= 1_000)

    // Of the newest token nobody can say anything.
    expect(revoked).toMatchObject({
      ended: false,
      revoked: false,
      error: { code: 'store_unavailable' },
    })
    expect(server.counts().grants).toEqual({ live: 0, dead: 1 })
  })

  it('revokes the newest token also when the store goes down in the middle', async () => {
    const { server, process, signIn, expire, store, clock, told } = await world()
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    const down = vi.fn(() => {
      throw new Error('down')
    })
    store.before = () => (told('revoked').length > 0 ? down() : undefined)

    const revoking = process().revoke({ ...first, grant: tokens.grant })
    const revoked = await clock.through(revoking, (ms) => ms <= 1_000)

    expect(revoked).toEqual({ ended: true, revoked: true, error: undefined })
    expect(down).toHaveBeenCalled()
    expect(server.counts().grants).toEqual({ live: 0, dead: 1 })
  })

  it('says why the AS has not revoked the token', async () => {
    const { process, signIn, clock } = await world()
    const tokens = await signIn()
    const closed = `http://127.0.0.1:${await freePort()}/revoke`

    const revoking = process({ axes: { revocationEndpoint: closed } }).revoke(tokens)
    const revoked = await clock.through(revoking, (ms) => ms <= 15_000)

    expect(revoked).toMatchObject({ ended: true, revoked: false, error: { code: 'unreachable' } })
  })

  it.each([
    ['wrong_issuer', { client: { id: 'another' } }],
    ['ledger_mismatch', { pepper: 'p'.repeat(32) }],
    ['store_evicts', undefined],
  ] as const)('sends nothing anywhere after %s', async (code, options) => {
    const { server, process, signIn, expire, store } = await world()
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    if (options === undefined) {
      store.before = () => {
        throw new RefreshError('store_evicts')
      }
    }
    const sent: string[] = []
    const fetched = (url: string, init: RequestInit): Promise<Response> => {
      sent.push(url)
      return fetch(url, init)
    }

    const revoked = await process({ ...options, fetch: fetched }).revoke(tokens)

    expect(revoked).toMatchObject({ ended: false, revoked: false, error: { code } })
    expect(sent).toEqual([])
    expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
  })

  it('says what it reached where no revocation endpoint is known', async () => {
    const { server, process, signIn } = await world()
    const { tokenEndpoint } = server
    const provider = defineProvider({ id: 'oidc', tokenEndpoint, clientAuthentication: 'none' })

    const [chain, bare] = [
      await process({ provider }).revoke(await signIn()),
      await process({ provider }).revoke({ accessToken: 'at' }),
    ]

    expect(chain).toMatchObject({ ended: true, revoked: false })
    expect(bare).toMatchObject({ ended: false, revoked: false })
    for (const { error } of [chain, bare]) {
      expect(error).toMatchObject({ code: 'no_revocation_endpoint' })
      expect(error?.message).toContain('revocationEndpoint: null')
    }
    expect(chain.error?.message).toContain('has ended in the ledger')
    expect(bare.error?.message).toContain('nothing has ended')
  })

  it("sends no other provider's token", async () => {
    const { server, process, signIn } = await world()
    const tokens = { ...(await signIn()), provider: 'another' }

    const revoked = await process().revoke(tokens)

    expect(revoked).toMatchObject({ ended: false, error: { code: 'provider_mismatch' } })
    expect(() => process().keep(tokens, { onChanged() {} })).toThrow(
      expect.objectContaining({ code: 'provider_mismatch' }),
    )
    expect(server.counts().grants).toEqual({ live: 1, dead: 0 })
  })

  it('never rejects, whatever it is given', async () => {
    const { process } = await world()

    const revoked = await process().revoke({ accessToken: undefined } as unknown as TokenSet)

    expect(revoked).toMatchObject({
      ended: false,
      revoked: false,
      error: { code: 'invalid_tokens' },
    })
  })
})

// oidc-provider's `revokeGrantPolicy` spares the grant, not its tokens: all die with any of them.
// Hence the test looks at what the AS was told, too: others revoke one token at a time.
describe('200 sign-outs raced against refreshes', () => {
  it('leave no token alive that anybody received', { timeout: 240_000 }, async () => {
    const { server, process, signIn, expire } = await world({ revokeGrantPolicy: () => false })
    const sets = await Promise.all(Array.from({ length: 200 }, () => signIn()))
    const received: string[] = []
    const told = new Set<string | null>()
    const fetched = async (url: string, init: RequestInit): Promise<Response> => {
      if (url.endsWith('/revocation')) {
        told.add(new URLSearchParams(init.body as string).get('token'))
      }
      const response = await fetch(url, init)
      const body = (await response
        .clone()
        .json()
        .catch(() => ({}))) as Record<string, string>
      if (body['refresh_token']) received.push(body['access_token']!, body['refresh_token'])
      return response
    }
    const [a, b] = [process({ fetch: fetched }), process({ fetch: fetched })]
    expire()

    const ends = await Promise.all(
      sets.map(async (set, i) => {
        const refreshing = i % 3 === 0 ? undefined : a.refresh(set)
        // A sign-out before, during and after the exchange.
        if (i % 3 === 2) await refreshing
        const revoking = b.revoke(set)
        const [outcome, revoked] = await Promise.all([refreshing ?? a.refresh(set), revoking])
        return { outcome, revoked }
      }),
    )

    const unended = ends.filter(({ revoked }) => !revoked.ended)
    expect(unended.map(({ revoked }) => revoked.error?.code)).toEqual([])
    const live = await Promise.all(received.map((token) => server.isLive(token)))
    // Two tokens of each exchange that a sign-out waited for; of the others as chance has it.
    expect(received.length).toBeGreaterThanOrEqual(2 * Math.floor(sets.length / 3))
    expect(live.filter(Boolean)).toEqual([])
    expect(received.filter((token) => !told.has(token))).toEqual([])
    const firstRefreshTokens = await Promise.all(
      sets.map((set) => server.isLive(set.refreshToken!)),
    )
    expect(firstRefreshTokens.filter(Boolean)).toEqual([])
    expect(server.counts()).toMatchObject({ presentedTwice: 0, grants: { live: 0, dead: 200 } })
    for (const { outcome } of ends) {
      const later = await a.refresh(outcome.tokens, { refused: true })
      expect(later, later.error?.code).toMatchObject({ state: 'revoked', usable: false })
    }
  })
})
