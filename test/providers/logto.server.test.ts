import { describe, expect, it } from 'vitest'
import { logto } from '../../providers/logto.ts'
import type { Overrides } from '../../src/core/provider.ts'
import type { Outcome, Refresher, TokenSet } from '../../src/index.ts'
import type { ClientId } from '../oidc/oidc-server.ts'
import { expectServed, HOUR_MS } from '../runtime/world.ts'
import { LOGTO } from './products.ts'
import { DAY_MS, timedWorld } from './timed-world.ts'
import type { TimedWorld } from './timed-world.ts'

const API = 'https://api.example.com/'
const ORGANIZATION = 'urn:logto:organization:acme'

/** What Logto answers whoever is no member of the organization: before it looks at the token. */
const FORBIDDEN = JSON.stringify({
  code: 'oidc.access_denied',
  message: 'Access denied.',
  error: 'access_denied',
  error_description: 'user is not a member of the organization',
})

interface Logto extends TimedWorld {
  /** A process of its own, as one client of this Logto. */
  app(overrides?: Overrides): Refresher
  signInAs(): Promise<TokenSet>
}

async function logtoWorld(client: ClientId, { presentsTwice = false } = {}): Promise<Logto> {
  const made = await timedWorld({
    ...LOGTO.server,
    path: '/oidc',
    resources: [API, ORGANIZATION],
    presentsTwice,
  })
  const { server, process, signIn } = made
  const endpoint = server.issuer.replace(/\/oidc$/, '')
  const inBody: Overrides = client === 'post' ? { clientAuthentication: 'client_secret_post' } : {}
  return {
    ...made,
    app: (overrides) =>
      process({
        provider: logto({ endpoint, ...inBody, ...overrides }),
        client: server.clients[client],
      }),
    signInAs: () => signIn(client, { resource: [API, ORGANIZATION] }),
  }
}

/** 20 callers in two processes at once, every other one with an older set of the chain. */
async function storm(apps: readonly Refresher[], sets: readonly TokenSet[]): Promise<Outcome[]> {
  const held = (index: number): TokenSet => sets[index % sets.length]!
  return Promise.all(
    Array.from({ length: 20 }, (_, index) => apps[index % 2]!.refresh(held(index))),
  )
}

describe('a public client, whose tokens rotate at each use', () => {
  it('presents each refresh token once, over two expiries, 20 callers and old sets', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const apps = [app(), app()]
    const sets = [await signInAs()]

    for (let round = 1; round <= 2; round += 1) {
      pass(HOUR_MS)
      const outcomes = await storm(apps, sets)
      const newest = outcomes[0]!
      for (const outcome of outcomes) expectServed(outcome, newest.accessToken)
      expect(newest.tokens.refreshToken).not.toBe(sets[0]!.refreshToken)
      expect(await server.isLive(newest.accessToken!)).toBe(true)
      sets.unshift(newest.tokens)
      expect(server.counts()).toMatchObject({
        presentations: round,
        presentedTwice: 0,
        reuses: 0,
        grants: { live: 1, dead: 0 },
      })
    }
  })

  it('loses a token to `invalid_target`, which comes when it is spent', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const tokens = await signInAs()

    const refused = await app().refresh(tokens, { resource: 'https://other.example.com/' })
    const fresh = await app().refresh(tokens)
    pass(HOUR_MS)
    const over = await app().refresh(refused.tokens)

    expect(refused).toMatchObject({
      usable: false,
      needsSignIn: true,
      error: { code: 'refused', oauthError: 'invalid_target', status: 400 },
    })
    expectServed(fresh, tokens.accessToken)
    expect(over).toMatchObject({ usable: false, needsSignIn: true, error: { code: 'lost' } })
    expect(server.counts()).toMatchObject({ presentations: 1, refused: { invalid_target: 1 } })
  })

  it('does not present again after a 500 that came when the token was spent', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const tokens = await signInAs()
    pass(HOUR_MS - 30_000)
    const body = JSON.stringify({ code: 'oidc.server_error', error: 'server_error' })
    server.faults.next({ kind: 'status', status: 500, processed: true, body })

    const during = await app().refresh(tokens)
    const after = await app().refresh(during.tokens)
    pass(HOUR_MS)
    const over = await app().refresh(after.tokens)

    expectServed(during, tokens.accessToken)
    expectServed(after, tokens.accessToken)
    expect(during.error).toMatchObject({ code: 'unknown', status: 500 })
    expect(over).toMatchObject({ needsSignIn: true, error: { code: 'lost' } })
    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1, reuses: 0 })
  })
})

describe.each<[string, ClientId]>([
  ['in the header', 'basic'],
  ['in the body', 'post'],
])('a confidential client, its secret %s', (_, client) => {
  it('presents the same token once an expiry, then the next one past 70 %', async () => {
    const { server, app, signInAs, pass } = await logtoWorld(client, { presentsTwice: true })
    const apps = [app(), app()]
    const first = await signInAs()
    const sets = [first]

    for (const ms of [HOUR_MS, HOUR_MS, 10 * DAY_MS, HOUR_MS]) {
      pass(ms)
      const outcomes = await storm(apps, sets)
      for (const outcome of outcomes) expectServed(outcome, outcomes[0]!.accessToken)
      sets.unshift(outcomes[0]!.tokens)
    }

    const [last, rotated, second, one] = sets
    expect([one, second].map((set) => set!.refreshToken)).toEqual(
      [first, first].map(({ refreshToken }) => refreshToken),
    )
    expect(rotated!.refreshToken).not.toBe(first.refreshToken)
    expect(last!.refreshToken).toBe(rotated!.refreshToken)
    expect(server.counts()).toMatchObject({
      presentations: 4,
      presentedTokens: 2,
      granted: 4,
      refused: {},
    })
  })
})

describe('resources and organizations', () => {
  it('are served with one chain of refresh tokens, each its own access token', async () => {
    const { server, app, signInAs, pass, told } = await logtoWorld('public')
    const tokens = await signInAs()
    const wanted = [{ resource: API }, { organization: 'acme' }]

    const [api, organization] = await Promise.all(
      wanted.map((audience) => app().refresh(tokens, audience)),
    )
    const again = await Promise.all(wanted.map((audience) => app().refresh(tokens, audience)))
    const plain = await app().refresh(tokens)
    pass(HOUR_MS)
    const renewed = await app().refresh(api!.tokens, wanted[0])

    expect(new Set([api, organization, plain].map((each) => each!.accessToken)).size).toBe(3)
    expect(again.map(({ accessToken }) => accessToken)).toEqual([
      api!.accessToken,
      organization!.accessToken,
    ])
    expect(plain.accessToken).toBe(tokens.accessToken)
    expectServed(renewed)
    expect(renewed.accessToken).not.toBe(api!.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 3, presentedTwice: 0, granted: 3 })
    expect(told('served').length).toBeGreaterThanOrEqual(2)
  })

  it('cost nothing when the user is no member: that is said before a token is spent', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public', { presentsTwice: true })
    const tokens = await signInAs()
    server.faults.next({ kind: 'status', status: 403, body: FORBIDDEN })

    const refused = await app().refresh(tokens, { organization: 'other' })
    pass(HOUR_MS)
    const next = await app().refresh(refused.tokens)

    expect(refused).toMatchObject({
      usable: false,
      needsSignIn: false,
      error: { code: 'refused', oauthError: 'access_denied', status: 403 },
    })
    expectServed(next)
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 1, reuses: 0 })
  })
})

describe('a sign-in that brought no refresh token', () => {
  it('ends in one error that names the three settings', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const { refreshToken: _, ...tokens } = await signInAs()
    pass(HOUR_MS)

    const outcome = await app().refresh(tokens)

    expect(outcome).toMatchObject({ needsSignIn: true, error: { code: 'no_refresh_token' } })
    expect(outcome.error!.message).toMatch(
      /offline_access.*prompt=consent.*"Always issue refresh token"/,
    )
    expect(server.counts().presentations).toBe(0)
  })
})

describe('a grant that was ended in the console', () => {
  it('is revoked for every process, and asked about once', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const tokens = await signInAs()
    pass(HOUR_MS)
    server.endGrant(tokens.refreshToken!)

    const outcomes = [...(await storm([app(), app()], [tokens])), await app().refresh(tokens)]

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        state: 'revoked',
        needsSignIn: true,
        error: { code: 'rejected' },
      })
    }
    expect(server.counts()).toMatchObject({ presentations: 1, refused: { invalid_grant: 1 } })
  })
})

describe('a 503', () => {
  it('signs nobody out while the access token is good', async () => {
    const { server, app, signInAs, pass } = await logtoWorld('public')
    const tokens = await signInAs()
    pass(HOUR_MS - 30_000)
    server.faults.next({ kind: 'status', status: 503 })

    for (const outcome of await storm([app(), app()], [tokens])) {
      expectServed(outcome, tokens.accessToken)
    }

    expect(server.counts()).toMatchObject({ presentations: 1, granted: 0 })
  })

  it('signs nobody out at all where it is described, and leaves nothing behind', async () => {
    const { server, app, signInAs, pass, clock } = await logtoWorld('public', {
      presentsTwice: true,
    })
    const described = (): Refresher => app({ failures: { 503: 'deferred' } })
    const tokens = await signInAs()
    pass(HOUR_MS)
    server.faults.next({ kind: 'status', status: 503 })

    const outcomes = storm([described(), described()], [tokens])

    for (const outcome of await clock.through(outcomes, (ms) => ms < 1_000)) {
      expectServed(outcome)
      expect(outcome.error).toBeUndefined()
    }
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 1, atOnceMax: 1 })
  })
})
