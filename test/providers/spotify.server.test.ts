import { describe, expect, it, vi } from 'vitest'
import { spotify } from '../../providers/spotify.ts'
import type { Overrides } from '../../src/core/provider.ts'
import { tokenSetFromResponse } from '../../src/index.ts'
import type { Outcome, Refresher, TokenSet } from '../../src/index.ts'
import type { ProcessOptions } from '../runtime/world.ts'
import type { ClientId } from '../oidc/oidc-server.ts'
import { expectServed, HOUR_MS } from '../runtime/world.ts'
import { SPOTIFY, SPOTIFY_SERVES_MS } from './products.ts'
import { DAY_MS, timedWorld } from './timed-world.ts'
import type { TimedWorld } from './timed-world.ts'

/** What the description takes for six months. */
const SIX_MONTHS_MS = 181 * DAY_MS

interface Spotify extends TimedWorld {
  /** A process of its own, as one client of this Spotify. */
  app(overrides?: Overrides, options?: Pick<ProcessOptions, 'ledger'>): Refresher
  signInAs(): Promise<TokenSet>
}

async function spotifyWorld(client: ClientId, rotates: boolean): Promise<Spotify> {
  const made = await timedWorld({
    ...SPOTIFY.server,
    rotates,
    presentsTwice: !rotates,
  })
  const { server, process, signIn, clock } = made
  return {
    ...made,
    app: (overrides, options) =>
      process({
        provider: SPOTIFY.at(server, overrides),
        client: server.clients[client],
        ...options,
      }),
    async signInAs() {
      const { accessToken, refreshToken } = await signIn(client)
      // Spotify is no OpenID provider: there is no ID token.
      const body = { access_token: accessToken, refresh_token: refreshToken, expires_in: 3600 }
      return tokenSetFromResponse(body, { nowMs: clock.now(), provider: 'spotify' })
    },
  }
}

/** 20 callers in two processes at once, every other one with an older set of the chain. */
async function storm(apps: readonly Refresher[], sets: readonly TokenSet[]): Promise<Outcome[]> {
  const held = (index: number): TokenSet => sets[index % sets.length]!
  return Promise.all(
    Array.from({ length: 20 }, (_, index) => apps[index % 2]!.refresh(held(index))),
  )
}

describe.each<[string, ClientId, boolean]>([
  ['PKCE, its tokens kept', 'public', false],
  ['PKCE, its tokens replaced', 'public', true],
  ['a secret', 'basic', false],
])('a client with %s', (_, client, rotates) => {
  it('presents once an expiry, over two of them, 20 callers and old sets', async () => {
    const { server, app, signInAs, pass } = await spotifyWorld(client, rotates)
    const apps = [app(), app()]
    const first = await signInAs()
    const sets = [first]

    for (let round = 1; round <= 2; round += 1) {
      pass(HOUR_MS)
      const outcomes = await storm(apps, sets)
      const newest = outcomes[0]!
      for (const outcome of outcomes) expectServed(outcome, newest.accessToken)
      expect(newest.tokens.refreshToken === sets[0]!.refreshToken).toBe(!rotates)
      expect(await server.isLive(newest.accessToken!)).toBe(true)
      sets.unshift(newest.tokens)
      expect(server.counts()).toMatchObject({
        presentations: round,
        presentedTokens: rotates ? round : 1,
        atOnceMax: 1,
        granted: round,
        grants: { live: 1, dead: 0 },
      })
    }
  })

  it('has six months from the authorization: warned before, `expired` after', async () => {
    const { server, app, signInAs, pass, clock, told } = await spotifyWorld(client, rotates)
    let tokens = await signInAs()
    const authorizedAtMs = clock.now()
    const end = authorizedAtMs + SIX_MONTHS_MS
    const renewAfter = async (ms: number): Promise<Outcome> => {
      pass(ms)
      const outcome = await app().refresh(tokens)
      tokens = outcome.tokens
      return outcome
    }

    for (let month = 1; month <= 5; month += 1) expectServed(await renewAfter(30 * DAY_MS))
    expectServed(await renewAfter(17 * DAY_MS - HOUR_MS))
    expect(told('expires_soon')).toEqual([])
    expect(tokens).toMatchObject({ authorizedAtMs, refreshExpiresAtMs: end })

    expectServed(await renewAfter(HOUR_MS))
    expect(told('expires_soon')).toMatchObject([{ provider: 'spotify', refreshExpiresAtMs: end }])
    expectServed(await renewAfter(HOUR_MS))
    expectServed(await app().refresh(tokens))
    expect(told('expires_soon')).toHaveLength(2)

    const over = await renewAfter(SPOTIFY_SERVES_MS - 167 * DAY_MS)
    expect(over).toMatchObject({ state: 'revoked', needsSignIn: true, error: { code: 'expired' } })
    expect(told('expires_soon')).toHaveLength(2)
    expect(server.counts()).toMatchObject({ granted: 8, refused: { invalid_grant: 1 } })
  })

  it('is `rejected`, not `expired`, when the user withdraws before', async () => {
    const { server, app, signInAs, pass } = await spotifyWorld(client, rotates)
    const tokens = await signInAs()
    pass(100 * DAY_MS)
    server.endGrant(tokens.refreshToken!)

    const outcome = await app().refresh(tokens)

    expect(outcome).toMatchObject({ state: 'revoked', error: { code: 'rejected' } })
  })
})

describe('a set that does not say when it was authorized', () => {
  it('is dated by its sign-in, as far as that is known', async () => {
    const { app, signInAs, pass, clock } = await spotifyWorld('public', false)
    const { authorizedAtMs, obtainedAtMs, ...rest } = await signInAs()
    const undated: TokenSet = rest
    const tokens: TokenSet = { ...rest, obtainedAtMs }
    pass(HOUR_MS)

    const byReceipt = await app().refresh(tokens)
    const byUse = await app({}, { ledger: 'another' }).refresh(undated)

    expect(byReceipt.tokens).toMatchObject({
      authorizedAtMs,
      refreshExpiresAtMs: authorizedAtMs! + SIX_MONTHS_MS,
    })
    expect(byUse.tokens.authorizedAtMs).toBe(clock.now())
  })

  it.each([false, true])('is dated by the ledger (tokens replaced: %s)', async (rotates) => {
    const { app, signInAs, pass, told } = await spotifyWorld('public', rotates)
    let tokens = await signInAs()
    const { authorizedAtMs } = tokens
    const columns = (set: TokenSet): TokenSet => ({
      accessToken: set.accessToken,
      refreshToken: set.refreshToken,
      expiresAtMs: set.expiresAtMs,
    })

    // A row of a database with a column for these three, that is seen often enough.
    for (let weeks = 1; weeks <= 24; weeks += 1) {
      pass(7 * DAY_MS)
      const outcome = await app().refresh(tokens)
      expect(outcome.tokens.authorizedAtMs).toBe(authorizedAtMs)
      tokens = columns(outcome.tokens)
    }

    expect(told('expires_soon')).toHaveLength(1)
    pass(SPOTIFY_SERVES_MS - 24 * 7 * DAY_MS)
    const over = await app().refresh(tokens)
    expect(over).toMatchObject({ needsSignIn: true, error: { code: 'expired' } })
  })
})

describe('the default log line', () => {
  it('says once that refresh tokens expire soon', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const { process, server, signInAs, pass } = await spotifyWorld('public', false)
    const provider = spotify({ tokenEndpoint: server.tokenEndpoint })
    const loud = process({ provider, onEvent: undefined })
    const sets = [await signInAs(), await signInAs()]
    pass(170 * DAY_MS)

    for (const tokens of sets) expectServed(await loud.refresh(tokens))

    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^refresh-once: provider=spotify event=expires_soon at=2027-07-15T\S+Z token=[\w-]{8}$/,
        ),
      ],
    ])
  })
})

describe('a 503', () => {
  it.each([true, false])('signs nobody out while the access token is good', async (rotates) => {
    const { server, app, signInAs, pass } = await spotifyWorld('public', rotates)
    const tokens = await signInAs()
    pass(HOUR_MS - 30_000)
    server.faults.next({ kind: 'status', status: 503 })

    for (const outcome of await storm([app(), app()], [tokens])) {
      expectServed(outcome, tokens.accessToken)
    }

    expect(server.counts()).toMatchObject({ presentations: 1, granted: 0 })
  })

  it('signs nobody out at all where tokens are known to be kept', async () => {
    const { server, app, signInAs, pass } = await spotifyWorld('basic', false)
    const kept = (): Refresher => app({ rotation: 'never', reuse: 'accepted' })
    const tokens = await signInAs()
    pass(HOUR_MS)
    server.faults.next({ kind: 'status', status: 503 })

    const during = await kept().refresh(tokens)
    const after = await kept().refresh(during.tokens)

    expect(during).toMatchObject({ usable: false, needsSignIn: false, error: { code: 'unknown' } })
    expectServed(after)
    expect(after.error).toBeUndefined()
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 1, atOnceMax: 1 })
  })
})
