import { Hono } from 'hono'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher, defineProvider } from '../../../src/index.ts'
import type { RefreshOptions, Store, TokenSet } from '../../../src/index.ts'
import { sessions } from '../../../src/integrations/hono.ts'
import type { OAuthEnv } from '../../../src/integrations/hono.ts'
import { webSessions } from '../../../src/integrations/web.ts'
import type {
  HandleRefresher,
  WebSessionOptions,
  WebSessions,
} from '../../../src/integrations/web.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
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
  const refresher: HandleRefresher = {
    ...real,
    deposit(tokens) {
      deposited.push(tokens)
      return real.deposit(tokens)
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
    const refresher = createRefresher({
      provider,
      client,
      ledger: { store: memoryStore() },
      onEvent: () => {},
    })
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

describe('of a handle that the ledger does not give', () => {
  function process(store: Store): HandleRefresher {
    const provider = oidc({ issuer: 'https://id.example.com' })
    return createRefresher({
      provider,
      client: { id: 'an-app' },
      ledger: { store },
      onEvent: () => {},
    })
  }
  const tokens = { accessToken: 'at-1', refreshToken: 'rt-1', expiresAtMs: 4_000_000_000_000 }

  it.each(['', 'a', 'handle_', 'x'.repeat(43), '../../etc/passwd', 'é'])(
    'leads to the sign-in: %j',
    async (handle) => {
      const { web } = await stage()
      const cookie = `__Host-oauth=${handle}`
      const session = web.of(at('/a', { cookie, 'sec-fetch-mode': 'navigate' }))

      const error = await session.accessToken().catch((reason: unknown) => reason)

      expect(session.responseTo(error)?.headers.get('location')).toBe('/auth/sign-in?to=%2Fa')
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
    const handle = await process(store).deposit(tokens)
    const refresher = process(store)
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

    expect(() => webSessions({ refresher: real, client, origin: ORIGIN })).toThrow(
      /write authorizationEndpoint/,
    )
  })
})
