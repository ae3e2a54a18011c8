import * as oauth from 'oauth4webapi'
import { isRecord } from '../../core/text.ts'
import { systemClock, within } from '../../core/clock.ts'
import type { Clock } from '../../core/clock.ts'
import { isLoopback } from '../../core/endpoint.ts'
import { RefreshError, tokenSetFromResponse } from '../../index.ts'
import type { Client, Provider, TokenSet } from '../../index.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'

/** What a sign-in must remember until the user comes back. It lies in a cookie of its own. */
export interface Flow {
  readonly state: string
  readonly verifier: string
  readonly nonce: string
  /** Where the user goes then: a path. */
  readonly to: string
}

export interface SignInOptions {
  readonly provider: Provider
  readonly client: Client
  readonly redirectUri: string
  readonly scope: string
  readonly authorizationEndpoint?: string | undefined
  readonly parameters: Readonly<Record<string, string>>
  readonly clock?: Clock | undefined
}

/** The authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1). */
export interface CodeFlow {
  /** @returns The address at the AS that the browser is sent to. */
  begin(flow: Flow): Promise<URL>
  /** @throws {RefreshError} `sign_in_failed` */
  end(url: URL, flow: Flow): Promise<TokenSet>
}

/** How long each step of the sign-in may take, milliseconds. */
const TIMEOUT_MS = 10_000

/** Metadata is asked for again after an hour. */
const FRESH_MS = 3_600_000

/** A new flow, with secrets that nobody can guess. */
export function newFlow(to: string): Flow {
  return {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
    to,
  }
}

export function codeFlow(options: SignInOptions): CodeFlow {
  const { provider, client, redirectUri, scope, parameters, clock = systemClock } = options
  const isOpenId = scope.split(' ').includes('openid')
  const publicClient = { client_id: client.id }
  let known: { readonly server: oauth.AuthorizationServer; readonly until: number } | undefined

  /** The metadata of the AS, with what the description says instead. */
  async function serverNow(): Promise<oauth.AuthorizationServer> {
    if (known !== undefined && clock.monotonic() < known.until) return known.server
    const given = {
      ...(options.authorizationEndpoint && {
        authorization_endpoint: options.authorizationEndpoint,
      }),
      ...(provider.tokenEndpoint && { token_endpoint: provider.tokenEndpoint }),
    }
    const isWhole = options.authorizationEndpoint && provider.tokenEndpoint
    const found = isWhole ? undefined : await discovered(provider)
    const issuer = provider.issuer ?? new URL(provider.tokenEndpoint!).origin
    const server = { issuer, ...found, ...given }
    known = { server, until: clock.monotonic() + FRESH_MS }
    return server
  }

  /** An AS that does not answer must not hold a browser for ever. */
  const inTime = <R>(work: () => Promise<R>): Promise<R> =>
    within(clock, TIMEOUT_MS, work, () => {
      const hint = 'The server did not answer in time.'
      throw new RefreshError('sign_in_failed', { provider: provider.id, hint })
    })

  return {
    async begin({ state, verifier, nonce }) {
      const { authorization_endpoint: page } = await inTime(serverNow)
      if (page === undefined) {
        const hint = 'The metadata names no authorization_endpoint: write authorizationEndpoint.'
        throw new RefreshError('sign_in_failed', { provider: provider.id, hint })
      }
      const url = new URL(page)
      const asked = {
        ...parameters,
        response_type: 'code',
        client_id: client.id,
        redirect_uri: redirectUri,
        scope,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(isOpenId && { nonce }),
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      return url
    },

    async end(url, { state, verifier, nonce }) {
      try {
        const server = await inTime(serverNow)
        const answer = await inTime(() => exchange(server, url, state, verifier))
        const body: unknown = await inTime(() => answer.clone().json())
        if (!answer.ok || !isRecord(body)) throw refusal(provider, body, answer.status)
        if (isOpenId) {
          await oauth.processAuthorizationCodeResponse(server, publicClient, answer, {
            expectedNonce: nonce,
            requireIdToken: true,
          })
        }
        const { response } = provider
        const read =
          (await response.read?.({
            status: answer.status,
            headers: answer.headers,
            body,
          })) ?? body
        const tokens = tokenSetFromResponse(read, { nowMs: clock.now() })
        return { ...tokens, provider: provider.id }
      } catch (error) {
        throw failure(provider, error)
      }
    },
  }

  function exchange(
    server: oauth.AuthorizationServer,
    url: URL,
    state: string,
    verifier: string,
  ): Promise<Response> {
    const code = oauth.validateAuthResponse(server, publicClient, url, state)
    const endpoint = server.token_endpoint!
    const methods = server.token_endpoint_auth_methods_supported ?? []
    const method = authenticationMethod(provider, client, methods)
    return oauth.authorizationCodeGrantRequest(
      server,
      publicClient,
      async (_server, _client, body, headers) => {
        for (const [name, value] of Object.entries(provider.request.headers)) {
          headers.set(name, value)
        }
        const context = { endpoint, issuer: provider.issuer, clock }
        const made = await authenticate(method, client, context)
        made.headers.forEach((value, name) => headers.set(name, value))
        made.parameters.forEach((value, name) => body.set(name, value))
      },
      code,
      redirectUri,
      verifier,
      {
        [oauth.allowInsecureRequests]: mayBePlain(endpoint, provider),
      },
    )
  }
}

const mayBePlain = (address: string, { insecure }: Provider): boolean =>
  insecure || isLoopback(new URL(address))

/** Asks where the description says, else in both places (OIDC Discovery §4, RFC 8414 §3.1). */
async function discovered(provider: Provider): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(provider.issuer!)
  const places = provider.discovery ? [provider.discovery] : (['oidc', 'oauth2'] as const)
  let last: unknown
  for (const algorithm of places) {
    try {
      const answer = await oauth.discoveryRequest(issuer, {
        algorithm,
        [oauth.allowInsecureRequests]: mayBePlain(issuer.href, provider),
      })
      return await oauth.processDiscoveryResponse(issuer, answer)
    } catch (error) {
      last = error
    }
  }
  throw failure(provider, last)
}

/** Our own words, and the code of the AS if it is one short word: nothing else of an answer. */
function failure({ id }: Provider, error: unknown): RefreshError {
  if (error instanceof RefreshError) return error
  const code = isRecord(error) ? error['error'] : undefined
  const oauthError = typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : undefined
  return new RefreshError('sign_in_failed', { provider: id, ...(oauthError && { oauthError }) })
}

function refusal(provider: Provider, body: unknown, status: number): RefreshError {
  const { oauthError } = failure(provider, body)
  const known = oauthError === undefined ? {} : { oauthError }
  return new RefreshError('sign_in_failed', { provider: provider.id, status, ...known })
}
