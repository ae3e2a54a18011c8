import { createHash } from 'node:crypto'
import type { Random } from '../../core/random.ts'
import { isRecord, toBase64url } from '../../core/text.ts'
import type { ServerInMemory } from '../../testing/authorization-server/server.ts'
import type { Arriving, Reply } from '../../testing/authorization-server/wire.ts'

/** How long a code can be exchanged, milliseconds (RFC 6749 §4.1.2: ten minutes at most). */
const CODE_MS = 60_000

/** A client that registered itself (RFC 7591). */
interface RegisteredClient {
  /** Absent for a public client. */
  readonly secret?: string
  readonly redirectUris: readonly string[]
}

/** An authorization code, and what a request that brings it must prove. */
interface Code {
  readonly clientId: string
  readonly redirectUri: string
  /** PKCE (RFC 7636 §4.3). `undefined`: the client sent no challenge. */
  readonly challenge: string | undefined
  readonly expiresAtMs: number
  /** The refresh token that it brought. A code that comes twice ends the grant (§4.1.2). */
  spentFor?: string
}

export interface SignInOptions {
  readonly server: ServerInMemory
  readonly random: Random
  readonly now: () => number
}

/** The endpoints at which a real client signs in. Every user consents at once. */
export interface SignIn {
  /** `undefined`: the request is for another endpoint. */
  answer(request: Arriving, origin: string): Reply | undefined
  /** Forgets all clients and codes. */
  reset(): void
}

/**
 * Serves authorization code with PKCE, dynamic registration, introspection, metadata, and one
 * protected resource. It is OAuth, not OpenID Connect: there are no ID tokens.
 *
 * A client id that did not register is a public client, and may use any redirect URI.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1
 */
export function createSignIn({ server, random, now }: SignInOptions): SignIn {
  const clients = new Map<string, RegisteredClient>()
  const codes = new Map<string, Code>()
  const made = (prefix: string): string => `${prefix}-${toBase64url(random.bytes(12))}`

  function authorize(query: URLSearchParams, origin: string): Reply {
    const clientId = query.get('client_id') ?? ''
    const redirectUri = query.get('redirect_uri') ?? ''
    const registered = clients.get(clientId)
    // RFC 6749 §4.1.2.1: without a known redirect URI, the user is told and nobody else.
    if (clientId === '' || !isRedirectUri(redirectUri, registered)) {
      return failed(400, 'invalid_request', 'client_id and its registered redirect_uri are needed')
    }
    const back = new URL(redirectUri)
    const state = query.get('state')
    if (state !== null) back.searchParams.set('state', state)
    back.searchParams.set('iss', origin)
    const challenge = query.get('code_challenge') ?? undefined
    if (query.get('response_type') !== 'code') {
      back.searchParams.set('error', 'unsupported_response_type')
    } else if (challenge !== undefined && query.get('code_challenge_method') !== 'S256') {
      back.searchParams.set('error', 'invalid_request')
    } else {
      const code = made('code')
      codes.set(code, { clientId, redirectUri, challenge, expiresAtMs: now() + CODE_MS })
      back.searchParams.set('code', code)
    }
    return { status: 302, headers: [['location', back.href], NO_STORE], body: '' }
  }

  function exchange(form: URLSearchParams, request: Arriving): Reply {
    const { id, secret } = clientIn(form, request)
    const registered = clients.get(id)
    if (registered?.secret !== undefined && registered.secret !== secret) {
      return failed(401, 'invalid_client', 'the client secret is not the registered one')
    }
    const code = codes.get(form.get('code') ?? '')
    if (code?.spentFor !== undefined) server.withdraw(code.spentFor)
    const verifier = form.get('code_verifier') ?? undefined
    const isGood =
      code !== undefined &&
      code.spentFor === undefined &&
      now() < code.expiresAtMs &&
      code.clientId === id &&
      code.redirectUri === (form.get('redirect_uri') ?? code.redirectUri) &&
      code.challenge === (verifier && challengeOf(verifier))
    if (!isGood) return failed(400, 'invalid_grant', 'the code does not fit this request')
    const tokens = server.signIn()
    code.spentFor = tokens.refreshToken
    return server.answerTo(tokens)
  }

  function register({ body }: Arriving): Reply {
    const asked = jsonOf(body)
    const given = isRecord(asked) ? asked['redirect_uris'] : undefined
    const redirectUris: unknown[] = Array.isArray(given) ? given : []
    if (!isRecord(asked) || redirectUris.length === 0 || !redirectUris.every(isUrl)) {
      return failed(400, 'invalid_redirect_uri', 'redirect_uris is a list of addresses')
    }
    const id = made('client')
    const method = asked['token_endpoint_auth_method'] ?? 'client_secret_basic'
    const secret = method === 'none' ? undefined : made('secret')
    clients.set(id, { redirectUris, ...(secret !== undefined && { secret }) })
    const issuedAt = Math.floor(now() / 1000)
    return json(201, {
      ...asked,
      client_id: id,
      client_id_issued_at: issuedAt,
      token_endpoint_auth_method: method,
      // RFC 7591 §3.2.1: 0 says that the secret does not expire.
      ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    })
  }

  /** RFC 7662 §2.2: of a token that is not live it says nothing else. */
  function introspect({ body }: Arriving): Reply {
    const token = new URLSearchParams(body).get('token') ?? ''
    if (!server.isLive(token)) return json(200, { active: false })
    const access = server.grants.accessTokens.get(token)
    const refresh = server.grants.refreshTokens.get(token)
    return json(200, {
      active: true,
      sub: `user-${access?.grant ?? refresh?.grant}`,
      ...(access && { token_type: 'Bearer', exp: Math.floor(access.expiresAtMs / 1000) }),
    })
  }

  /** RFC 6750 §3. */
  function resource({ headers }: Arriving, origin: string): Reply {
    const token = /^bearer +(.+)$/i.exec(headers('authorization') ?? '')?.[1]
    if (token !== undefined && server.use(token)) {
      return json(200, { sub: `user-${server.grants.accessTokens.get(token)?.grant}` })
    }
    const error = token === undefined ? '' : 'error="invalid_token", '
    const about = `resource_metadata="${origin}/.well-known/oauth-protected-resource/resource"`
    const reply = json(401, { error: 'invalid_token' })
    return {
      ...reply,
      headers: [...reply.headers, ['www-authenticate', `Bearer ${error}${about}`]],
    }
  }

  return {
    answer(request, origin) {
      const { pathname, searchParams } = new URL(request.url, origin)
      if (request.method === 'OPTIONS') return { status: 204, headers: CORS, body: '' }
      if (pathname.startsWith('/.well-known/')) {
        const isResource = pathname.includes('oauth-protected-resource')
        return json(200, isResource ? resourceMetadata(origin) : metadata(origin))
      }
      switch (pathname) {
        case '/authorize':
          return authorize(searchParams, origin)
        case '/register':
          return register(request)
        case '/introspect':
          return introspect(request)
        case '/resource':
          return resource(request, origin)
        case '/token': {
          const form = formOf(request)
          return form.get('grant_type') === 'authorization_code'
            ? exchange(form, request)
            : undefined
        }
        default:
          return undefined
      }
    },
    reset() {
      clients.clear()
      codes.clear()
    },
  }
}

/** RFC 8414 §2. */
function metadata(origin: string): object {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    introspection_endpoint: `${origin}/introspect`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
  }
}

/** RFC 9728 §2. */
function resourceMetadata(origin: string): object {
  return {
    resource: `${origin}/resource`,
    authorization_servers: [origin],
    bearer_methods_supported: ['header'],
  }
}

const NO_STORE = ['cache-control', 'no-store'] as const

/** A client in a browser may ask, too: no cookie is read here. */
const CORS: Reply['headers'] = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-headers', 'authorization, content-type, play-fault'],
  ['access-control-allow-methods', 'GET, POST, PUT, DELETE'],
]

/** An answer in JSON. */
export function json(status: number, body: unknown): Reply {
  return {
    status,
    headers: [['content-type', 'application/json'], NO_STORE, ...CORS],
    body: JSON.stringify(body),
  }
}

/** An error as RFC 6749 §5.2 writes it. */
export function failed(status: number, error: string, description: string): Reply {
  return json(status, { error, error_description: description })
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value)
}

function isRedirectUri(uri: string, registered: RegisteredClient | undefined): boolean {
  if (!isUrl(uri)) return false
  if (registered === undefined) return true
  // RFC 8252 §7.3: the port of a loopback address is chosen at each sign-in.
  return registered.redirectUris.some((each) => withoutPort(each) === withoutPort(uri))
}

function withoutPort(uri: string): string {
  const url = new URL(uri)
  if (['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) url.port = ''
  return url.href
}

/** RFC 7636 §4.2. */
function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** The client of a request: in its header (RFC 6749 §2.3.1), or in its body. */
function clientIn(form: URLSearchParams, { headers }: Arriving) {
  const basic = /^basic +(.+)$/i.exec(headers('authorization') ?? '')?.[1]
  if (basic === undefined) {
    return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? undefined }
  }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
  return { id: decoded(id), secret: decoded(secret) }
}

/** A value of a form: `+` is a space, and what cannot be read stays as it is. */
function decoded(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') ?? text
}

/** The members of a request, in a form or in JSON. */
function formOf({ body }: Arriving): URLSearchParams {
  const value = body.trimStart().startsWith('{') ? jsonOf(body) : undefined
  if (!isRecord(value)) return new URLSearchParams(body)
  const texts = Object.entries(value).filter(([, each]) => typeof each === 'string')
  return new URLSearchParams(texts as [string, string][])
}

/** `undefined`: it is no JSON. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
