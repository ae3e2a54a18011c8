import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Around } from '../oidc/oidc-server.ts'
import { SPOTIFY_API } from './apps/spotify.ts'
import { ADA, startBackend, type Backend } from './backend.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { together, type CookieToken, type Visitor } from './visitor.ts'

/** In NextAuth 4 these tokens do not say when they were obtained: see `pages.test.ts`. */
const LIFETIME_MS = 180_000

const REQUESTS = 4

/** The examples with each provider, as the environment chooses it, and a route that says a name. */
const rows = [
  { build: 'app', provider: 'logto', client: 'public', path: '/api/bare' },
  { build: 'app', provider: 'spotify', client: 'basic', path: '/api/bare' },
  { build: 'app', provider: 'credentials', client: 'public', path: '/api/bare' },
  { build: 'pages', provider: 'logto', client: 'basic', path: '/api/me' },
  { build: 'pages', provider: 'spotify', client: 'public', path: '/api/me' },
  { build: 'pages', provider: 'credentials', client: 'public', path: '/api/me' },
] as const

/** Logto's path and rotation; whoever is no OpenID provider does not send again what it keeps. */
const SERVER = {
  path: '/oidc',
  rotates: 'nearing_expiry',
  resources: [SPOTIFY_API],
  around: {
    answer({ status, body }, presented) {
      const { refresh_token: next, ...others } = body
      const isLeftOut = next === presented && !('id_token' in body)
      return { status, body: isLeftOut ? others : body }
    },
  } satisfies Around,
} as const

let backend: Backend
let world: Stage

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
  backend = await startBackend(LIFETIME_MS)
  const apps = rows.map(({ build, provider, client }) => ({
    build,
    client,
    callbacks: 'ours' as const,
    env: {
      PROVIDER: provider,
      ...(provider === 'credentials' && { AUTH_ISSUER: backend.origin }),
      // Spotify's own API is the only one that is not here.
      ...(provider !== 'spotify' && { PROFILE: '' }),
    },
  }))
  world = await stage({ accessTokenMs: LIFETIME_MS, server: SERVER, apps })
}, 2 * BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await backend?.stop()
  vi.useRealTimers()
})

/** Lets all access tokens expire, by everybody's clock. */
async function expire(): Promise<void> {
  vi.setSystemTime(vi.getMockedSystemTime()!.getTime() + LIFETIME_MS)
  await Promise.all(world.apps.map((app) => app.advance(LIFETIME_MS)))
}

/** What is in the cookie: with `credentials`, tokens are called as in a token set. */
async function refreshTokenOf(who: Visitor): Promise<string> {
  const token = (await who.token())! as CookieToken & { readonly refreshToken?: string }
  return token.refreshToken ?? token.refresh_token
}

describe.each(rows)('the $build example with $provider', (row) => {
  const { provider, path } = row
  const isOurs = provider === 'credentials'

  /** How often refresh tokens were presented: these of the backend's, or all of a grant. */
  function presentationsOf({ grant }: Visitor, tokens: readonly string[]): number {
    if (!isOurs) return world.server.counts(grant).presentations
    return tokens.reduce((sum, token) => sum + (backend.presented.get(token) ?? 0), 0)
  }

  it('says who it is past an expiry, and presents the refresh token once', async () => {
    const who = await world.visitor(world.apps[rows.indexOf(row)]!, isOurs ? ADA : {})
    const greeting = await who.open('/')
    const first = await refreshTokenOf(who)
    await expire()

    const names = await together(who, Array<string>(REQUESTS).fill(path))
    const seen = await who.open('/')

    expect(seen).toBe(greeting)
    expect(names.map((name) => `Hello, ${name}`)).toEqual(names.map(() => greeting))
    expect(presentationsOf(who, [first, await refreshTokenOf(who)])).toBe(1)
    await who.close()
  })
})
