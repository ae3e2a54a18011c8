import type { RefreshError } from './errors.ts'
import type { TokenSet } from './token-set.ts'

/** The statechart's states, as a caller sees them. */
export type OutcomeState = 'fresh' | 'expiring' | 'rotated' | 'revoked' | 'error'

/**
 * What `refresh` answers: one frozen object of one shape in every case.
 *
 * Save `tokens` whenever `changed`; send the user to sign in whenever `needsSignIn`; if it is
 * `usable`, use `accessToken`, else read `error`.
 */
export type Outcome<T extends TokenSet = TokenSet> = UsableOutcome<T> | UnusableOutcome<T>

/** The parts that all outcomes have. */
interface AnyOutcome<T extends TokenSet> {
  readonly state: OutcomeState
  /** The caller's set, or the newest of its chain; fields of the caller's own are kept. */
  readonly tokens: T
  /** Whether `tokens` differs from what the caller passed, and must be saved. */
  readonly changed: boolean
  /** Whether only a new sign-in can help. */
  readonly needsSignIn: boolean
  /**
   * Whether `prompt=none` may bring the user back without a page (OIDC Core §3.1.2.1): the grant
   * was lost or is over, the user did not end it, and the AS knows this prompt. Try it once.
   */
  readonly canSignInSilently: boolean
}

/** There is an access token that can be used now. */
export interface UsableOutcome<T extends TokenSet = TokenSet> extends AnyOutcome<T> {
  readonly usable: true
  /** The access token asked for. */
  readonly accessToken: string
  /** What is wrong all the same: the ledger could not be asked, or the AS not be reached. */
  readonly error: RefreshError | undefined
}

/** There is none. */
export interface UnusableOutcome<T extends TokenSet = TokenSet> extends AnyOutcome<T> {
  readonly usable: false
  readonly accessToken: undefined
  readonly error: RefreshError
}

/**
 * Stands for tokens that stay in the ledger: random, not made of a token, and the same for as long
 * as the sign-in lives. Keep it as secret as a session cookie.
 */
export type Handle = `handle_${string}`

/** How a revocation ended. */
export interface RevokeOutcome {
  /** Whether the chain has ended in the ledger: no holder is handed a token any more. */
  readonly ended: boolean
  /** Whether the AS confirmed that the newest refresh token is dead. */
  readonly revoked: boolean
  /** What failed. Nothing, where the AS has no endpoint to revoke at. */
  readonly error: RefreshError | undefined
}

export interface KeepOptions<T extends TokenSet> {
  /**
   * Stores a new set. The next refresh waits for it; if it rejects, or has not ended after 30 s, it
   * is called again with the same set, later.
   */
  readonly onChanged: (next: T, previous: T) => void | Promise<void>
  /** Told once when only a new sign-in can help. */
  readonly onSignIn?: (outcome: Outcome<T>) => unknown
}

/** A set that keeps itself fresh. */
export interface Keeper<T extends TokenSet> extends AsyncDisposable {
  /** The newest outcome. */
  readonly current: Outcome<T>
  /** Stops the timers; an exchange under way runs to its end and is stored. */
  stop(): Promise<void>
}
