import { Auth, type AuthConfig } from '@auth/core'
import Credentials from '@auth/core/providers/credentials'
import * as nextAuth4 from 'next-auth'
import type { AuthOptions } from 'next-auth'
import NextAuth4Credentials from 'next-auth/providers/credentials'
import type { ClientId } from '../../oidc/oidc-server.ts'
import { CLIENTS } from '../../oidc/configuration.ts'
import type { Handler } from './app.ts'

/** What an application tells Auth.js, whichever version. */
export interface Configuration {
  readonly issuer: string
  readonly client: ClientId
  readonly callbacks: object
  readonly events?: object
  readonly adapter?: object | undefined
  /** Signs in whoever comes, as this user. */
  readonly authorize?: (() => object | null) | undefined
  /** Told what Auth.js logs as an error. */
  readonly onError: (error: unknown) => void
  /** What the application does with the whole before Auth.js gets it. */
  readonly wrap?: (configuration: object) => object
}

/** One of the packages, as an application that listens at `/api/auth`. */
export interface Framework {
  readonly name: string
  readonly handler: (configuration: Configuration) => Handler
}

const SECRET = 'the-secret-of-the-application-under-test'
const SCOPE = 'openid offline_access'

/** What next-auth 5's handlers and `auth()` call. */
export const authJs5: Framework = {
  name: '@auth/core',
  handler({ issuer, client, callbacks, events = {}, adapter, authorize, onError }) {
    const { id, ...secret } = CLIENTS[client]
    const config = {
      basePath: '/api/auth',
      trustHost: true,
      secret: SECRET,
      providers: [
        {
          id: 'oidc',
          name: 'OIDC',
          type: 'oidc',
          issuer,
          clientId: id,
          ...('secret' in secret && { clientSecret: secret.secret }),
          client: { token_endpoint_auth_method: METHOD[client] },
          checks: ['pkce', 'state'],
          authorization: { params: { scope: SCOPE, prompt: 'consent' } },
        },
        Credentials({ credentials: { name: {} }, authorize: () => authorize?.() ?? null }),
      ],
      callbacks,
      events,
      ...(adapter && { adapter }),
      logger: { error: onError, warn() {}, debug() {} },
    } as AuthConfig
    return (request) => Auth(request, config)
  },
}

const METHOD: Readonly<Record<ClientId, string>> = {
  public: 'none',
  basic: 'client_secret_basic',
  post: 'client_secret_post',
}

type ApiHandler = (request: object, response: object, options: AuthOptions) => Promise<unknown>

/** `pages/api/auth/[...nextauth]`, by the handler that NextAuth 4 has for it. */
export const nextAuth4Handler: Framework = {
  name: 'next-auth 4',
  handler({ issuer, client, callbacks, events = {}, adapter, authorize, onError, wrap }) {
    // It asks the environment whether to believe the request's host.
    process.env['AUTH_TRUST_HOST'] = 'true'
    const { id, ...secret } = CLIENTS[client]
    const options = {
      secret: SECRET,
      providers: [
        {
          id: 'oidc',
          name: 'OIDC',
          type: 'oauth',
          wellKnown: `${issuer}/.well-known/openid-configuration`,
          idToken: true,
          clientId: id,
          ...('secret' in secret && { clientSecret: secret.secret }),
          client: {
            token_endpoint_auth_method: METHOD[client],
            id_token_signed_response_alg: 'ES256',
          },
          checks: ['pkce', 'state'],
          authorization: { params: { scope: SCOPE, prompt: 'consent' } },
          profile: ({ sub }: { readonly sub: string }) => ({ id: sub }),
        },
        NextAuth4Credentials4({ credentials: {}, authorize: () => authorize?.() ?? null }),
      ],
      callbacks,
      events,
      ...(adapter && { adapter }),
      logger: { error: (_: string, error: unknown) => onError(error), warn() {}, debug() {} },
    } as unknown as AuthOptions
    const whole = wrap === undefined ? options : (wrap(options) as AuthOptions)
    const handle = (nextAuth4 as unknown as Interop<ApiHandler>).default
    return async (request) => {
      const answer = collector()
      await ('default' in handle ? handle.default : handle)(
        await apiRequest(request),
        answer.response,
        whole,
      )
      return answer.whole()
    }
  },
}

/** A CommonJS module as Node imports it, and as a bundler does. */
type Interop<T> = { readonly default: T & { readonly default: T } }

const NextAuth4Credentials4 = ((): ((options: object) => object) => {
  const found = NextAuth4Credentials as unknown as { default?: (options: object) => object }
  return found.default ?? (NextAuth4Credentials as unknown as (options: object) => object)
})()

async function apiRequest(request: Request): Promise<object> {
  const url = new URL(request.url)
  const text = await request.text()
  const isJson = request.headers.get('content-type')?.includes('json')
  const cookies = (request.headers.get('cookie') ?? '').split('; ').filter(Boolean)
  return {
    method: request.method,
    headers: { ...Object.fromEntries(request.headers), 'x-forwarded-proto': 'http' },
    cookies: Object.fromEntries(
      cookies.map((cookie) => {
        const at = cookie.indexOf('=')
        return [cookie.slice(0, at), decodeURIComponent(cookie.slice(at + 1))]
      }),
    ),
    query: {
      ...Object.fromEntries(url.searchParams),
      nextauth: url.pathname.replace(/^\/api\/auth\//, '').split('/'),
    },
    body: isJson ? (JSON.parse(text) as object) : Object.fromEntries(new URLSearchParams(text)),
  }
}

/** A `NextApiResponse` that becomes a `Response`. */
function collector(): { readonly response: object; whole(): Response } {
  const headers = new Map<string, string | readonly string[]>()
  let status = 200
  let body: string | undefined
  const response = {
    status(code: number) {
      status = code
      return response
    },
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader(name: string, value: string | readonly string[]) {
      headers.set(name.toLowerCase(), value)
      return response
    },
    json: (value: unknown) => (body = JSON.stringify(value)),
    send: (value: unknown) => (body = typeof value === 'string' ? value : JSON.stringify(value)),
    end() {},
  }
  return {
    response,
    whole() {
      const all = new Headers()
      for (const [name, value] of headers) {
        for (const each of [value].flat()) all.append(name, each)
      }
      return new Response(body, { status, headers: all })
    },
  }
}
