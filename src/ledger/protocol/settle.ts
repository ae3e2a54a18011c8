import type { Acknowledgement, ClaimRow, EndReason, GrantRow, SeenRow } from '../rows.ts'
import { acknowledgedOf, isMine, open, remainingDelayMs } from './view.ts'
import type { Dated, Next, Operation, ChainPosition, Policy, LedgerView } from './view.ts'

/** How a presentation ended, as far as the rows are concerned. */
export type Settlement<S> =
  | {
      readonly type: 'granted'
      readonly set: S
      /** Whether the refresh token of the set is another than the one presented. */
      readonly rotated: boolean
      /** Whether a new refresh token came at all. */
      readonly hasSuccessor: boolean
      readonly withheld?: 'subject_changed'
    }
  /** Provably not consumed. */
  | { readonly type: 'unspent'; readonly delayMs?: number }
  /** May be spent: the claim stays. */
  | { readonly type: 'spent' }
  /** The chain had ended, and what was received has been revoked: whoever waits may go on. */
  | { readonly type: 'disposed' }

export interface SettleRequest<S> {
  readonly claimId: string
  readonly place: ChainPosition
  /** Whether the token was the caller's own: then its holders' elders have been seen to be late. */
  readonly own: boolean
  /** Whether the caller's set carried its chain; if not, the successor must lead to it. */
  readonly carried: boolean
  readonly policy: Policy
  /** Joins what was received to what is known: access tokens by audience, later one wins. */
  merge(known: S | undefined, received: S): S
}

/** Says in the row of an ended chain that this claim's presentation is over. */
export function markDisposed<S>(
  { place, claimId }: Pick<SettleRequest<S>, 'place' | 'claimId'>,
  expected: number,
  row: GrantRow<S>,
): Operation<S> {
  return { on: 'grant', grant: place.grant, do: 'swap', expected, row: { ...row, claimId } }
}

export type SettleAnswer<S> =
  | { readonly type: 'settled'; readonly place: ChainPosition; readonly set: S }
  | { readonly type: 'withheld'; readonly place: ChainPosition; readonly reason: 'subject_changed' }
  /** The chain ended meanwhile: what was received must be revoked, and is nobody's. */
  | { readonly type: 'ended'; readonly place: ChainPosition; readonly reason: EndReason }
  | { readonly type: 'noted' }

/** Gives a claim back whose token was provably not consumed, if it is still ours. */
function abandon<S>(
  claimId: string,
  view: LedgerView<S>,
  delayMs?: number,
): Next<S, { readonly type: 'noted' }> {
  if (view.claim === undefined) return { operations: [{ on: 'claim', do: 'read' }] }
  if (!isMine(claimId, view)) return { answer: { type: 'noted' } }
  return { operations: [open(view, view.claim.row!, delayMs)] }
}

interface WithdrawRequest {
  readonly claimId: string
  readonly place: ChainPosition
  readonly mayComeLate: boolean
  readonly seenAt: number | undefined
}

/**
 * Takes back a claim of which nobody knows whether it was written, or is yet to be: a swap that was
 * given up may take effect later. What stands is therefore written once more, and such a swap
 * loses.
 *
 * @param mayComeLate Whether a swap may take effect yet: the store did not answer.
 * @param seenAt The version of the claim row that was seen first. Absent: none was.
 */
export function withdraw<S>(
  { claimId, place, mayComeLate, seenAt }: WithdrawRequest,
  view: LedgerView<S>,
): Next<S, { readonly type: 'noted' }> {
  if (view.claim === undefined) return { operations: [{ on: 'claim', do: 'read' }] }
  const { row, version } = view.claim
  if (isMine(claimId, view)) return { operations: [open(view, row!)] }
  const isOutrun = !mayComeLate || row?.kind === 'claimed' || version !== seenAt
  if (isOutrun) return { answer: { type: 'noted' } }
  return { operations: [open(view, row ?? place, row && remainingDelayMs(view))] }
}

/** Writes how the presentation ended. */
export function settle<S>(
  request: SettleRequest<S>,
  ending: Settlement<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> {
  switch (ending.type) {
    case 'spent':
      return { answer: { type: 'noted' } }
    case 'unspent':
      return abandon(request.claimId, view, ending.delayMs)
    case 'disposed':
      return dispose(request, view)
    case 'granted':
      return grant(request, ending, view)
  }
}

type GrantedSettlement<S> = Extract<Settlement<S>, { type: 'granted' }>

/** First the way to the chain, if its holders need one; then the grant row; then the claim. */
function grant<S>(
  request: SettleRequest<S>,
  received: GrantedSettlement<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> {
  const { claimId, place } = request
  const generation = place.generation + (received.rotated ? 1 : 0)
  const seen = view.grants[place.grant]
  const row = seen?.row
  if (row?.ended !== undefined) return { answer: { type: 'ended', place, reason: row.ended } }
  if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {
    if (!request.carried && received.hasSuccessor && view.introduced !== true) {
      return { operations: [introduce({ ...place, generation })] }
    }
    const written = grantRow(request, received, generation, seen, view.nowMs)
    const expected = seen?.version ?? 0
    return { operations: [{ on: 'grant', grant: place.grant, do: 'swap', expected, row: written }] }
  }
  if (!received.rotated && isMine(claimId, view)) return { operations: [open(view, place)] }
  const reached = { ...place, generation: row.generation }
  if (row.withheld !== undefined) {
    return { answer: { type: 'withheld', place: reached, reason: row.withheld } }
  }
  return { answer: { type: 'settled', place: reached, set: row.set! } }
}

/** Whether our set stands, or a later one does: a generation is never lowered. */
function isWritten<S>(
  row: GrantRow<S>,
  claimId: string,
  generation: number,
  rotated: boolean,
): boolean {
  if (row.claimId === claimId) return true
  return rotated ? row.generation >= generation : row.generation > generation
}

function grantRow<S>(
  { claimId, place, own, policy, merge }: SettleRequest<S>,
  { set, withheld }: GrantedSettlement<S>,
  generation: number,
  seen: SeenRow<GrantRow<S>> | undefined,
  nowMs: number,
): GrantRow<S> {
  const known = acknowledgedOf(seen)
  return {
    generation,
    set: merge(seen?.row?.set, set),
    claimId,
    acknowledged: own ? acknowledge(known, place.generation, nowMs, policy.staleMs) : known,
    ...(withheld !== undefined && { withheld }),
  }
}

/** The successor's own row, for a holder who will come with nothing else. */
function introduce<S>(place: ChainPosition): Operation<S> {
  const row: ClaimRow = { kind: 'open', ...place }
  return { on: 'successor', do: 'swap', expected: 0, row }
}

/** Says in the row of the ended chain that what was received is dead. */
function dispose<S>(request: SettleRequest<S>, view: LedgerView<S>): Next<S, SettleAnswer<S>> {
  const seen = view.grants[request.place.grant]
  if (seen?.row?.ended === undefined || seen.row.claimId === request.claimId) {
    return { answer: { type: 'noted' } }
  }
  return { operations: [markDisposed(request, seen.version, seen.row)] }
}

/**
 * Whether a holder may still send: its request must end before others call the claim overdue.
 *
 * @param elapsedMs Since before the claim (or the grant, if that was earlier) was first asked for,
 *   on the holder's monotonic clock.
 */
export function maySend(elapsedMs: number, claimMs: number, requestTimeoutMs: number): boolean {
  return elapsedMs + requestTimeoutMs < claimMs
}

/**
 * Adds an acknowledgement, dated by the row that it is written with. Entries closer together than a
 * sixteenth of `staleMs` are merged, so that the list stays short; the newest is always exact.
 *
 * @param nowMs No later than now, on the store's clock.
 */
function acknowledge(
  known: readonly Dated[],
  generation: number,
  nowMs: number,
  staleMs: number,
): readonly Acknowledgement[] {
  const last = known.at(-1)
  if (last !== undefined && generation <= last.generation) return known
  const ripe = known.findLastIndex((entry) => entry.atMs + staleMs <= nowMs)
  const kept = known.slice(Math.max(ripe, 0))
  const before = kept.at(-2)
  const isDense = before !== undefined && nowMs - before.atMs < staleMs / 16
  return [...(isDense ? kept.slice(0, -1) : kept), { generation }]
}
