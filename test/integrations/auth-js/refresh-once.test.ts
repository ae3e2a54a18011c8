import { readFileSync } from 'node:fs'
import { Auth, customFetch, setEnvDefaults, type AuthConfig } from '@auth/core'
import { ExpressAuth } from '@auth/express'
import express from 'express'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Provider } from '../../../src/core/provider.ts'
import { configuredOf, refresherFor } from '../../../src/integrations/auth-js/derive.ts'
import { KNOWN } from '../../../src/integrations/auth-js/known.ts'
import { refreshOnce, type RefreshOnceOptions } from '../../../src/integrations/auth-js.ts'
import { oidc as oidcProvider } from '../../../providers/oidc.ts'
import { createRefresher } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { CLIENTS } from '../../oidc/configuration.ts'
import { exchange } from '../../oidc/exchange.ts'
import { startOidcServer, type ClientId, type OidcServer } from '../../oidc/oidc-server.ts'
import { allFacts } from '../../docs/providers.ts'
import { knownIds, knownSource } from '../../docs/known.ts'
import { startApp, type App } from './app.ts'
import { browser } from './browser.ts'
import { nextAuth4Handler } from './frameworks.ts'
import { atOnce, HOUR_MS } from './stage.ts'

const SECRET = 'the-secret-of-the-application-under-test'
const REQUESTS = 20
const all = await allFacts()

const options = (more: Partial<RefreshOnceOptions> = {}): RefreshOnceOptions => ({
  store: memoryStore(),
  refresher: { onEvent: () => {} },
  ...more,
})

/** The built-in provider of Auth.js, as an application calls it. */
async function builtIn(id: string, given: object = {}): Promise<Record<string, unknown>> {
  const module = (await import(
    /* @vite-ignore */ `../../../node_modules/@auth/core/providers/${id}.js`
  )) as {
    default: (given: object) => Record<string, unknown>
  }
  return module.default({ clientId: 'my-app', clientSecret: 'my-secret', ...given })
}

/** What Google's metadata says, as far as a sign-in needs it. */
const METADATA = {
  issuer: 'https://accounts.google.com',
  authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_endpoint: 'https://oauth2.googleapis.com/token',
}
const discovers = { [customFetch]: () => Promise.resolve(Response.json(METADATA)) }

/** The parameters with which the browser is sent to sign in, as Auth.js makes them. */
async function requested(config: object, id: string): Promise<URLSearchParams> {
  const whole = {
    basePath: '/api/auth',
    trustHost: true,
    secret: SECRET,
    logger: { error() {}, warn() {}, debug() {} },
    ...config,
  } as unknown as AuthConfig
  setEnvDefaults(process.env, whole)
  const origin = 'http://localhost:3000'
  const first = await Auth(new Request(`${origin}/api/auth/csrf`), whole)
  const { csrfToken } = (await first.json()) as { csrfToken: string }
  const response = await Auth(
    new Request(`${origin}/api/auth/signin/${id}`, {
      method: 'POST',
      headers: {
        cookie: first.headers
          .getSetCookie()
          .map((line) => line.split(';')[0])
          .join('; '),
      },
      body: new URLSearchParams({ csrfToken, callbackUrl: origin }),
    }),
    whole,
  )
  return new URL(response.headers.get('location') ?? 'http://none').searchParams
}

afterEach(() => vi.unstubAllEnvs())

describe('a built-in provider of Auth.js', () => {
  it('is known as the facts say: `npx tsx test/docs/generate.ts` writes the list', () => {
    const written = readFileSync('src/integrations/auth-js/known.ts', 'utf8')
    const ids = [...knownIds(all)]

    expect(ids.length).toBeGreaterThan(40)
    for (const [id, ours] of ids) expect(KNOWN[id]).toMatchObject({ id: ours })
    expect(Object.keys(KNOWN)).toEqual(ids.map(([id]) => id))
    expect(written.split('\n').filter((line) => line.startsWith('import'))).toEqual(
      knownSource(all)
        .split('\n')
        .filter((line) => line.startsWith('import')),
    )
  })

  it.each([...knownIds(all).keys()])(
    '%s has a refresher that is driven by its facts',
    async (id) => {
      const issuer = ISSUERS[id]
      const provider = await builtIn(id, issuer === undefined ? {} : { issuer }).catch(() => ({
        id,
        type: 'oidc',
        issuer,
        clientId: 'my-app',
        clientSecret: 'my-secret',
      }))
      const refresher = refresherFor(configuredOf({ ...provider, id })!, {
        ledger: { store: memoryStore() },
      })

      const { rotation = 'sometimes', failures = {} } = KNOWN[id]!
      expect(refresher.provider).toMatchObject({ id: KNOWN[id]!.id, rotation, failures })
      expect(addressOf(refresher.provider)).not.toMatch(/[{}]|undefined|authjs\.dev/)
    },
  )

  it.each([
    ['microsoft-entra-id', {}, 'https://login.microsoftonline.com/common/oauth2/v2.0/token'],
    [
      'microsoft-entra-id',
      { issuer: 'https://login.microsoftonline.com/0c1f/v2.0' },
      'https://login.microsoftonline.com/0c1f/oauth2/v2.0/token',
    ],
    [
      'salesforce',
      { issuer: 'https://acme.my.salesforce.com' },
      'https://acme.my.salesforce.com/services/oauth2/token',
    ],
    ['gitlab', {}, 'https://gitlab.com'],
    ['zoho', {}, 'https://accounts.zoho.com/oauth/v2/token'],
    ['auth0', { issuer: 'https://acme.eu.auth0.com' }, 'https://acme.eu.auth0.com/'],
    ['keycloak', { issuer: 'https://id.example.com/realms/a' }, 'https://id.example.com/realms/a'],
    ['logto', { issuer: 'https://acme.logto.app/oidc' }, 'https://acme.logto.app/oidc'],
    [
      'cognito',
      { issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc' },
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc',
    ],
    ['okta', { issuer: 'https://acme.okta.com' }, 'https://acme.okta.com'],
    ['spotify', { token: 'https://proxy.example.com/token' }, 'https://proxy.example.com/token'],
  ])('%s with %o renews at %s', async (id, given, address) => {
    const { provider } = refresherFor(configuredOf(await builtIn(id, given))!, {
      ledger: { store: memoryStore() },
    })

    expect([provider.issuer, provider.tokenEndpoint]).toContain(address)
  })

  it('takes id, secret and issuer from the environment, as Auth.js does', async () => {
    vi.stubEnv('AUTH_KEYCLOAK_ID', 'from-the-environment')
    vi.stubEnv('AUTH_KEYCLOAK_SECRET', 'secret')
    vi.stubEnv('AUTH_KEYCLOAK_ISSUER', 'https://id.example.com/realms/a')
    const { default: Keycloak } = await import('@auth/core/providers/keycloak')

    const config = refreshOnce({ providers: [Keycloak] }, options())

    expect(config.providers).toHaveLength(1)
    expect(() => refreshOnce({ providers: [Keycloak({})] }, options())).not.toThrow()
    vi.stubEnv('AUTH_KEYCLOAK_ID', undefined)
    expect(() => refreshOnce({ providers: [Keycloak] }, options())).toThrow('AUTH_KEYCLOAK_ID')
  })

  it('says nothing while Next.js builds without an environment', async () => {
    vi.stubEnv('NEXT_PHASE', 'phase-production-build')
    const { default: Google } = await import('@auth/core/providers/google')

    expect(() => refreshOnce({ providers: [Google] }, options())).not.toThrow()
  })
})

describe('a provider that has the name of a product', () => {
  const made = (provider: object): Provider =>
    refresherFor(configuredOf({ clientId: 'c', clientSecret: 's', ...provider })!, {
      ledger: { store: memoryStore() },
    }).provider

  it.each([
    { id: 'google', type: 'oidc', issuer: 'https://id.example.com' },
    { id: 'slack', type: 'oauth', token: 'https://id.example.com/token' },
    { id: 'hubspot', type: 'oauth', token: 'https://evil-hubapi.com/token' },
  ])('$id is another one at an address of its own', (provider) => {
    const { issuer, tokenEndpoint, reuse, failures } = made(provider)

    expect([issuer, tokenEndpoint].filter(Boolean)).toEqual([provider.issuer ?? provider.token])
    expect(reuse).toBeUndefined()
    expect(failures).toEqual({})
  })

  it('is that product elsewhere, if Auth.js made it', async () => {
    const google = await builtIn('google', { issuer: 'https://g.example.com' })
    const github = await builtIn('github', { enterprise: { baseUrl: 'https://ghe.example.com' } })

    expect(made(google)).toMatchObject({ issuer: 'https://g.example.com' })
    expect(made(google).tokenEndpoint).toBeUndefined()
    expect(made(google).reuse).toBeUndefined()
    expect(made(github)).toMatchObject({
      tokenEndpoint: 'https://ghe.example.com/login/oauth/access_token',
      failures: { bad_refresh_token: 'rejected' },
    })
  })

  it('is that product under another name', async () => {
    const renamed = await builtIn('google', { id: 'work' })

    expect(configuredOf(renamed)).toMatchObject({ id: 'work', product: 'google' })
    expect(made(renamed)).toMatchObject({ id: 'google', reuse: 'accepted' })
  })

  it('sends no secret, if it has none', () => {
    const isPublic = { issuer: 'https://a.auth0.com', clientSecret: undefined }

    expect(made({ id: 'auth0', type: 'oidc', ...isPublic })).toMatchObject({
      id: 'auth0',
      clientAuthentication: 'none',
    })
  })

  it('sends tokens by the fetch of the application', async () => {
    const dead = Response.json({ error: 'invalid_grant' }, { status: 400 })
    const sent = vi.fn(() => Promise.resolve(dead))
    const provider = { id: 'a', type: 'oauth', token: 'https://a.example.com/token' }
    const { refresh } = refresherFor(
      configuredOf({ ...provider, clientId: 'c', [customFetch]: sent })!,
      { ledger: { store: memoryStore() }, onEvent: () => {} },
    )

    await refresh({ accessToken: 'at', refreshToken: 'rt', expiresAtMs: 1_700_000_000_000 })

    expect(sent).toHaveBeenCalledWith('https://a.example.com/token', expect.anything())
  })
})

/** Where a built-in provider wants to know the issuer. */
const ISSUERS: Readonly<Record<string, string>> = Object.fromEntries(
  ['auth0', 'cognito', 'fusionauth', 'asgardeo', 'authentik', 'keycloak', 'okta', 'ory-hydra']
    .concat(['zitadel', 'workos', 'logto', 'azure-ad'])
    .map((id) => [id, id === 'logto' ? 'https://acme.logto.app/oidc' : 'https://id.example.com/a']),
)

const addressOf = ({ issuer, tokenEndpoint }: Provider): string => String(tokenEndpoint ?? issuer)

describe('the authorization request', () => {
  it.each([
    ['google', {}, { access_type: 'offline', prompt: 'consent' }],
    ['google', { authorization: { params: { prompt: 'login' } } }, { prompt: 'login' }],
    ['google', { authorization: { params: { access_type: 'online' } } }, { access_type: 'online' }],
    ['twitter', {}, { scope: expect.stringMatching(/\boffline\.access\b/) as unknown }],
    ['dropbox', {}, { token_access_type: 'offline' }],
    ['google', { id: 'work' }, { access_type: 'offline', prompt: 'consent' }],
  ])('of %s with %o has %o', async (id, given, expected) => {
    const provider = await builtIn(id, { ...discovers, ...given })
    const config = refreshOnce({ providers: [provider] }, options())

    const sent = await requested(config, (given as { id?: string }).id ?? id)

    expect(Object.fromEntries(sent)).toMatchObject({ ...expected, client_id: 'my-app' })
    expect(sent.get('scope')).toBeTruthy()
  })

  it('of a function among the providers has what it needs, too', async () => {
    vi.stubEnv('AUTH_GOOGLE_ID', 'by-environment')
    vi.stubEnv('AUTH_GOOGLE_SECRET', 'secret')
    const { default: built } = await import('@auth/core/providers/google')
    const Google = (given: object = {}): object => built({ ...given, ...discovers })

    const sent = await requested(refreshOnce({ providers: [Google] }, options()), 'google')

    expect(Object.fromEntries(sent)).toMatchObject({
      client_id: 'by-environment',
      access_type: 'offline',
    })
  })

  it('keeps the scopes of the application beside the one that is missing', async () => {
    const provider = await builtIn('microsoft-entra-id', {
      authorization: { params: { scope: 'openid Mail.Read' } },
    })
    const [entry] = refreshOnce({ providers: [provider] }, options()).providers

    expect(entry).toMatchObject({
      options: { authorization: { params: { scope: 'openid Mail.Read offline_access' } } },
    })
  })

  it.each([
    [{ type: 'oidc' }, 'openid profile email offline_access', 'consent'],
    [
      { type: 'oidc', authorization: { params: { scope: 'openid', prompt: 'login' } } },
      'openid offline_access',
      'login',
    ],
    [
      { type: 'oauth', authorization: 'https://id.example.com/a?scope=openid' },
      'openid offline_access',
      'consent',
    ],
  ])('of any OpenID provider asks for offline access: %o', (given, scope, prompt) => {
    const provider = { id: 'acme', issuer: 'https://id.example.com', clientId: 'c', ...given }
    const [entry] = refreshOnce({ providers: [provider] }, options()).providers

    expect(entry).toMatchObject({ authorization: { params: { scope, prompt } } })
  })

  it('of OAuth of which nothing is known stays as it is', () => {
    const provider = { id: 'acme', type: 'oauth', token: 'https://a.example.com', clientId: 'c' }

    expect(refreshOnce({ providers: [provider] }, options()).providers).toEqual([provider])
  })

  it('leaves alone what an application has written', async () => {
    const provider = await builtIn('google', {
      authorization: { params: { access_type: 'offline', prompt: 'consent' } },
    })

    expect(refreshOnce({ providers: [provider] }, options()).providers).toEqual([provider])
  })
})

describe('refreshOnce()', () => {
  it.each([
    ['a custom token request', { token: { request: () => ({}) } }, 'own token.request sends'],
    ['no address', {}, 'write issuer, or refreshers'],
    [
      'private_key_jwt',
      {
        issuer: 'https://i.example.com',
        client: { token_endpoint_auth_method: 'private_key_jwt' },
      },
      'private_key_jwt',
    ],
  ])('names the line to write for %s', (_, more, message) => {
    const provider = {
      id: 'acme',
      type: 'oauth',
      clientId: 'a',
      clientSecret: 'top-secret',
      ...more,
    }
    const of = (given: Partial<RefreshOnceOptions>) => () =>
      refreshOnce({ providers: [provider] }, options(given))

    expect(of({})).toThrow(TypeError)
    expect(of({})).toThrow(message)
    expect(of({})).toThrow("refreshers: { 'acme': createRefresher({ … }) }")
    expect(of({})).not.toThrow('top-secret')
    const acme = createRefresher({
      provider: oidcProvider({ issuer: 'https://id.example.com' }),
      ledger: { store: memoryStore() },
      client: { id: 'a', secret: 'b' },
    })
    expect(of({ refreshers: { acme } })).not.toThrow()
  })

  it('wants sessions in a cookie, a store, and no callbacks of its own', () => {
    const config = { providers: [] }
    expect(() => refreshOnce({ ...config, adapter: {} }, options())).toThrow("strategy: 'jwt'")
    expect(() => refreshOnce(config, {} as RefreshOnceOptions)).toThrow('memoryStore()')
    expect(() => refreshOnce({} as typeof config, options())).toThrow('providers: […]')
    expect(() => refreshOnce(config, { ...options(), jwt: () => ({}) } as never)).toThrow(
      'callbacks',
    )
    expect(() =>
      refreshOnce({ ...config, adapter: {}, session: { strategy: 'jwt' } }, options()),
    ).not.toThrow()
  })

  it('leaves alone providers without OAuth, and the configuration that it was given', async () => {
    const { default: Credentials } = await import('@auth/core/providers/credentials')
    const credentials = Credentials({ authorize: () => null })
    const config = Object.freeze({
      providers: Object.freeze([credentials]),
      pages: { signIn: '/in' },
    })

    const made = refreshOnce(config, options())

    expect(made.providers).toEqual([credentials])
    expect(made.pages).toEqual({ signIn: '/in' })
  })

  it('keeps the refreshers of a configuration that is made for each request', async () => {
    const provider = await builtIn('google')
    const made = refreshOnce(() => ({ providers: [provider], callbacks: {} }), options())
    const later = refreshOnce(async () => ({ providers: [provider] }), options())

    expect(made()).toMatchObject({ callbacks: { jwt: expect.any(Function) as unknown } })
    expect(await later()).toMatchObject({ events: { signOut: expect.any(Function) as unknown } })
  })
})

/** Signs in, crosses two expiries with many requests each, and signs out. */
async function crossed(handler: (app: App, server: OidcServer) => App['handler'], writes = true) {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const app = await startApp()
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    redirectUris: [`${app.origin}/api/auth/callback/oidc`],
  })
  onTestFinished(async () => void (await Promise.all([app.stop(), server.stop()])))
  app.handler = handler(app, server)
  const user = browser(app.origin)
  await user.signIn()
  for (let expiry = 0; expiry < 2; expiry += 1) {
    vi.advanceTimersByTime(HOUR_MS)
    await atOnce(REQUESTS, () => user.session({ writes }))
  }
  const session = await user.session({ writes })
  const before = server.counts()
  await user.signOut()
  return { session, before, after: server.counts() }
}

const oidc = (server: OidcServer, client: ClientId, more: object = {}): object => ({
  id: 'oidc',
  name: 'OIDC',
  type: 'oidc',
  issuer: server.issuer,
  clientId: CLIENTS[client].id,
  ...('secret' in CLIENTS[client] && { clientSecret: CLIENTS[client].secret }),
  client: { token_endpoint_auth_method: METHODS[client] },
  checks: ['pkce', 'state'],
  ...more,
})
const METHODS = {
  public: 'none',
  basic: 'client_secret_basic',
  post: 'client_secret_post',
} as const

/** The access token in the session shows that it is good. */
const exposed = (): RefreshOnceOptions => options({ exposeAccessToken: true })

describe.each(['public', 'basic', 'post'] as const)(
  'with a real server and a %s client',
  (client) => {
    it.each([
      [
        '@auth/core',
        (_: App, server: OidcServer): App['handler'] => {
          const config = refreshOnce(coreConfig(server, client), exposed())
          return (request) => Auth(request, config)
        },
      ],
      [
        '@auth/core, configured for each request',
        (_: App, server: OidcServer): App['handler'] => {
          const lazy = refreshOnce(
            (request: Request) => ({ ...coreConfig(server, client), debug: request.url === '' }),
            exposed(),
          )
          return (request) => Auth(request, lazy(request))
        },
      ],
      [
        'next-auth 4',
        (_: App, server: OidcServer): App['handler'] =>
          nextAuth4Handler.handler({
            issuer: server.issuer,
            client,
            callbacks: {},
            onError: () => {},
            wrap: (config) => refreshOnce(config as { providers: [] }, exposed()),
          }),
      ],
    ])('%s presents each token once, and revokes at sign-out', async (_, handler) => {
      const { session, before, after } = await crossed(handler)

      expect(session).toMatchObject({ accessToken: expect.any(String) as unknown })
      expect(session).not.toHaveProperty('error')
      expect(before).toMatchObject({ presentedTwice: 0, reuses: 0, grants: { live: 1, dead: 0 } })
      expect(after).toMatchObject({ grants: { live: 0, dead: 1 } })
    })
  },
)

function coreConfig(server: OidcServer, client: ClientId): AuthConfig {
  return {
    basePath: '/api/auth',
    trustHost: true,
    secret: SECRET,
    providers: [oidc(server, client)],
    logger: { error() {}, warn() {}, debug() {} },
  } as AuthConfig
}

describe('with tokens in the ledger', () => {
  const inLedger = (): RefreshOnceOptions => ({ ...exposed(), tokens: 'ledger' })

  it('presents each token once although no cookie is ever written, and revokes', async () => {
    const { session, before, after } = await crossed((_, server) => {
      const config = refreshOnce(coreConfig(server, 'post'), inLedger())
      return (request) => Auth(request, config)
    }, false)

    expect(session).toMatchObject({ accessToken: expect.any(String) as unknown })
    expect(before).toMatchObject({ presentedTwice: 0, reuses: 0, grants: { live: 1, dead: 0 } })
    expect(after).toMatchObject({ grants: { live: 0, dead: 1 } })
  })

  it('makes the cookie at most 400 bytes longer than Auth.js alone does', async () => {
    const sizes = { alone: 0, inLedger: 0 }
    for (const way of ['alone', 'inLedger'] as const) {
      await crossed((_, server) => {
        const config = coreConfig(server, 'post')
        const used = way === 'alone' ? config : refreshOnce(config, inLedger())
        return async (request) => {
          const response = await Auth(request, used)
          const cookies = response.headers.getSetCookie()
          const session = cookies.filter((line) => line.startsWith('authjs.session-token'))
          sizes[way] = Math.max(sizes[way], session.join().length)
          return response
        }
      })
    }

    expect(sizes.alone).toBeGreaterThan(100)
    expect(sizes.inLedger - sizes.alone).toBeLessThanOrEqual(400)
  })
})

it('serves @auth/express', async () => {
  const { session, before } = await crossed((_, server) => {
    const app = express()
    app.set('trust proxy', true)
    // Where the path ends is what @auth/express reads as its first parameter.
    app.use(/^\/api\/auth\/(.*)$/, ExpressAuth(refreshOnce(coreConfig(server, 'post'), exposed())))
    const listening = createServer(app).listen(0, '127.0.0.1')
    onTestFinished(() => {
      listening.close()
      listening.closeAllConnections()
    })
    return async (request) => {
      const { port } = listening.address() as { port: number }
      const { pathname, search, host } = new URL(request.url)
      const { status, headers, body } = await exchange(
        new URL(`http://127.0.0.1:${port}${pathname}${search}`),
        {
          method: request.method,
          headers: { ...Object.fromEntries(request.headers), host },
          ...(request.method === 'POST' && { body: Buffer.from(await request.arrayBuffer()) }),
        },
      )
      const given = Object.entries(headers).flatMap(([name, values]) =>
        [values ?? []].flat().map((value): [string, string] => [name, value]),
      )
      return new Response(new Uint8Array(body), { status, headers: given })
    }
  })

  expect(session).toMatchObject({ accessToken: expect.any(String) as unknown })
  expect(before).toMatchObject({ presentedTwice: 0, grants: { live: 1, dead: 0 } })
})

it('calls the callbacks and events of the application', async () => {
  const calls: string[] = []
  const { session } = await crossed((_, server) => {
    const config = refreshOnce(
      {
        ...coreConfig(server, 'post'),
        callbacks: {
          jwt: ({ token }: { token: object }) => (calls.push('jwt'), { ...token, mine: 1 }),
          session: ({ session: given, token }: { session: object; token: { mine?: number } }) => ({
            ...given,
            mine: token.mine,
          }),
        },
        events: { signOut: () => void calls.push('signOut') },
      } as unknown as AuthConfig,
      exposed(),
    )
    return (request) => Auth(request, config)
  })

  expect(session).toMatchObject({ mine: 1 })
  expect(calls).toContain('jwt')
  expect(calls).toContain('signOut')
})
