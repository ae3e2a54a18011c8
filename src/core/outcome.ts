import type { RefreshError } from './errors.ts'
import type { TokenSet } from './token-set.ts'

/** The statechart's states, as a caller sees them. */
export type OutcomeState = 'fresh' | 'expiring' | 'rotated' | 'revoked' | 'error'

/**
 * What `refresh` answers: one frozen object of one shape in every case.
 *
 * Save `tokens` whenever `changed`; send the user to sign in whenever `signIn`; use `accessToken`.
 */
export interface Outcome<T extends TokenSet = TokenSet> {
  readonly state: OutcomeState
  /** The caller's set, or the newest of its chain; fields of the caller's own are kept. */
  readonly tokens: T
  /** The access token asked for. Absent when none is usable. */
  readonly accessToken: string | undefined
  /** Whether `tokens` differs from what the caller passed, and must be saved. */
  readonly changed: boolean
  /** Whether `accessToken` can be used now. */
  readonly usable: boolean
  /** Whether only a new sign-in can help. */
  readonly signIn: boolean
  /** What is wrong, if anything is. */
  readonly error: RefreshError | undefined
}
