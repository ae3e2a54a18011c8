import { describe, expect, it, vi } from 'vitest'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { expectGood, expectOver, HOUR_MS, stage, type StageOptions } from './stage.ts'

type Token = Record<string, unknown>
type Own = NonNullable<StageOptions['options']>

const BOTH = [authJs5, nextAuth4Handler]

/** Signs in, crosses an expiry, and asks for the session. */
async function renewedWith(
  framework: StageOptions['framework'],
  options: Own,
  more: Partial<StageOptions> = {},
) {
  const set = await stage({ framework, options, ...more })
  const user = set.browser()
  await user.signIn()
  await user.session()
  set.clock.advance(HOUR_MS)
  const session = await user.session()
  return { ...set, user, session }
}

describe.each(BOTH)("the application's jwt callback in $name", (framework) => {
  it('sees the renewed token, and may add to it', async () => {
    const tokens: Token[] = []

    const { session } = await renewedWith(framework, {
      jwt({ token }) {
        tokens.push({ ...token })
        return { ...token, role: 'admin' }
      },
      session: ({ session, token }) => ({ ...session, role: token?.['role'] }),
    })

    expectGood(session)
    expect(session).toMatchObject({ role: 'admin' })
    expect(tokens.at(-1)?.['access_token']).toBe(session['accessToken'])
    expect(tokens.at(-1)?.['access_token']).not.toBe(tokens[0]?.['access_token'])
  })

  it.each([
    ['drops our fields', () => ({ sub: 'user-1' })],
    ['returns nothing', () => undefined],
    ['writes others into them', ({ token }: { token: Token }) => ({ ...token, ...FORGED })],
    ['changes the token it was handed', changing],
    ['changes the token, and returns nothing', (params: { token: Token }) => void changing(params)],
  ])('cannot hurt a session when it %s', async (_, jwt) => {
    const { session, user, clock, server } = await renewedWith(framework, { jwt })

    clock.advance(HOUR_MS)
    const next = await user.session()

    for (const each of [session, next]) expectGood(each)
    expect(await server.isLive(String(next?.['accessToken']))).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 1 } })
  })

  it('may put the ID token there, which is then kept fresh', async () => {
    const seen: unknown[] = []
    const { session } = await renewedWith(framework, {
      jwt({ token, account }) {
        const { id_token } = (account ?? token) as Token
        seen.push(id_token)
        return { ...token, id_token }
      },
    })

    expectGood(session)
    expect(new Set(seen).size).toBe(2)
    for (const each of seen) expect(String(each).split('.')).toHaveLength(3)
  })

  it('may end a session with null', async () => {
    let isBanned = false
    const jwt = ({ token }: { token: Token }): Token | null => (isBanned ? null : token)
    const { user, errors } = await renewedWith(framework, { jwt })
    isBanned = true

    const session = await user.session()
    // NextAuth 4 knows no null: it ends the session by way of an error.
    errors.length = 0

    isBanned = false
    expect(session).toBeNull()
    expect(await user.session()).toBeNull()
  })

  it('may let a sign-in fail', async () => {
    const { browser, errors } = await stage({
      framework,
      options: {
        jwt() {
          throw new Error('not you')
        },
      },
    })
    const user = browser()

    await user.signIn()

    expect(errors).toHaveLength(1)
    errors.length = 0
    expect(await user.session()).toBeNull()
  })

  it('signs nobody out when it throws, and the server log says so', async () => {
    let calls = 0
    const jwt = ({ token }: { token: Token }): Token => {
      if ((calls += 1) > 2) throw new Error('the database is away')
      return token
    }

    const { session, user, lines } = await renewedWith(framework, { jwt })

    expectGood(session)
    expectGood(await user.session())
    expect(lines).toContain('refresh-once: the jwt callback of the application failed')
  })

  it('may let the client change what is its own, and nothing of ours', async () => {
    const jwt = ({
      token,
      trigger,
      session,
    }: {
      token: Token
      trigger?: string
      session?: Token
    }) => (trigger === 'update' ? { ...token, ...session } : token)
    const { user, clock, server } = await renewedWith(framework, {
      jwt,
      session: ({ session, token }) => ({ ...session, theme: token?.['theme'] }),
    })

    const updated = await user.update({ theme: 'dark', ...FORGED })
    clock.advance(HOUR_MS)
    const next = await user.session()

    for (const session of [updated, next]) {
      expectGood(session)
      expect(session).toMatchObject({ theme: 'dark' })
    }
    expect(await server.isLive(String(next?.['accessToken']))).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 2, grants: { live: 1 } })
  })
})

/** What a client may send that knows our names. */
const FORGED = {
  access_token: 'forged',
  refresh_token: 'forged',
  expires_at: 9_999_999_999,
  accessToken: 'forged',
  expiresAtMs: 9_999_999_999_999,
  grant: `${'A'.repeat(43)}.7`,
  provider: 'credentials',
  error: 'RefreshTokenError',
  refreshOnce: { provider: 'credentials', sets: { oidc: { accessToken: 'forged' } } },
}

function changing({ token }: { token: Token }): Token {
  for (const name of Object.keys(token)) delete token[name]
  return token
}

describe.each(BOTH)("the application's session callback in $name", (framework) => {
  const leaks: Readonly<Record<string, NonNullable<Own['session']>>> = {
    'spreads the token into the session': ({ session, token }) => ({ ...session, ...token }),
    'takes the token for the user': ({ session, token }) => ({ ...session, user: token }),
    'returns the token': ({ token }) => token,
    'returns no user': ({ session }) => ({ ...session, user: undefined }),
    'returns nothing': () => undefined,
    'hides the token in a text': ({ session, token }) => ({ ...session, raw: text(token) }),
    'hides the token deep down': ({ session, token }) => ({ ...session, a: [{ b: { token } }] }),
  }

  it('sees no refresh token at all', async () => {
    const seen: Token[] = []

    await renewedWith(framework, {
      session({ session, token }) {
        seen.push(token ?? {})
        return session
      },
    })

    expect(seen.at(-1)).toMatchObject({ access_token: expect.any(String) as string })
    for (const name of ['refresh_token', 'grant']) expect(seen.at(-1)).not.toHaveProperty(name)
  })

  it.each(Object.keys(leaks))('leaks nothing when it %s', async (name) => {
    const kept: Token[] = []
    const { session, server } = await renewedWith(framework, {
      exposeAccessToken: false,
      jwt({ token }) {
        kept.push({ ...token })
        const { access_token, refresh_token } = token
        // Copies under other names, as for an API route.
        return { ...token, rt: refresh_token, account: { access_token, refresh_token } }
      },
      session: leaks[name]!,
    })

    const { access_token, refresh_token, grant } = kept.at(-1)!
    expect(session).toMatchObject({ user: expect.any(Object) as object })
    for (const secret of [access_token, refresh_token, grant]) {
      expect(secret).toBeTypeOf('string')
      expect(text(session)).not.toContain(secret)
    }
    expect(server.counts().presentations).toBe(1)
  })

  it.each<[string, (token: Token) => Token]>([
    ['holds no access token', (token) => ({ ...token, access_token: undefined, expires_at: null })],
    ['has one that says undefined', (token) => ({ ...token, access_token: 'undefined' })],
  ])('leaks nothing of a cookie that %s', async (_, poisoned) => {
    const { session, issued, server } = await renewedWith(
      framework,
      {
        exposeAccessToken: false,
        jwt: ({ token }) => ({ ...token, rt: token['refresh_token'] }),
        session: ({ session, token }) => ({ ...session, ...token, raw: text(token) }),
      },
      { wrap: poisoning(poisoned) },
    )

    expect(session).toMatchObject({ user: {}, error: 'RefreshTokenError' })
    expect(issued).toHaveLength(1)
    expect(text(session)).not.toContain(issued[0])
    expect(server.counts().presentations).toBe(0)
  })

  it('signs nobody out when it throws', async () => {
    const { session, user, lines } = await renewedWith(framework, {
      session() {
        throw new Error('the database is away')
      },
    })

    expectGood(session)
    expectGood(await user.session())
    expect(lines).toContain('refresh-once: the session callback of the application failed')
  })

  it('cannot take the error away, nor make one', async () => {
    const { user, clock, server, session, issued } = await renewedWith(framework, {
      session: ({ session, token }) => {
        const isOver = token?.['error'] !== undefined
        return { ...session, error: isOver ? undefined : 'RefreshTokenError', isOver }
      },
    })
    expectGood(session)
    server.endGrant(issued[0]!)
    clock.advance(HOUR_MS)

    const over = await user.session()

    expectOver(over)
    expect(over).toMatchObject({ isOver: true })
  })
})

/** Callbacks that meet cookies as hand-written ones left them behind. */
function poisoning(poisoned: (token: Token) => Token): NonNullable<StageOptions['wrap']> {
  return (callbacks) => {
    const { jwt } = callbacks as { jwt(params: object): Promise<Token> }
    return {
      ...callbacks,
      jwt: (params: { readonly token: Token; readonly account?: unknown }) =>
        jwt(params.account == null ? { ...params, token: poisoned(params.token) } : params),
    }
  }
}

function text(value: unknown): string {
  return JSON.stringify(value)
}

describe("next-auth 5's auth()", () => {
  it('is handed a user, and puts the token in its place for nobody', async () => {
    const seen: unknown[] = []
    /** As in next-auth-5/lib/index.js: it fills in the token where a session has no user. */
    const asAuth = (callbacks: Callbacks): object => ({
      ...callbacks,
      async session(params: { token: Token; session: object }) {
        const session = { user: params.token, ...((await callbacks.session(params)) as object) }
        seen.push(session)
        return session
      },
    })

    await renewedWith(
      authJs5,
      { session: ({ session }) => ({ ...session, user: undefined }) },
      { wrap: (callbacks) => asAuth(callbacks as unknown as Callbacks) },
    )

    expect(seen).toHaveLength(2)
    for (const session of seen) expect(text(session)).not.toMatch(/refresh|grant/)
  })

  interface Callbacks {
    session(params: object): Promise<unknown>
  }
})

describe('the default log', () => {
  it('is one line of console.warn', async () => {
    const { refreshCallbacks } = await import('../../../src/integrations/auth-js.ts')
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { jwt } = refreshCallbacks({})

    await jwt({ token: {}, account: { provider: 'only-here' } })
    await jwt({ token: {}, account: { provider: 'only-here' } })

    expect(warned.mock.calls).toEqual([
      ['refresh-once: there is no refresher for only-here: its tokens are left alone'],
    ])
  })
})

describe.each(BOTH)('a sign-in with credentials in $name', (framework) => {
  it('takes the tokens of the user, and keeps them in cookies of more than 4 KB', async () => {
    let user: object | null = null
    const configuration = { authorize: () => user }
    const { browser, clock, server } = await stage({ framework, configuration })
    const answer = await server.signIn()
    user = {
      id: 'user-1',
      name: 'Ada'.padEnd(6_000, '.'),
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      accessTokenExpires: clock.now() + HOUR_MS,
    }
    const ada = browser()

    await ada.signInWith({ name: 'Ada' })
    expectGood(await ada.session())
    clock.advance(HOUR_MS)
    const session = await ada.session()

    expectGood(session)
    expect(await server.isLive(String(session['accessToken']))).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1 })
    expect([...ada.cookies.keys()].filter((name) => /\.\d$/.test(name)).length).toBeGreaterThan(1)
  })
})
