import type { EndReason, GrantRow } from '../rows.ts'
import { endRow, isOverdue, readGrant } from './view.ts'
import { markDisposed } from './settle.ts'
import type { SettleRequest } from './settle.ts'
import type { Next, Operation, ChainPosition, LedgerView } from './view.ts'

export type EndAnswer<S> =
  /** The chain has ended; `set` is the newest that the ledger knew. */
  | {
      readonly type: 'ended'
      readonly place: ChainPosition
      readonly reason: EndReason
      readonly set?: S
    }
  /** The chain has moved on since: the AS spoke of a spent token. */
  | { readonly type: 'adopted'; readonly place: ChainPosition; readonly set: S }

/** The AS said that the grant is dead: ends the chain, if it is still at this generation. */
export function reject<S>(
  { place, claimId }: Pick<SettleRequest<S>, 'place' | 'claimId'>,
  reason: EndReason,
  view: LedgerView<S>,
): Next<S, EndAnswer<S>> {
  const seen = view.grants[place.grant]
  if (seen === undefined) return { operations: [readGrant(place.grant)] }
  const { row } = seen
  if (row?.ended !== undefined) {
    const isSigned = row.claimId === claimId || row.endedBy === claimId
    if (!isSigned) return { operations: [markDisposed({ place, claimId }, seen.version, row)] }
    return { answer: endedAnswer(place, row, row.ended) }
  }
  if (row !== undefined && row.generation > place.generation) {
    return {
      answer: { type: 'adopted', place: { ...place, generation: row.generation }, set: row.set! },
    }
  }
  return { operations: [endRow(place, seen, reason, claimId)] }
}

export interface RevokeRequest {
  readonly claimId: string
  readonly carried?: ChainPosition
  readonly minted: string
  readonly claimMs: number
}

/** Ends the chain of a token, whatever its generation. */
export function revoke<S>(request: RevokeRequest, view: LedgerView<S>): Next<S, EndAnswer<S>> {
  const pointed = view.claim?.row
  const place = request.carried ?? pointed
  if (place === undefined) {
    if (view.claim === undefined) return { operations: [{ on: 'claim', do: 'read' }] }
    return { operations: [takingClaim(request, view, { grant: request.minted, generation: 0 })] }
  }
  const here = { grant: place.grant, generation: place.generation }
  const seen = view.grants[place.grant]
  if (seen === undefined) return { operations: [readGrant(place.grant)] }
  if (seen.row?.ended !== undefined) return { answer: endedAnswer(here, seen.row, seen.row.ended) }
  return { operations: [endRow(here, seen, 'revoked', request.claimId)] }
}

export type TakeClaimAnswer =
  /** Nobody will present the token any more. */
  | { readonly type: 'taken' }
  /** Somebody is presenting it: wait for them; they will find the chain ended. */
  | { readonly type: 'busy' }
  /** The token belongs to another chain too, which must end as well. */
  | { readonly type: 'elsewhere'; readonly place: ChainPosition }

/** Takes the claim of the newest token of an ended chain, so that nobody can present it. */
export function takeClaim<S>(
  request: RevokeRequest,
  place: ChainPosition,
  view: LedgerView<S>,
): Next<S, TakeClaimAnswer> {
  const row = view.claim?.row
  if (row !== undefined && row.grant !== place.grant) {
    return {
      answer: { type: 'elsewhere', place: { grant: row.grant, generation: row.generation } },
    }
  }
  if (row?.kind !== 'claimed') return { operations: [takingClaim(request, view, place)] }
  if (row.claimId === request.claimId) return { answer: { type: 'taken' } }
  const grant = view.grants[row.grant]
  if (grant === undefined) return { operations: [readGrant(row.grant)] }
  const isOver =
    isOverdue(view) || grant.row?.claimId === row.claimId || grant.row?.endedBy === row.claimId
  return { answer: { type: isOver ? 'taken' : 'busy' } }
}

function endedAnswer<S>(place: ChainPosition, row: GrantRow<S>, reason: EndReason): EndAnswer<S> {
  const isNewest = row.set !== undefined && row.generation >= place.generation
  return {
    type: 'ended',
    place: isNewest ? { ...place, generation: row.generation } : place,
    reason,
    ...(isNewest && { set: row.set }),
  }
}

function takingClaim<S>(
  request: RevokeRequest,
  view: LedgerView<S>,
  place: ChainPosition,
): Operation<S> {
  return {
    on: 'claim',
    do: 'swap',
    expected: view.claim?.version ?? 0,
    row: { kind: 'claimed', ...place, claimId: request.claimId, claimMs: request.claimMs },
  }
}

export type GrantCheck =
  /** Nobody has ended the chain, or the ledger never heard of it. */
  { readonly type: 'live' } | { readonly type: 'ended'; readonly reason: EndReason }

/**
 * Whether the chain of a token still stands. Reads, and writes nothing: a set whose access token is
 * good needs no claim.
 *
 * @param carried Where the caller's set says it stands; absent for a set that never met the ledger.
 */
export function checkGrant<S>(
  carried: ChainPosition | undefined,
  view: LedgerView<S>,
): Next<S, GrantCheck> {
  if (carried === undefined && view.claim === undefined) {
    return { operations: [{ on: 'claim', do: 'read' }] }
  }
  const grant = carried?.grant ?? view.claim?.row?.grant
  if (grant === undefined) return { answer: { type: 'live' } }
  const seen = view.grants[grant]
  if (seen === undefined) return { operations: [readGrant(grant)] }
  const reason = seen.row?.ended
  return { answer: reason === undefined ? { type: 'live' } : { type: 'ended', reason } }
}
