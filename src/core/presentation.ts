import type { ErrorCode } from './errors.ts'
import type { Access } from './tokens.ts'
import type { Secret } from './secret.ts'

/** A token response, read and normalised. */
export interface TokenResponse {
  readonly access: Access
  /** Absent: the AS sent none (or an empty one). */
  readonly refreshToken?: Secret
  /** The AS sent none and took the old one away, or may have. */
  readonly isWithout?: true
  /** Epoch milliseconds. */
  readonly refreshExpiresAtMs?: number
  readonly idToken?: Secret
  /**
   * Why the set must not be handed out although the AS sent it: its ID token speaks of another
   * subject (OIDC Core §12.2). It is settled all the same, or a live token would be lost.
   */
  readonly withheld?: 'subject_changed'
}

/** What went wrong, in words that are safe to print: nothing here comes from a body unchecked. */
export interface Trouble {
  /** Our stable code. */
  readonly code: ErrorCode
  /** The `error` of RFC 6749 §5.2, if it is one short word of safe characters. */
  readonly oauthError?: string
  /** HTTP status. */
  readonly status?: number
  /** The origin that answered or did not. */
  readonly origin?: string
}

/** How the presentation of a refresh token ended. */
export type Presentation =
  /** A token set came back. */
  | { readonly outcome: 'granted'; readonly response: TokenResponse }
  /** The AS says that the grant is dead. */
  | ({ readonly outcome: 'rejected' } & Trouble)
  /** The client or this request is wrong; the grant lives. `consumed`: the token may be spent. */
  | ({ readonly outcome: 'refused'; readonly consumed: boolean } & Trouble)
  /** Provably not consumed. `retryAfterMs` counts from now. */
  | ({ readonly outcome: 'deferred'; readonly retryAfterMs?: number } & Trouble)
  /** Sent, and nothing proves anything: the token may be spent. */
  | ({ readonly outcome: 'unknown' } & Trouble)
