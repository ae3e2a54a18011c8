import type { RefreshError } from '../core/errors.ts'

/** How a revocation ended. */
export interface RevokeOutcome {
  /** Whether the chain has ended in the ledger: no holder is handed a token any more. */
  readonly ended: boolean
  /** Whether the AS confirmed that the newest refresh token is dead. */
  readonly revoked: boolean
  readonly error: RefreshError | undefined
}
