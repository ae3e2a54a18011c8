import { systemClock, type Clock } from '../../src/core/clock.ts'
import type { Reuse } from '../../src/core/provider.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { CLIENTS, type ClientId, type Rotates } from './configuration.ts'
import { jsonOf } from './exchange.ts'
import { faultQueue, type Around, type Faults, type Wait } from './gateway.ts'
import { digest8, journal, type Counts, type JournalEntry } from './journal.ts'
import { rows } from './rows.ts'
import { serve } from './serve.ts'
import { postAs, signIn, type SignInOptions, type TokenAnswer } from './sign-in.ts'

export type { Around, ClientId, Counts, JournalEntry, Rotates, SignInOptions, TokenAnswer }
export type { Fault, Faults, Wait } from './gateway.ts'
export { digest8 }

export interface OidcServerOptions {
  /**
   * Lifetime of access tokens in milliseconds; whole seconds. Default 60,000.
   *
   * The server counts in whole seconds and rounds its clock down: a token of n seconds lives
   * between n-1 and n, although `expires_in` says n.
   */
  readonly accessTokenMs?: number
  /** Lifetime of refresh tokens in milliseconds; whole seconds. Default one day. */
  readonly refreshTokenMs?: number
  /**
   * Whether a refresh token is consumed and replaced at each use. `nearing_expiry`: that of a
   * public client is, that of a confidential one when 70 % of its lifetime have passed. Default
   * `true`.
   */
  readonly rotates?: Rotates
  /**
   * What a spent refresh token does where they rotate: the server's storage then hides from it what
   * it would call reuse. Windows count on `clock`. Default `revokes`, as oidc-provider is.
   */
  readonly reuse?: Reuse
  /**
   * Whether the grant itself is revoked when a spent refresh token comes back. The tokens of the
   * grant die in any case. Default: it is.
   */
  readonly revokeGrantPolicy?: () => boolean
  /** Where the clients may be sent back to. Default: a place nobody listens at. */
  readonly redirectUris?: readonly [string, ...string[]]
  /** Resource indicators (RFC 8707), absolute URIs, with the scope `read write`. Default none. */
  readonly resources?: readonly string[]
  /** Whether a DPoP proof must hold a nonce of the server (RFC 9449 §8). Default `false`. */
  readonly dpopNonces?: boolean
  /** How long the token endpoint takes over a refresh token: before and after it is processed. */
  readonly latency?: { readonly before?: Wait; readonly after?: Wait }
  /** Path that all endpoints lie below, e.g. `/oidc`; ends the issuer, too. Default: none. */
  readonly path?: string
  /** What a product does around the server, where refresh tokens are presented. Default nothing. */
  readonly around?: Around
  readonly clock?: Clock
}

/** A real authorization server on loopback, with a gateway that counts and lets faults happen. */
export interface OidcServer extends AsyncDisposable {
  readonly issuer: string
  readonly tokenEndpoint: string
  /** `public`, `basic` (`client_secret_basic`) and `post` (`client_secret_post`). */
  readonly clients: typeof CLIENTS
  /** A whole sign-in, authorization code with PKCE over HTTP. Default client: `public`. */
  signIn(clientId?: ClientId, options?: SignInOptions): Promise<TokenAnswer>
  /** Presents a refresh token with nothing in between, as a client without this library does. */
  present(
    refreshToken: string,
    clientId?: ClientId,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>
  /** Whether the server takes the access token (or refresh token): RFC 7662 introspection. */
  isLive(token: string): Promise<boolean>
  /** The number of the grant a refresh token was issued for, spent or not. */
  grantOf(refreshToken: string): number | undefined
  /** What the server saw; of one grant, or of all. */
  counts(grant?: number): Counts
  readonly journal: readonly JournalEntry[]
  /** Resolves as soon as the condition holds; it is looked at after each entry of the journal. */
  until(condition: (counts: Counts) => boolean): Promise<void>
  /** What is to happen to the presentations to come. */
  readonly faults: Faults
  /** Ends the grant of a refresh token, as a user does who withdraws their consent. */
  endGrant(refreshToken: string): void
  stop(): Promise<void>
}

/**
 * Starts oidc-provider (an optional peer, `npm i -D oidc-provider`) on a free port of 127.0.0.1,
 * with rotation and reuse detection as RFC 9700 §4.14.2 has them.
 *
 * Nothing printed, counted or written down holds a token. Consent is given without asking.
 *
 * ```ts
 * await using server = await startOidcServer({ accessTokenMs: 2_000 })
 * const { refresh_token } = await server.signIn()
 * server.faults.next({ kind: 'cut_after' })
 * ```
 */
export async function startOidcServer(options: OidcServerOptions = {}): Promise<OidcServer> {
  const { clock = systemClock } = options
  const book = journal(clock)
  const stored = rows({
    reuse: options.reuse ?? 'revokes',
    clock,
    onGrant: book.numberOf,
    onRefreshToken: book.issued,
  })
  const { faults, take } = faultQueue()
  const { issuer, redirectUri, stop } = await serve({ ...options, clock, book, stored, take })

  const counts = (grant?: number): Counts => book.counts(stored.isLive, grant)
  const grantOf = (refreshToken: string): number | undefined => {
    const grantId = book.grantOf(refreshToken)
    return grantId === undefined ? undefined : book.numberOf(grantId)
  }

  return {
    issuer,
    tokenEndpoint: `${issuer}/token`,
    clients: CLIENTS,
    async signIn(clientId = 'public', signInOptions = {}) {
      const tokens = await signIn({ issuer, redirectUri }, clientId, signInOptions)
      book.write({ kind: 'signed_in', grant: grantOf(tokens.refresh_token) })
      return tokens
    },
    async present(refreshToken, clientId = 'public') {
      const { status, body } = await postAs(clientId, `${issuer}/token`, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      })
      return { status, body: jsonOf(body) }
    },
    async isLive(token) {
      const { body } = await postAs('basic', `${issuer}/token/introspection`, { token })
      return jsonOf(body)['active'] === true
    },
    grantOf,
    counts,
    journal: book.entries,
    until: (condition) => book.until(() => condition(counts())),
    faults,
    endGrant(refreshToken) {
      const grantId = book.grantOf(refreshToken)
      if (grantId === undefined) throw new Error('the refresh token is not one of this server')
      stored.endGrant(grantId)
      book.write({ kind: 'ended', grant: book.numberOf(grantId) })
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** The token set of a token response that arrived just now. */
export function tokenSetOf(answer: TokenAnswer, clock: Pick<Clock, 'now'> = systemClock): TokenSet {
  const obtainedAtMs = clock.now()
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAtMs: obtainedAtMs + answer.expires_in * 1000,
    obtainedAtMs,
    idToken: answer.id_token,
    scope: answer.scope,
    tokenType: answer.token_type,
  }
}
