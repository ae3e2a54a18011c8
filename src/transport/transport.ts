import type { Audience } from '../core/tokens.ts'
import type { Presentation } from '../core/failure.ts'
import type { Trouble } from '../core/errors.ts'
import type { Revocation } from '../core/provider.ts'
import type { Secret } from '../core/secret.ts'

/** The refresh token to present, and what the answer is held against. */
export interface Presented {
  readonly refreshToken: Secret
  readonly audience: Audience
  /** Of the set that is renewed: its `sub` must not change (OIDC Core §12.2). */
  readonly idToken?: Secret | undefined
  /** For backends that want the old access token beside the refresh token. */
  readonly accessToken?: Secret | undefined
}

/** What can fail has been done: metadata found, client authentication made. Good for one use. */
export interface Prepared {
  readonly ready: true
  /** Sends, once, and never throws. Bounded by `requestTimeoutMs` from its call. */
  present(presented: Presented): Promise<Presentation>
}

/** Why nothing could be prepared. Nothing was sent to the token endpoint. */
export interface Unprepared extends Trouble {
  readonly ready: false
  readonly code: 'unreachable' | 'misconfigured' | 'rate_limited'
  /** From now, where the AS says so. */
  readonly retryAfterMs?: number
  /** What to change, in our own words. */
  readonly hint?: string
}

/** How a revocation ended. `later`: the token lives (RFC 7009 §2.2.1: after a 503, assume it). */
export type Revoked = { readonly revoked: true } | ({ readonly revoked: false } & Trouble)

/** Everything that is said to one AS on behalf of one client. */
export interface Transport {
  /** Does everything that can fail before a token is claimed. Never throws. */
  prepare(): Promise<Prepared | Unprepared>
  /**
   * Revokes one token (RFC 7009); a provider without endpoint answers `revoked: false` with code
   * `misconfigured`. Retries a 503 or an unreachable endpoint inside its time. Never throws.
   */
  revoke(revocation: Revocation): Promise<Revoked>
}
