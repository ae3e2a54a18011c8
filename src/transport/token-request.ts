import { allowInsecureRequests, customFetch, refreshTokenGrantRequest } from 'oauth4webapi'
import { failedPresentation, type Presentation } from '../core/failure.ts'
import type { Client, OutgoingRequest, Provider } from '../core/provider.ts'
import type { Secret } from '../core/secret.ts'
import { captureRequest, send } from './send.ts'
import type { BuiltRequest, HttpRequest, Sender } from './send.ts'
import { interpretResponse, validated } from './token-response.ts'
import type { PresentedTokens } from './token-response.ts'

/** A request to the token endpoint that is ready to be sent, once. */
export interface Prepared {
  readonly ready: true
  /**
   * Presents the refresh token. A second call sends nothing, because the first may have spent the
   * token.
   *
   * @param knownIdToken The ID token that the ledger has of the chain. Default: the one of the set
   *   that is renewed. The answer's subject is held against it.
   * @returns How the presentation ended, at the latest `requestTimeoutMs` after the call. Never
   *   rejects.
   */
  present(knownIdToken?: Secret): Promise<Presentation>
}

/** An endpoint that was found, and how this client authenticates there. */
export interface EndpointAccess {
  readonly provider: Provider
  readonly client: Client
  readonly sender: Sender
  readonly endpoint: URL
  readonly authentication: OutgoingRequest
  /** Milliseconds until an answer is given up. */
  readonly timeoutMs: number
}

/**
 * Builds the request that presents a refresh token, and sends nothing: everything that can fail
 * fails here, before the ledger is asked for the claim.
 *
 * @throws For a request that cannot be built, e.g. of a token that no header can hold.
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-6
 */
export async function prepareTokenRequest(
  access: EndpointAccess,
  presented: PresentedTokens,
): Promise<Prepared> {
  const { provider, client, sender, endpoint, authentication, timeoutMs } = access
  const { clock } = sender
  const { origin } = endpoint
  const built = await captureRequest<URLSearchParams>((fetch) =>
    refreshTokenGrantRequest(
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
        [customFetch]: fetch,
      },
    ),
  )
  const request = encodeRequest(built, provider)
  let isSent = false
  return {
    ready: true,
    async present(knownIdToken = presented.idToken) {
      if (isSent) return failedPresentation('unknown', { code: 'internal', origin })
      isSent = true
      const endsAt = clock.monotonic() + timeoutMs
      // This line presents the refresh token. It is the one step of a refresh that cannot be taken
      // back: from here on the AS may have spent the token, even if no answer comes, and a
      // spent token that comes again makes the AS revoke the whole grant (RFC 9700 §4.14.2). That
      // is why
      // - nothing reaches this line but the holder of a claim: the ledger has promised that no
      //   other process presents this token now, and the holder has checked on its monotonic clock
      //   that the whole request fits into the time of the claim;
      // - all that can fail without the AS has been done before: the metadata was found, the client
      //   authentication made, the request written;
      // - the request is sent once. It is never retried here, redirected, or stopped by a caller
      //   who gives up waiting;
      // - no exception leaves this function: an answer that does not come, or makes no sense, is
      //   `unknown`, and only an error that proves that no byte was sent is `deferred`.
      const reply = await send(request, sender, timeoutMs)
      const read = await validated(reply, provider, clock, endsAt - clock.monotonic())
      const compared = { ...presented, idToken: knownIdToken }
      return interpretResponse(read, {
        provider,
        presented: compared,
        origin,
        nowMs: clock.now(),
      })
    },
  }
}

/** The parameters of RFC 6749 §6 beside `grant_type` and `refresh_token`. */
function extraParameters(provider: Provider, presented: PresentedTokens): Record<string, string> {
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
 * Adds the provider's headers and then the client authentication, which replaces what it finds
 * under its own names (RFC 6749 §2.3).
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

/**
 * Writes a request that oauth4webapi built as the provider wants it on the wire.
 *
 * @throws {TypeError} For a token that no header can hold.
 */
export function encodeRequest(
  { url, headers: given, body: parameters }: BuiltRequest<URLSearchParams>,
  { request: { method, format, names, bearer } }: Pick<Provider, 'request'>,
): HttpRequest {
  const borne = bearer ?? (format === 'bearer' ? 'refresh_token' : undefined)
  const headers = { ...given }
  const renamed: [name: string, value: string][] = []
  for (const [name, value] of parameters) {
    const called = ownName(names, name)
    if (name === borne) {
      headers['authorization'] = headerValue('authorization', `Bearer ${value}`)
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
    headers['cookie'] = headerValue('cookie', pairs.join('; '))
    return { url, method, headers }
  }
  const target = new URL(url)
  for (const [name, value] of renamed) target.searchParams.set(name, value)
  return { url: target.href, method, headers }
}

/** @throws {TypeError} For a value that no header can hold. */
function headerValue(name: string, value: string): string {
  return new Headers({ [name]: value }).get(name)!
}

/**
 * What a browser can have got as a cookie's value, quotes included (RFC 6265 §5.2): anything
 * printable in ASCII up to a semicolon, without spaces around it.
 */
const COOKIE_VALUE = /^(?! )[\x20-\x3a\x3c-\x7e]*(?<! )$/

/** Writes a value as a browser sends it back. Only a value that no browser can have is encoded. */
function cookieValue(value: string): string {
  return COOKIE_VALUE.test(value) ? value : encodeURIComponent(value)
}

function ownName(names: Provider['request']['names'], name: string): string | null | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined
}
