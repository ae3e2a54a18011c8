import type { RefreshError } from '../core/errors.ts'

/** How a revocation ended. */
export interface RevokeOutcome {
  /** Whether the chain has ended in the ledger: no holder is handed a token any more. */
  readonly ended: boolean
  /** Whether the AS confirmed that the newest refresh token is dead. */
  readonly revoked: boolean
  /** What failed. Nothing, where the AS has no endpoint to revoke at. */
  readonly error: RefreshError | undefined
}
