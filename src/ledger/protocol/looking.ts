import type { Ending } from '../rows.ts'
import { readGrant } from './view.ts'
import type { Next, Place, View } from './view.ts'

export type LookAnswer =
  /** Nobody has ended the chain, or the ledger never heard of it. */
  { readonly type: 'standing' } | { readonly type: 'ended'; readonly reason: Ending }

/**
 * Whether the chain of a token still stands. Reads, and writes nothing: a set whose access token is
 * good needs no claim.
 *
 * @param carried Where the caller's set says it stands; absent for a set that never met the ledger.
 */
export function look<S>(carried: Place | undefined, view: View<S>): Next<S, LookAnswer> {
  if (carried === undefined && view.claim === undefined) {
    return { operations: [{ on: 'claim', do: 'read' }] }
  }
  const grant = carried?.grant ?? view.claim?.row?.grant
  if (grant === undefined) return { answer: { type: 'standing' } }
  const seen = view.grants[grant]
  if (seen === undefined) return { operations: [readGrant(grant)] }
  const reason = seen.row?.ended
  return { answer: reason === undefined ? { type: 'standing' } : { type: 'ended', reason } }
}
