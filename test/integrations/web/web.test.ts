import { Hono } from 'hono'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher, defineProvider } from '../../../src/index.ts'
import type { Refresher, RefreshOptions, Store, TokenSet } from '../../../src/index.ts'
import { sessions } from '../../../src/integrations/hono.ts'
import type { OAuthEnv } from '../../../src/integrations/hono.ts'
import { webSessions, withHandles } from '../../../src/integrations/web.ts'
import type {
  HandleRefresher,
  WebSessionOptions,
  WebSessions,
} from '../../../src/integrations/web.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { surroundings } from '../../examples/world.ts'
import { startOidcServer } from '../../oidc/oidc-server.ts'
import type { OidcServer } from '../../oidc/oidc-server.ts'
import { browse } from '../../oidc/sign-in.ts'
import { loopback, say } from '../../transport/loopback.ts'

const ORIGIN = 'https://app.example.com'

interface Stage {
  readonly server: OidcServer
  readonly web: WebSessions
  readonly options: WebSessionOptions
  readonly deposited: readonly TokenSet[]
}

async function stage(more: Partial<WebSessionOptions> = {}): Promise<Stage> {
  const server = await startOidcServer({ redirectUris: [`${ORIGIN}/auth/callback`] })
  onTestFinished(server.stop)
  const store = memoryStore()
  const real = createRefresher({
    provider: oidc({ issuer: server.issuer }),
    client: server.clients.basic,
    ledger: { store },
    onEvent: () => {},
  })
  const deposited: TokenSet[] = []
  const handles = withHandles(real, store)
  const refresher: HandleRefresher = {
    ...handles,
    deposit(tokens) {
      deposited.push(tokens)
      return handles.deposit(tokens)
    },
  }
  const options = { refresher, client: server.clients.basic, origin: ORIGIN, ...more }
  return { server, web: webSessions(options), options, deposited }
}

const at = (path: string, headers: Record<string, string> = {}, method = 'GET'): Request =>
  new Request(new URL(path, ORIGIN), { headers, method })

/** The cookies that a response sets, as a browser sends them back. */
const cookieOf = ({ headers }: Response): string =>
  headers
    .getSetCookie()
    .filter((line) => !/Max-Age=0/.test(line))
    .map((line) => line.split(';')[0])
    .join('; ')

/** A whole sign-in. @returns The answer of the callback. */
async function signIn(web: WebSessions, path = '/auth/sign-in'): Promise<Response> {
  const begun = (await web.route(at(path)))!
  const back = await browse(new URL(begun.headers.get('location')!))
  return (await web.route(at(back.href, { cookie: cookieOf(begun) })))!
}

describe('a sign-in', () => {
  it('leaves one cookie, which holds a handle, and no token', async () => {
    const { web, deposited, server } = await stage()

    const done = await signIn(web, '/auth/sign-in?to=/orders?page=2')

    expect(done.status).toBe(303)
    expect(done.headers.get('location')).toBe('/orders?page=2')
    expect(done.headers.get('cache-control')).toBe('no-store')
    const [cookie, over] = done.headers.getSetCookie()
    expect(cookie).toMatch(
      /^__Host-oauth=[\w.-]{20,120}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(over).toMatch(/^__Host-oauth-[\w-]{12}=; Path=\/; Max-Age=0; /)
    const { accessToken, refreshToken, provider } = deposited[0]!
    expect(provider).toBe('oidc')
    const sent = JSON.stringify([...done.headers]) + (await done.text())
    for (const token of [accessToken, refreshToken!]) expect(sent).not.toContain(token)
    const session = web.of(at('/', { cookie: cookieOf(done) }))
    expect(session.isSignedIn).toBe(true)
    expect(await server.isLive(await session.accessToken())).toBe(true)
  })

  it('asks for a code with PKCE, state and nonce', async () => {
    const { web, server } = await stage({ authorizationParameters: { login_hint: 'ann' } })

    const begun = (await web.route(at('/auth/sign-in')))!

    const page = new URL(begun.headers.get('location')!)
    expect(page.origin).toBe(server.issuer)
    expect(Object.fromEntries(page.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'basic',
      redirect_uri: `${ORIGIN}/auth/callback`,
      scope: 'openid offline_access',
      prompt: 'consent',
      login_hint: 'ann',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(begun.headers.getSetCookie()[0]).toMatch(/Max-Age=600; HttpOnly; SameSite=Lax; Secure$/)
  })

  it.each([
    '//evil.example/',
    '/\\evil.example/',
    // The path of this one begins with two slashes: a browser takes that for another host.
    '/.//evil.example/',
    'https://evil.example/',
    'javascript:alert(1)',
    '/auth/sign-out',
    'http://[',
  ])('leads to / and not to %s', async (to) => {
    const { web } = await stage()

    const done = await signIn(web, `/auth/sign-in?to=${encodeURIComponent(to)}`)

    expect(done.headers.get('location')).toBe('/')
  })

  it('ends only in the browser that began it, and once', async () => {
    const { web, deposited } = await stage()
    const begun = (await web.route(at('/auth/sign-in')))!
    const back = await browse(new URL(begun.headers.get('location')!))

    const foreign = (await web.route(at(back.href)))!
    const other = (await web.route(at('/auth/sign-in')))!
    const mixed = (await web.route(at(back.href, { cookie: cookieOf(other) })))!
    const done = (await web.route(at(back.href, { cookie: cookieOf(begun) })))!
    const twice = (await web.route(at(back.href, { cookie: cookieOf(begun) })))!

    expect([foreign, mixed, done, twice].map(({ status }) => status)).toEqual([400, 400, 303, 400])
    expect(deposited).toHaveLength(1)
    expect(await foreign.text()).toContain('did not begin')
  })

  it('works in two tabs at once', async () => {
    const { web } = await stage()
    const tabs = [(await web.route(at('/auth/sign-in')))!, (await web.route(at('/auth/sign-in')))!]
    const cookie = tabs.map(cookieOf).join('; ')
    const backs = await Promise.all(
      tabs.map(({ headers }) => browse(new URL(headers.get('location')!))),
    )

    const done = await Promise.all(backs.map(({ href }) => web.route(at(href, { cookie }))))

    expect(done.map((answer) => answer?.status)).toEqual([303, 303])
  })

  it('says what the AS said, in one word, or what the application says', async () => {
    const errors: unknown[] = []
    const { web } = await stage({
      onSignInFailed(error) {
        errors.push(error)
        return new Response(null, { status: 303, headers: { location: '/sorry' } })
      },
    })
    const begun = (await web.route(at('/auth/sign-in')))!
    const state = new URL(begun.headers.get('location')!).searchParams.get('state')!
    const issuer = new URL(begun.headers.get('location')!).origin
    const refused = `/auth/callback?error=access_denied&state=${state}&iss=${issuer}`

    const answer = (await web.route(at(refused, { cookie: cookieOf(begun) })))!

    expect(answer.headers.get('location')).toBe('/sorry')
    expect(answer.headers.getSetCookie()[0]).toMatch(/Max-Age=0/)
    expect(errors).toEqual([
      expect.objectContaining({ code: 'sign_in_failed', oauthError: 'access_denied' }),
    ])
  })

  it('with an AS that is no OpenID provider, by its endpoints', async () => {
    const forms: Record<string, string>[] = []
    const { origin } = await loopback(({ form }, response) => {
      forms.push({ ...form })
      say(response, 200, { access_token: 'at-1', refresh_token: 'rt-1', expires_in: 3600 })
    })
    const provider = defineProvider({ id: 'mine', tokenEndpoint: `${origin}/token` })
    const client = { id: 'an-app', secret: 'a-secret' }
    const refresher = withHandles(
      createRefresher({ provider, client, ledger: { store: memoryStore() }, onEvent: () => {} }),
      memoryStore(),
    )
    const web = webSessions({
      refresher,
      client,
      origin: ORIGIN,
      scope: 'read',
      authorizationEndpoint: `${origin}/authorize`,
    })
    const begun = (await web.route(at('/auth/sign-in')))!
    const page = new URL(begun.headers.get('location')!)
    expect(page.searchParams.has('nonce')).toBe(false)
    const state = page.searchParams.get('state')!

    const callback = at(`/auth/callback?code=c-1&state=${state}`, { cookie: cookieOf(begun) })
    const done = (await web.route(callback))!

    expect(done.status).toBe(303)
    const session = web.of(at('/', { cookie: cookieOf(done) }))
    expect(await session.accessToken()).toBe('at-1')
    expect(forms).toEqual([
      expect.objectContaining({ grant_type: 'authorization_code', code: 'c-1' }),
    ])
  })
})

describe('of', () => {
  it('keeps a renewal alive by waitUntil, also in the door for Hono', async () => {
    const asked: (RefreshOptions | undefined)[] = []
    const { options, web } = await stage()
    const cookie = cookieOf(await signIn(web))
    const refresher: HandleRefresher = {
      ...options.refresher,
      refresh(handle, more) {
        asked.push(more)
        return options.refresher.refresh(handle, more)
      },
    }
    const waits: Promise<unknown>[] = []
    const waitUntil = (work: Promise<unknown>): void => void waits.push(work)
    const app = new Hono<OAuthEnv>()
    app.use(sessions({ ...options, refresher }))
    app.get('/', async ({ var: { oauth }, text }) => text(String((await oauth.outcome())?.usable)))

    const platform = { waitUntil, passThroughOnException() {}, props: {} }
    const worker = await app.fetch(at('/', { cookie }), {}, platform)
    const node = await app.fetch(at('/', { cookie }))

    expect([await worker.text(), await node.text()]).toEqual(['true', 'true'])
    asked[0]?.waitUntil?.(Promise.resolve())
    expect(waits).toHaveLength(1)
    expect(asked[1]).toBeUndefined()
  })
})

describe('a sign-out', () => {
  it('is a POST from a page of this origin', async () => {
    const { web, server, deposited } = await stage()
    const cookie = cookieOf(await signIn(web))
    const ask = async (method: string, headers: Record<string, string>) =>
      (await web.route(at('/auth/sign-out?to=/bye', { cookie, ...headers }, method)))!.status

    expect(await ask('GET', { origin: ORIGIN })).toBe(405)
    expect(await ask('POST', {})).toBe(403)
    expect(await ask('POST', { origin: 'null' })).toBe(403)
    expect(await ask('POST', { origin: 'https://app.example.com.evil.example' })).toBe(403)
    expect(await ask('POST', { 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await server.isLive(deposited[0]!.refreshToken!)).toBe(true)

    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const out = (await web.route(at('/auth/sign-out?to=/bye', headers, 'POST')))!
    expect(out.headers.get('location')).toBe('/bye')
    expect(out.headers.getSetCookie()).toEqual([
      '__Host-oauth=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    ])
    expect(await server.isLive(deposited[0]!.refreshToken!)).toBe(false)
  })
})

describe('withHandles', () => {
  const tokens = { accessToken: 'at-1', refreshToken: 'rt-1', expiresAtMs: 4_000_000_000_000 }

  function handles(store: Store): HandleRefresher {
    const provider = oidc({ issuer: 'https://id.example.com' })
    const client = { id: 'an-app' }
    return withHandles(
      createRefresher({ provider, client, ledger: { store }, onEvent: () => {} }),
      store,
    )
  }

  it('shares sets through the store, whose rows hold no token and no handle', async () => {
    const rows: string[] = []
    const real = memoryStore()
    const store: Store = {
      ...real,
      swap(key, expected, value, ttlMs) {
        rows.push(key, Buffer.from(value).toString('latin1'))
        return real.swap(key, expected, value, ttlMs)
      },
    }

    const handle = await handles(store).deposit(tokens)
    const outcome = await handles(store).refresh(handle)

    expect(outcome?.accessToken).toBe('at-1')
    expect(rows).toHaveLength(2)
    for (const secret of ['at-1', 'rt-1', handle]) expect(rows.join()).not.toContain(secret)
  })

  it('writes each renewal into its row, which outlives the ledger', async () => {
    const { server, signIn: tokensOfSignIn, expire, process, clock } = await surroundings()
    const rows = memoryStore({ name: 'rows of handles', clock })
    const handle = await withHandles(process(), rows).deposit(await tokensOfSignIn())
    expire()
    const first = await withHandles(process(), rows).refresh(handle)
    expire()

    const lost = memoryStore({ name: 'an empty ledger', clock })
    const second = await withHandles(process(lost), rows).refresh(handle)

    expect([first?.state, second?.state]).toEqual(['rotated', 'rotated'])
    expect(server.counts()).toMatchObject({ presentations: 2, reuses: 0 })
  })

  it.each(['', 'a', 'x'.repeat(43), '../../etc/passwd', 'é'])(
    'does not know %j',
    async (handle) => {
      const all = handles(memoryStore())

      expect(await all.refresh(handle)).toBeUndefined()
      expect(await all.revoke(handle)).toMatchObject({ ended: true, revoked: false })
    },
  )

  it('asks to come again if the store is away', async () => {
    const real = memoryStore()
    let isAway = false
    const store: Store = {
      ...real,
      read: (key) => (isAway ? Promise.reject(new Error('rt-1')) : real.read(key)),
    }
    const { options } = await stage()
    const refresher = handles(store)
    const handle = await refresher.deposit(tokens)
    isAway = true
    const web = webSessions({ ...options, client: { id: 'an-app' }, refresher })
    const session = web.of(at('/', { cookie: `__Host-oauth=${handle}` }))

    const error = await session.accessToken().catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'store_unavailable' })
    expect(String(error)).not.toContain('rt-1')
    expect(session.responseTo(error)?.status).toBe(503)
    expect(await refresher.revoke(handle)).toMatchObject({
      ended: false,
      error: { code: 'store_unavailable' },
    })
  })

  it('takes no other things', () => {
    expect(() => withHandles({} as Refresher, memoryStore())).toThrow(/write createRefresher/)
    expect(() => handles({} as Store)).toThrow(TypeError)
  })
})

describe('responseTo', () => {
  it('leads a page to the sign-in, tells a script, and leaves other errors alone', async () => {
    const { web } = await stage()
    const page = web.of(at('/a?b=c', { 'sec-fetch-mode': 'navigate' }))
    const script = web.of(at('/a', { 'sec-fetch-mode': 'cors', accept: 'text/html' }))
    const error = await page.accessToken().catch((reason: unknown) => reason)

    expect(page.responseTo(error)?.headers.get('location')).toBe('/auth/sign-in?to=%2Fa%3Fb%3Dc')
    expect(script.responseTo(error)?.status).toBe(401)
    expect(page.responseTo(new Error('of the application'))).toBeUndefined()
    expect(await page.outcome()).toBeUndefined()
  })
})

describe('webSessions', () => {
  it.each<[object, RegExp]>([
    [{ origin: 'https://app.example.com/' }, /origin is a string: write an origin/],
    [{ origin: 'http://app.example.com' }, /origin is plain http/],
    [{ origin: undefined }, /origin is missing/],
    [{ apis: ['https://api.example.com/v1'] }, /origins/],
    [{ paths: { signIn: 'auth' } }, /paths.signIn/],
    [{ cookie: { name: 'a b' } }, /cookie.name/],
    [{ client: { id: 'a', secret: '' } }, /secret/],
    [{ refresher: {} }, /refresher .*createRefresher/],
    [{ redirectUri: 'https://app.example.com/auth/callback' }, /redirectUri is no option/],
  ])('refuses %j', async (wrong, message) => {
    const { options } = await stage()

    expect(() => webSessions({ ...options, ...wrong })).toThrow(message)
  })

  it('says that an AS without metadata needs an authorizationEndpoint', () => {
    const provider = defineProvider({ id: 'mine', tokenEndpoint: 'https://id.example.com/token' })
    const client = { id: 'an-app' }
    const real = createRefresher({ provider, client, ledger: { store: memoryStore() } })

    expect(() =>
      webSessions({ refresher: withHandles(real, memoryStore()), client, origin: ORIGIN }),
    ).toThrow(/write authorizationEndpoint/)
  })
})
