import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { refreshCallbacks, signOutEvent } from '../../../src/integrations/auth-js.ts'
import type {
  CallbackOptions,
  JwtCallback,
  SessionCallback,
} from '../../../src/integrations/auth-js.ts'
import type { TokenSet } from '../../../src/index.ts'
import { HOUR_MS, world, type World } from '../../runtime/world.ts'

type Token = Record<string, unknown>

/** What Auth.js has in a token by itself. */
const PERSON = { name: 'Ada', email: 'ada@example.com', picture: null, sub: 'user-1' }

const seconds = (ms: number | undefined): number => Math.floor((ms ?? NaN) / 1000)

/** A token set, as hand-written callbacks hold it in the cookie. */
const STYLES: Readonly<Record<string, (set: TokenSet) => Token>> = {
  'access_token, expires_at in seconds': (set) => ({
    access_token: set.accessToken,
    refresh_token: set.refreshToken,
    expires_at: seconds(set.expiresAtMs),
  }),
  'accessToken, expiresAt in seconds': (set) => ({
    accessToken: set.accessToken,
    refreshToken: set.refreshToken,
    expiresAt: seconds(set.expiresAtMs),
  }),
  'accessToken, accessTokenExpires in milliseconds': (set) => ({
    accessToken: set.accessToken,
    refreshToken: set.refreshToken,
    accessTokenExpires: set.expiresAtMs,
  }),
}

const textOf = (value: unknown): string => JSON.stringify(value)

interface Held extends World {
  readonly set: TokenSet
  readonly lines: string[]
  readonly callbacks: { readonly jwt: JwtCallback; readonly session: SessionCallback }
}

/** A signed-in user, and callbacks with one refresher, whose tokens cookies hold by default. */
async function held(options: CallbackOptions = {}): Promise<Held> {
  const made = await world()
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const callbacks = refreshCallbacks(
    { oidc: made.process() },
    { log, legacyCookieProvider: 'oidc', ...options },
  )
  return { ...made, set: await made.signIn(), lines, callbacks }
}

describe('the jwt callback, for cookies from before it was there', () => {
  it.each(Object.keys(STYLES))('renews %s, and writes them back so', async (style) => {
    const { callbacks, set, expire, server } = await held()
    const before: Token = { ...PERSON, theme: 'dark', ...STYLES[style]!(set) }
    expire()

    const after: Token = await callbacks.jwt({ token: before })
    expire()
    const last: Token = await callbacks.jwt({ token: after })

    const { name, value } = accessTokenIn(last)
    expect(Object.keys(STYLES[style]!(set)).every((each) => each in last)).toBe(true)
    expect(last).toMatchObject({ ...PERSON, theme: 'dark' })
    expect(last[name]).not.toBe(before[name])
    expect(await server.isLive(value)).toBe(true)
    const expiry = Object.keys(STYLES[style]!(set))[2]!
    const second = 1000 / (String(last[expiry]).length > 11 ? 1000 : 1)
    expect(Number(last[expiry]) - Number(before[expiry])).toBeCloseTo((2 * HOUR_MS) / second, -4)
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })

  it('keeps every name fresh under which a token stands', async () => {
    const { callbacks, set, expire } = await held()
    const both = { ...STYLES['access_token, expires_at in seconds']!(set), accessToken: 'older' }
    expire()

    const after: Token = await callbacks.jwt({ token: { ...PERSON, ...both } })

    expect(after['access_token']).toBe(after['accessToken'])
    expect(after['access_token']).not.toBe(set.accessToken)
  })

  it('heals a cookie that holds a lifetime and no time', async () => {
    const { callbacks, set, server } = await held()
    const { accessToken: access_token, refreshToken: refresh_token } = set

    const token: Token = await callbacks.jwt({
      token: { ...PERSON, access_token, refresh_token, expires_in: 3600 },
    })

    expect(token).not.toHaveProperty('error')
    expect(Number(token['expires_at'])).toBeGreaterThan(1e9)
    expect(server.counts().presentations).toBe(1)
  })

  it.each(['expires', 'expiry', 'expiration'])(
    'does not take a cookie for one with tokens because the application has put %s there',
    async (name) => {
      const { callbacks } = await held()

      const token: Token = await callbacks.jwt({ token: { ...PERSON, [name]: '2030-01-01' } })

      expect(token).not.toHaveProperty('error')
      expect(token[name]).toBe('2030-01-01')
    },
  )

  it.each([
    ['no access token', { access_token: undefined, refresh_token: 'rt', expires_at: NaN }],
    ['a text that says undefined', { accessToken: 'undefined', accessTokenExpires: null }],
    ['an expiry of NaN, no refresh token', { access_token: 'at', expires_at: null }],
    ['only an expiry', { expires_at: 1_800_000_000 }],
  ])('ends in session.error for %s, and asks nobody', async (_, poison) => {
    const { callbacks, server } = await held()

    const token: Token = await callbacks.jwt({ token: { ...PERSON, ...poison } })
    const session = await callbacks.session({ session: { user: PERSON, expires: '' }, token })

    expect(token).toMatchObject({ ...PERSON, error: 'RefreshTokenError' })
    expect(session).toMatchObject({ error: 'RefreshTokenError' })
    expect(server.counts().presentations).toBe(0)
  })

  it('heals an expiry of NaN beside a refresh token, and clears an error that stuck', async () => {
    const { callbacks, set, server } = await held()
    const { accessToken: access_token, refreshToken: refresh_token } = set
    const stuck = { access_token, refresh_token, expires_at: NaN, error: 'RefreshTokenError' }

    const token: Token = await callbacks.jwt({ token: { ...PERSON, ...stuck } })

    expect(token).not.toHaveProperty('error')
    expect(await server.isLive(String(token['access_token']))).toBe(true)
    expect(token['expires_at']).toBeGreaterThan(1_800_000_000)
  })

  it('takes `provider` for the name that Auth.js has, not for ours', async () => {
    const { set, process, expire, server } = await held()
    const { jwt } = refreshCallbacks({ 'my-app': process() })
    const { accessToken, refreshToken, expiresAtMs } = set
    expire()

    const token: Token = await jwt({
      token: { provider: 'my-app', accessToken, refreshToken, expiresAtMs },
    })

    expect(token).toMatchObject({ provider: 'my-app', refreshOnce: { provider: 'my-app' } })
    expect(token['accessToken']).not.toBe(set.accessToken)
    expect(server.counts().granted).toBe(1)
  })

  it('makes no cookie larger by the ID token of a renewal', async () => {
    const { callbacks, set, expire, secrets } = await held()
    expire()

    const token = await callbacks.jwt({ token: { ...PERSON, ...STYLES[FIRST]!(set) } })

    const idTokens = [...secrets].filter((secret) => secret.split('.').length === 3)
    expect(idTokens).toHaveLength(2)
    for (const idToken of idTokens) expect(textOf(token)).not.toContain(idToken)
  })

  it('keeps the token as it is when a refresher that somebody wrapped rejects', async () => {
    const { process, set, expire } = await held()
    const refresh = () => Promise.reject(new Error('no trace'))
    const wrapped = { oidc: { ...process(), refresh } }
    const { jwt } = refreshCallbacks(wrapped, { legacyCookieProvider: 'oidc' })
    const before = { ...PERSON, ...STYLES[FIRST]!(set) }
    expire()

    expect(await jwt({ token: before })).toEqual({ ...before, refreshOnce: { provider: 'oidc' } })
  })

  it('leaves sessions alone that never had tokens', async () => {
    const { callbacks } = await held()

    const token = await callbacks.jwt({ token: PERSON })
    const session = await callbacks.session({ session: { user: PERSON }, token })

    expect(token).toEqual({ ...PERSON, refreshOnce: {} })
    expect(session).not.toHaveProperty('error')
  })

  it('sends nobody the tokens of a provider that it does not know', async () => {
    const { process, set, expire, server } = await held()
    const lines: string[] = []
    const log = (line: string): void => void lines.push(line)
    const callbacks = refreshCallbacks({ oidc: process() }, { log })
    const token = { provider: 'google', ...STYLES['accessToken, expiresAt in seconds']!(set) }
    expire()

    const after: Token = await callbacks.jwt({ token })

    expect(after).toEqual({ ...token, refreshOnce: {} })
    expect(server.counts().presentations).toBe(0)
    expect(lines).toHaveLength(1)
  })

  it.each([['oidc'], ['one', 'other']])(
    'does not guess whose tokens a cookie without a name holds: %s',
    async (...names) => {
      const { set, process, expire, server } = await held()
      const lines: string[] = []
      const log = (line: string): void => void lines.push(line)
      const refreshers = Object.fromEntries(names.map((name) => [name, process()]))
      const { jwt } = refreshCallbacks(refreshers, { log })
      const event = signOutEvent(refreshers, { log })
      const token: Token = STYLES[FIRST]!(set)
      expire()

      const after = await jwt({ token })
      await event({ token })

      expect(after).toEqual({ ...token, refreshOnce: {} })
      expect(server.counts()).toMatchObject({ presentations: 0, grants: { live: 1 } })
      expect(lines[0]).toContain('write `legacyCookieProvider`')
    },
  )

  it('takes the word of `legacyCookieProvider` for whose they are', async () => {
    const [nobody, named] = [
      await held({ legacyCookieProvider: false }),
      await held({ legacyCookieProvider: 'oidc' }),
    ]
    for (const each of [nobody, named]) each.expire()

    const left = await nobody.callbacks.jwt({ token: STYLES[FIRST]!(nobody.set) })
    await named.callbacks.jwt({ token: { provider: 'app', ...STYLES[FIRST]!(named.set) } })

    expect(left['refreshOnce']).toEqual({})
    expect(nobody.server.counts().presentations).toBe(0)
    expect(named.server.counts().presentations).toBe(1)
  })
})

const FIRST = Object.keys(STYLES)[0]!

function accessTokenIn(token: Token): { name: string; value: string } {
  const name = 'access_token' in token ? 'access_token' : 'accessToken'
  return { name, value: String(token[name]) }
}

describe('the jwt callback, at a sign-in', () => {
  it('takes the tokens of the account, without the ID token', async () => {
    const { callbacks, set, clock } = await held()
    const expiresAt = seconds(clock.now()) + 3600
    const account = {
      provider: 'oidc',
      type: 'oidc',
      providerAccountId: '1',
      userId: 'user-1',

      access_token: set.accessToken,
      refresh_token: set.refreshToken,

      expires_at: expiresAt,
      expires_in: 3600,
      id_token: 'a.b.c',
      scope: 'openid',
    }

    const token: Token = await callbacks.jwt({ token: PERSON, user: PERSON, account })

    expect(token).toEqual({
      ...PERSON,
      access_token: set.accessToken,
      refresh_token: set.refreshToken,
      expires_at: expiresAt,
      scope: 'openid',
      obtainedAtMs: (expiresAt - 3600) * 1000,
      authorizedAtMs: (expiresAt - 3600) * 1000,
      refreshOnce: { provider: 'oidc' },
    })
  })

  it('takes the ID token when asked to', async () => {
    const { callbacks, set } = await held({ storeIdToken: true })
    const account = { provider: 'oidc', access_token: set.accessToken, id_token: 'a.b.c' }

    const token: Token = await callbacks.jwt({ token: PERSON, account })

    expect(token).toMatchObject({ id_token: 'a.b.c' })
  })

  it('takes tokens of the user, in any style, where the account has none', async () => {
    const { callbacks, set, expire, server } = await held()
    const user = { id: '1', ...STYLES['accessToken, accessTokenExpires in milliseconds']!(set) }
    const account = { provider: 'oidc', type: 'credentials', providerAccountId: '1' }

    const token: Token = await callbacks.jwt({ token: PERSON, user, account })
    expire()
    const after: Token = await callbacks.jwt({ token })

    expect(token).toMatchObject({ accessToken: set.accessToken, refreshToken: set.refreshToken })
    expect(await server.isLive(String(after['accessToken']))).toBe(true)
  })

  it('asks `fromUser` where they lie deeper', async () => {
    const { callbacks, set } = await held({
      fromUser: (user) => (user as { backend: { tokens: object } }).backend.tokens,
    })
    const user = { backend: { tokens: { accessToken: set.accessToken } } }

    const token: Token = await callbacks.jwt({ token: PERSON, user, account: { provider: 'oidc' } })

    expect(token).toMatchObject({ ...PERSON, accessToken: set.accessToken })
  })

  it.each([
    ['no tokens', undefined],
    [
      'a fromUser that throws',
      () => {
        throw new Error('no backend')
      },
    ],
  ])('lets a sign-in with %s pass, and says so once', async (_, fromUser) => {
    const { callbacks, lines } = await held({ ...(fromUser && { fromUser }) })
    const params = { token: PERSON, user: { id: '1' }, account: { provider: 'oidc' } }

    const first: Token = await callbacks.jwt(params)
    await callbacks.jwt(params)
    const later: Token = await callbacks.jwt({ token: first })

    expect(later).toEqual({ ...PERSON, refreshOnce: {} })
    expect(lines.filter((line) => line.includes('brought no tokens'))).toHaveLength(1)
  })

  it.each([
    [
      'of the provider',
      { missingRefreshToken: 'Ask for offline_access.' },
      ' Ask for offline_access.',
    ],
    ['of nobody', {}, ''],
  ])('says once that there is no refresh token, with the advice %s', async (_, axes, advice) => {
    const { set, process, expire, server, events } = await held()
    const lines: string[] = []
    const { jwt } = refreshCallbacks(
      { oidc: process({ axes }) },
      { log: (line) => lines.push(line) },
    )
    const { accessToken: access_token } = set
    const expires_at = seconds(set.expiresAtMs)
    const params = { token: PERSON, account: { provider: 'oidc', access_token, expires_at } }

    const first: Token = await jwt(params)
    await jwt(params)
    const good: Token = await jwt({ token: first })
    const said = [...lines]
    expire()
    const over: Token = await jwt({ token: good })

    expect(said).toEqual([
      'refresh-once: a sign-in with oidc brought no refresh token: it ends with its access token.' +
        advice,
    ])
    expect(good).toMatchObject({ access_token })
    expect(good).not.toHaveProperty('error')
    expect(over).toMatchObject({ error: 'RefreshTokenError' })
    expect(lines).toEqual(said)
    expect(events).toMatchObject([{ type: 'ended', code: 'no_refresh_token' }])
    expect(server.counts().presentations).toBe(0)
  })

  it('says nothing of a refresh token that is there', async () => {
    const { callbacks, set, lines } = await held()

    await callbacks.jwt({ token: PERSON, account: accountOf('oidc', set) })

    expect(lines).toEqual([])
  })

  it('counts the lifetime of an account that says no time from its sign-in', async () => {
    const { callbacks, set, server, clock } = await held()
    const account = { ...accountOf('oidc', set), expires_at: undefined }
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now() })
    onTestFinished(() => void vi.useRealTimers())

    const token: Token = await callbacks.jwt({
      token: PERSON,
      account: { ...account, expires_in: HOUR_MS / 1000 },
    })
    const fresh: Token = await callbacks.jwt({ token })
    clock.advance(2 * HOUR_MS)
    await callbacks.jwt({ token: fresh })

    expect(token['expires_at']).toBe(seconds(set.obtainedAtMs) + HOUR_MS / 1000)
    expect(fresh['access_token']).toBe(set.accessToken)
    expect(server.counts().presentations).toBe(1)
  })

  it('corrects an expiry that Auth.js has counted from milliseconds', async () => {
    const { callbacks, set, clock } = await held()
    const now = seconds(clock.now())
    const account = {
      ...accountOf('oidc', set),
      expires_at: now + 3_600_000,
      expires_in: 3_600_000,
      expires_in_sec: 3600,
    }

    const token: Token = await callbacks.jwt({ token: PERSON, account })

    expect(token['expires_at']).toBe(now + 3600)
  })

  it('takes the tokens of an authorize whose user is a class with getters', async () => {
    const { callbacks, set } = await held()
    class Person {
      readonly name = 'Ada'
      readonly #set = set
      get accessToken(): string {
        return this.#set.accessToken
      }
      get refreshToken(): string | undefined {
        return this.#set.refreshToken
      }
      get expiresAt(): Date {
        return new Date(this.#set.expiresAtMs!)
      }
    }
    const account = { provider: 'oidc', type: 'credentials', providerAccountId: '1' }

    const token: Token = await callbacks.jwt({ token: PERSON, account, user: new Person() })

    expect(token).toMatchObject({ accessToken: set.accessToken, refreshToken: set.refreshToken })
  })

  it('lets other providers pass, and mentions each once', async () => {
    const { callbacks, lines, expire } = await held()
    const account = { provider: 'github', access_token: 'at', expires_at: 1, refresh_token: 'rt' }

    const token: Token = await callbacks.jwt({ token: PERSON, account })
    await callbacks.jwt({ token: PERSON, account })
    expire()
    const later = await callbacks.jwt({ token: { ...token, access_token: 'at', expires_at: 1 } })

    expect(token).toEqual({ ...PERSON, refreshOnce: {} })
    expect(later).toMatchObject({ access_token: 'at', expires_at: 1 })
    expect(lines).toEqual([
      'refresh-once: there is no refresher for github: its tokens are left alone',
    ])
  })

  it('takes no provider for its own that is called like a method', async () => {
    const { callbacks, set } = await held()

    const token = await callbacks.jwt({ token: PERSON, account: accountOf('toString', set) })

    expect(token).toEqual({ ...PERSON, refreshOnce: {} })
  })

  it('replaces the set of an earlier sign-in whole', async () => {
    const { callbacks, set, signIn } = await held()
    const { accessToken: access_token } = await signIn()
    const before = { ...PERSON, ...STYLES['accessToken, expiresAt in seconds']!(set) }
    const account = { provider: 'oidc', access_token }

    const token: Token = await callbacks.jwt({ token: before, account, trigger: 'signIn' })

    expect(token).toEqual({ ...PERSON, access_token, refreshOnce: { provider: 'oidc' } })
  })
})

describe('the session callback', () => {
  it('reads of a token what it needs, where somebody has copied it on the way', async () => {
    const { callbacks, set, expire, server } = await held({ exposeAccessToken: true })
    const before = { ...PERSON, ...STYLES[FIRST]!(set) }
    const good = await callbacks.jwt({ token: before })
    server.endGrant(set.refreshToken!)
    expire()
    const over = await callbacks.jwt({ token: before })
    const sessionOf = (token: object): Promise<object> =>
      callbacks.session({ session: { user: PERSON }, token: { ...token } })

    expect(await sessionOf(good)).toMatchObject({ accessToken: set.accessToken })
    expect(await sessionOf(over)).toMatchObject({ error: 'RefreshTokenError' })
    expect(await sessionOf(over)).not.toHaveProperty('accessToken')
  })

  it('passes over what stands for a linked set and is none', async () => {
    const { callbacks, set } = await held()
    const sets = { one: { refreshToken: 'rt' }, other: null }
    const token = { ...STYLES[FIRST]!(set), refreshOnce: { provider: 'oidc', sets } }

    const after: Token = await callbacks.jwt({ token })
    const session = await callbacks.session({ session: { user: PERSON }, token })

    expect(after['refreshOnce']).toEqual({ provider: 'oidc', sets: {} })
    expect(session).toMatchObject({ user: { name: PERSON.name } })
  })

  it('comes to an end with what has none', async () => {
    const { set, process } = await held()
    const loop: Token = {}
    loop['loop'] = loop
    const { jwt, session } = refreshCallbacks(
      { oidc: process() },
      { session: ({ session, token }) => ({ ...session, loop, access: token?.['access_token'] }) },
    )
    const token = await jwt({ token: { ...PERSON, ...STYLES[FIRST]!(set) } })

    const answer = await Promise.resolve(session({ session: { user: PERSON }, token }))

    expect(textOf(answer)).toContain('loop')
    expect(textOf(answer)).not.toContain(set.accessToken)
  })
})

describe('a second provider', () => {
  it('takes the place of the first by default', async () => {
    const { set, signIn, process } = await held()
    const callbacks = refreshCallbacks({ oidc: process(), other: process() })
    const first: Token = await callbacks.jwt({ token: PERSON, account: accountOf('oidc', set) })

    const second = await callbacks.jwt({
      token: PERSON,
      account: accountOf('other', await signIn()),
    })

    expect(second).toMatchObject({ refreshOnce: { provider: 'other' } })
    expect(textOf(second)).not.toContain(String(first['access_token']))
  })

  it('stands beside the first with keep: all, and both are renewed', async () => {
    const { set, signIn, process, expire, server } = await held()
    let cookie: Token | null = null
    const callbacks = refreshCallbacks(
      { oidc: process(), other: process() },
      { linkedProviders: 'all', previousToken: () => cookie, exposeAccessToken: true },
    )
    cookie = await callbacks.jwt({ token: PERSON, account: accountOf('oidc', set) })
    const other = await signIn()
    cookie = await callbacks.jwt({ token: PERSON, account: accountOf('other', other) })
    expire()

    const token = await callbacks.jwt({ token: cookie })
    const session = await callbacks.session({ session: { user: PERSON, expires: '' }, token })

    const shown = session as { accessToken?: string; accessTokens?: { oidc?: string } }
    expect(await server.isLive(shown.accessToken ?? '')).toBe(true)
    expect(await server.isLive(shown.accessTokens?.oidc ?? '')).toBe(true)
    expect(markedSet(token, 'oidc')?.accessToken).toBe(shown.accessTokens?.oidc)
    expect(server.counts().presentedTokens).toBe(2)
    expect(textOf(session)).not.toContain(refreshTokenIn(token))
  })

  it('replaces its own earlier set, and stands beside those that have a refresher', async () => {
    const { set, signIn, process } = await held()
    let cookie: Token | null = null
    const callbacks = refreshCallbacks(
      { oidc: process(), other: process() },
      { linkedProviders: 'all', previousToken: () => cookie },
    )
    for (const provider of ['oidc', 'other', 'oidc']) {
      cookie = await callbacks.jwt({
        token: PERSON,
        account: accountOf(provider, provider === 'other' ? set : await signIn()),
      })
    }

    expect(cookie).toMatchObject({ refreshOnce: { provider: 'oidc' } })
    const { sets } = cookie!['refreshOnce'] as { sets: object }
    expect(sets).toEqual({ other: expect.objectContaining({ accessToken: set.accessToken }) })
  })

  it('is told apart when it alone is over', async () => {
    const { set, signIn, process, expire, server } = await held()
    let cookie: Token | null = null
    const callbacks = refreshCallbacks(
      { oidc: process(), other: process() },
      {
        linkedProviders: 'all',
        previousToken: () => cookie,
        session({ session, token }) {
          return { ...session, mark: token?.['refreshOnce'] }
        },
      },
    )
    cookie = await callbacks.jwt({ token: PERSON, account: accountOf('oidc', set) })
    cookie = await callbacks.jwt({ token: PERSON, account: accountOf('other', await signIn()) })
    server.endGrant(set.refreshToken!)
    expire()

    const token = await callbacks.jwt({ token: cookie })
    const session = await Promise.resolve(
      callbacks.session({ session: { user: PERSON, expires: '' }, token }),
    )

    expect(session).toMatchObject({ errors: { oidc: 'RefreshTokenError' } })
    expect((session as Token)['mark']).toEqual({ provider: 'other' })
    expect(session).not.toHaveProperty('error')
  })

  it('needs the token of the request to be kept', () => {
    expect(() => refreshCallbacks({}, { linkedProviders: 'all' })).toThrow('previousToken')
  })
})

describe('options by their names of before 1.0', () => {
  for (const [old, name] of [
    ['accessToken', 'exposeAccessToken'],
    ['keep', 'linkedProviders'],
    ['adopt', 'legacyCookieProvider'],
    ['idToken', 'storeIdToken'],
  ] as const) {
    it(`refuses ${old} and says ${name}`, () => {
      const options = { [old]: true }

      expect(() => refreshCallbacks({}, options)).toThrow(TypeError)
      expect(() => refreshCallbacks({}, options)).toThrow(name)
      expect(() => signOutEvent({}, options)).toThrow(name)
    })
  }
})

function markedSet(token: object, provider: string): TokenSet | undefined {
  const { sets } = (token as Token)['refreshOnce'] as { sets?: Record<string, TokenSet> }
  return sets?.[provider]
}

function accountOf(provider: string, set: TokenSet): object {
  return { provider, ...STYLES[FIRST]!(set) }
}

function refreshTokenIn(token: object): string {
  return String((token as Token)['refresh_token'])
}
