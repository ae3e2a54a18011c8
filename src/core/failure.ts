import type { Trouble } from './errors.ts'
import type { TokenResponse } from './token-response.ts'

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

/**
 * What an answer that is no token set means. `refused` says also whether it comes after the AS
 * consumed the token: then the token may be spent.
 */
export type Failure = 'rejected' | 'refused_before' | 'refused_after' | 'deferred' | 'unknown'
