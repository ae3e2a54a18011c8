import type { ErrorCode, Evidence, Reason, Trouble } from './errors.ts'
import type { TokenResponse } from './token-response.ts'

/** How a class of failures is handled: one row of {@link FAILURES}. */
interface FailureRow {
  /** How the presentation ended, as events tell it. */
  readonly outcome: 'rejected' | 'refused' | 'deferred' | 'unknown'
  /**
   * What the ledger notes of the presented token. `unknown`: it may be spent, so it counts as spent
   * unless the provider accepts a spent token again.
   */
  readonly settles: 'spent' | 'unspent' | 'unknown'
  /** The code of the caller's error, unless the one who saw the failure knows a more exact one. */
  readonly code: ErrorCode
  /**
   * What the refresh does next. `end`: the grant is dead. `rest`: it fails, and `keep` tries again
   * later. `wait`: it presents the token again when the AS allows. `repeat`: it presents the token
   * again if the AS accepts a spent one for long enough, else it fails.
   */
  readonly next: 'end' | 'rest' | 'wait' | 'repeat'
}

/**
 * What an answer that is no token set can mean, and all that follows from it. To add a class of
 * failures, add a row: the provider's `failures`, the transport, the ledger and the chart read it.
 */
export const FAILURES = {
  /** The AS says that the grant is dead. */
  rejected: { outcome: 'rejected', settles: 'spent', code: 'rejected', next: 'end' },
  /** The AS refused the client or the request before it consumed the token. The grant lives. */
  refused_before: { outcome: 'refused', settles: 'unspent', code: 'refused', next: 'rest' },
  /** The AS refused the client or the request when the token may have been consumed. */
  refused_after: { outcome: 'refused', settles: 'spent', code: 'refused', next: 'rest' },
  /** The token was provably not consumed. The same request may succeed later. */
  deferred: { outcome: 'deferred', settles: 'unspent', code: 'rate_limited', next: 'wait' },
  /** The request was sent, and nothing proves what became of the token. */
  unknown: { outcome: 'unknown', settles: 'unknown', code: 'unknown', next: 'repeat' },
} as const satisfies Readonly<Record<string, FailureRow>>

/** What an answer that is no token set means. */
export type Failure = keyof typeof FAILURES

/**
 * The errors of RFC 6749 §5.2, RFC 8707 §2 and RFC 9449. The first group is about the client, which
 * is authenticated before the grant is looked at. The second may come when the token is spent:
 * oidc-provider raises `invalid_target` after it consumed the token.
 */
export const STANDARD_ERRORS: ReadonlyMap<string, Failure> = new Map<string, Failure>([
  ['invalid_grant', 'rejected'],
  ['invalid_client', 'refused_before'],
  ['unauthorized_client', 'refused_before'],
  ['unsupported_grant_type', 'refused_before'],
  // RFC 9449 §8: the client is asked to make its proof anew, before anything else happens.
  ['use_dpop_nonce', 'refused_before'],
  // RFC 9449 §5: the proof is looked at before the grant, as the authentication of a client is.
  ['invalid_dpop_proof', 'refused_before'],
  ['invalid_scope', 'refused_after'],
  ['invalid_target', 'refused_after'],
  ['invalid_request', 'refused_after'],
])

/** A presentation that brought no token set. */
export interface FailedPresentation extends Trouble, Evidence {
  /** Why the chain ends with it, where more is known than the code says. */
  readonly reason?: Reason | undefined
  readonly outcome: FailureRow['outcome']
  readonly failure: Failure
  /** Milliseconds from now that the AS asks to wait (RFC 9110 §10.2.3). */
  readonly retryAfterMs?: number
  /** What the operator can do about it, in our own words. */
  readonly hint?: string | undefined
}

/** How the presentation of a refresh token ended. */
export type Presentation =
  { readonly outcome: 'granted'; readonly response: TokenResponse } | FailedPresentation

/** Makes a failed presentation of its class. `details.code` wins over the class's own. */
export function failedPresentation(
  failure: Failure,
  details: Partial<Trouble> & Pick<FailedPresentation, 'retryAfterMs' | 'hint'> = {},
): FailedPresentation {
  const { outcome, code } = FAILURES[failure]
  return { outcome, failure, code, ...details }
}
