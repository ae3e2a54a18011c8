import { allowInsecureRequests, customFetch, refreshTokenGrantRequest } from 'oauth4webapi'
import { failedPresentation, type Presentation } from '../core/failure.ts'
import type { Client, OutgoingRequest, Provider } from '../core/provider.ts'
import { interpretResponse, validated } from './token-response.ts'
import { send, UNREAD } from './send.ts'
import type { Outgoing, Reply, Sender } from './send.ts'
import type { Presented } from './token-response.ts'

/**
 * What a browser can have got as a cookie's value, quotes included (RFC 6265 §5.2): anything
 * printable in ASCII up to a semicolon, without spaces around it.
 */
const COOKIE_VALUE = /^(?! )[\x20-\x3a\x3c-\x7e]*(?<! )$/

/** What can fail has been done: metadata found, client authentication made. Good for one use. */
export interface Prepared {
  readonly ready: true
  /** Sends, once, and never throws. Bounded by `requestTimeoutMs` from its call. */
  present(presented: Presented): Promise<Presentation>
}

/** All that a presentation needs beside the token. */
interface Exchange {
  readonly provider: Provider
  readonly client: Client
  readonly sender: Sender
  readonly endpoint: URL
  readonly authentication: OutgoingRequest
  /** Milliseconds until the answer is given up as `unknown`. */
  readonly timeoutMs: number
}

/** A right to send one refresh token to one endpoint, once. */
export function prepareTokenRequest(exchange: Exchange): Prepared {
  let isUsed = false
  return {
    ready: true,
    async present(presented) {
      const { origin } = exchange.endpoint
      // A second call is a bug; the first one may have spent the token.
      if (isUsed) return failedPresentation('unknown', { code: 'internal', origin })
      isUsed = true
      return present(exchange, presented)
    },
  }
}

/**
 * Presents a refresh token at the token endpoint, once.
 *
 * Never retried here: after this call the token may be spent (RFC 9700 §4.14.2).
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-6
 */
async function present(exchange: Exchange, presented: Presented): Promise<Presentation> {
  const { provider, client, sender, endpoint, authentication, timeoutMs } = exchange
  const { origin } = endpoint
  const { clock } = sender
  const endsAt = clock.monotonic() + timeoutMs
  let reply: Reply | undefined
  try {
    await refreshTokenGrantRequest(
      { issuer: provider.issuer ?? endpoint.href, token_endpoint: endpoint.href },
      { client_id: client.id },
      (_as, _client, parameters, headers) => {
        for (const [name, value] of Object.entries(provider.request.parameters)) {
          parameters.set(name, value)
        }
        applyClientAuthentication({ headers, parameters }, provider, authentication)
      },
      presented.refreshToken.expose(),
      {
        additionalParameters: extraParameters(provider, presented),
        [allowInsecureRequests]: endpoint.protocol === 'http:',
        [customFetch]: async (url, { headers, body }) => {
          const request = encodeRequest(url, headers, body, provider)
          reply = await send(request, sender, timeoutMs)
          return UNREAD
        },
      },
    )
  } catch {
    // `send` never rejects: what throws is the making of the request.
  }
  if (reply === undefined) return failedPresentation('refused_before', { code: 'internal', origin })
  const read = await validated(reply, provider, clock, endsAt - clock.monotonic())
  return interpretResponse(read, { provider, presented, origin, nowMs: clock.now() })
}

/** The parameters of RFC 6749 §6 beside `grant_type` and `refresh_token`. */
export function extraParameters(provider: Provider, presented: Presented): Record<string, string> {
  const { audience, accessToken } = presented
  const { names, bearer, audience: asked } = provider.request
  const parameters: Record<string, string> = {}
  if (audience.resource !== undefined) parameters[asked.resource] = audience.resource
  if (audience.organization !== undefined) parameters[asked.organization] = audience.organization
  const isWanted = bearer === 'access_token' || typeof ownName(names, 'access_token') === 'string'
  if (accessToken !== undefined && isWanted) {
    parameters['access_token'] = accessToken.expose()
  }
  return parameters
}

/**
 * Adds what the provider and the client authentication want, in this order: authentication has the
 * last word.
 */
export function applyClientAuthentication(
  { headers, parameters }: OutgoingRequest,
  provider: Provider,
  authentication: OutgoingRequest,
): void {
  for (const [name, value] of Object.entries(provider.request.headers)) headers.set(name, value)
  for (const [name, value] of authentication.headers) headers.set(name, value)
  for (const [name, value] of authentication.parameters) parameters.set(name, value)
}

/** The request that oauth4webapi built, as this provider wants it on the wire. */
export function encodeRequest(
  url: string,
  given: Readonly<Record<string, string>>,
  parameters: URLSearchParams,
  { request: { method, format, names, bearer } }: Provider,
): Outgoing {
  const borne = bearer ?? (format === 'bearer' ? 'refresh_token' : undefined)
  const headers = { ...given }
  const renamed: [name: string, value: string][] = []
  for (const [name, value] of parameters) {
    const called = ownName(names, name)
    if (name === borne) {
      headers['authorization'] = borneBy('authorization', `Bearer ${value}`)
    } else if (called !== null) {
      renamed.push([called ?? name, value])
    }
  }
  if (method === 'POST' && (format === 'form' || format === 'bearer')) {
    return { url, method, headers, body: new URLSearchParams(renamed).toString() }
  }
  if (format === 'json') {
    headers['content-type'] = 'application/json'
    return { url, method, headers, body: JSON.stringify(Object.fromEntries(renamed)) }
  }
  delete headers['content-type']
  if (format === 'cookie') {
    const pairs = renamed.map(([name, value]) => `${name}=${cookieValue(value)}`)
    headers['cookie'] = borneBy('cookie', pairs.join('; '))
    return { url, method, headers }
  }
  const target = new URL(url)
  for (const [name, value] of renamed) target.searchParams.set(name, value)
  return { url: target.href, method, headers }
}

/** @throws {TypeError} For a value that no header can bear: before anything is sent. */
function borneBy(name: string, value: string): string {
  return new Headers({ [name]: value }).get(name)!
}

/** As a browser echoes it; encoded only where a browser could not have got it. */
function cookieValue(value: string): string {
  return COOKIE_VALUE.test(value) ? value : encodeURIComponent(value)
}

function ownName(names: Provider['request']['names'], name: string): string | null | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined
}
