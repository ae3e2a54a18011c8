import type { Acknowledgement, ClaimRow, EndReason, GrantRow, SeenRow } from '../rows.ts'
import {
  acknowledgedOf,
  answerWith,
  holdsClaim,
  openClaim,
  operate,
  remainingDelayMs,
} from './view.ts'
import type {
  ChainName,
  ChainPosition,
  DatedAcknowledgement,
  LedgerView,
  Next,
  Operation,
  Policy,
} from './view.ts'

/** How a presentation ended, as far as the rows are concerned. */
export type Settlement<S> =
  | {
      readonly type: 'granted'
      readonly set: S
      /** Whether the set has another refresh token than the one presented, or none. */
      readonly rotated: boolean
      /** Whether a new refresh token came at all. */
      readonly hasSuccessor: boolean
      readonly withheld?: 'subject_changed'
    }
  /** The token was provably not consumed: the claim is given back. */
  | { readonly type: 'unspent'; readonly delayMs?: number }
  /** The token may be spent: the claim stays, so that no process presents the token again. */
  | { readonly type: 'spent' }
  /** The chain had ended, and what was received has been revoked: processes that wait may go on. */
  | { readonly type: 'disposed' }

export interface SettleRequest<S> {
  readonly claimId: string
  readonly position: ChainPosition
  /** Whether the caller came with this token itself: then holders of older tokens are late. */
  readonly isCallersToken: boolean
  /** Whether the caller's set names its chain. If not, the successor must lead to the chain. */
  readonly hasGrantField: boolean
  readonly policy: Policy
  /** Joins what was received to what is known: of each audience, the later access token wins. */
  merge(known: S | undefined, received: S): S
}

export type SettleAnswer<S> =
  | { readonly type: 'settled'; readonly position: ChainPosition; readonly set: S }
  | {
      readonly type: 'withheld'
      readonly position: ChainPosition
      readonly reason: 'subject_changed'
    }
  /** The chain ended meanwhile: what was received must be revoked, and no caller gets it. */
  | { readonly type: 'ended'; readonly position: ChainPosition; readonly reason: EndReason }
  | { readonly type: 'noted' }

/** Writes how the presentation ended. */
export function settle<S>(
  request: SettleRequest<S>,
  settlement: Settlement<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> {
  switch (settlement.type) {
    case 'spent':
      return answerWith({ type: 'noted' })
    case 'unspent':
      return giveBack(request.claimId, view, settlement.delayMs)
    case 'disposed':
      return dispose(request, view)
    case 'granted':
      return grant(request, settlement, view)
  }
}

type GrantedSettlement<S> = Extract<Settlement<S>, { type: 'granted' }>

/**
 * Writes a received set: first the successor's own row, if its holders will need one to find the
 * chain; then the grant row; then the claim row, if the refresh token was kept.
 */
function grant<S>(
  request: SettleRequest<S>,
  received: GrantedSettlement<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> {
  const { claimId, position } = request
  const generation = position.generation + (received.rotated ? 1 : 0)
  const seen = view.grants[position.grant]
  const row = seen?.row
  if (row?.ended !== undefined) return answerWith({ type: 'ended', position, reason: row.ended })
  if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {
    if (!request.hasGrantField && received.hasSuccessor && view.isSuccessorKnown !== true) {
      return operate(introduceSuccessor({ ...position, generation }))
    }
    const written = grantRow(request, received, generation, seen, view.nowMs)
    const expected = seen?.version ?? 0
    return operate({ on: 'grant', grant: position.grant, do: 'swap', expected, row: written })
  }
  if (!received.rotated && holdsClaim(claimId, view)) {
    return operate(openClaim(view, position, undefined, true))
  }
  const reached = { ...position, generation: row.generation }
  if (row.withheld !== undefined) {
    return answerWith({ type: 'withheld', position: reached, reason: row.withheld })
  }
  return answerWith({ type: 'settled', position: reached, set: row.set! })
}

/** Whether the row holds our set or a later one: a generation is never lowered. */
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
  { claimId, position, isCallersToken, policy, merge }: SettleRequest<S>,
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
    // As secret as a key must be, and nothing that a holder is ever told.
    proofKey: seen?.row?.proofKey ?? claimId,
    acknowledged: isCallersToken
      ? acknowledge(known, position.generation, nowMs, policy.staleMs)
      : known,
    ...(withheld !== undefined && { withheld }),
  }
}

/** Writes the successor's own row, for a holder that will come with the token and no `grant`. */
function introduceSuccessor<S>(position: ChainPosition): Operation<S> {
  const row: ClaimRow = { kind: 'open', ...position, isBound: true }
  return { on: 'successor', do: 'swap', expected: 0, row }
}

/**
 * Adds an acknowledgement, dated by the row that it is written with. Entries closer together than a
 * sixteenth of `staleMs` are merged, so that the list stays short; the newest is always exact.
 *
 * @param nowMs No later than now, on the store's clock.
 */
function acknowledge(
  known: readonly DatedAcknowledgement[],
  generation: number,
  nowMs: number,
  staleMs: number,
): readonly Acknowledgement[] {
  const last = known.at(-1)
  if (last !== undefined && generation <= last.generation) return known
  const ripe = known.findLastIndex((entry) => entry.atMs + staleMs <= nowMs)
  const needed = known.slice(Math.max(ripe, 0))
  const before = needed.at(-2)
  const isDense = before !== undefined && nowMs - before.atMs < staleMs / 16
  return [...(isDense ? needed.slice(0, -1) : needed), { generation }]
}

/** Gives a claim back whose token was provably not consumed, if the claim is still ours. */
function giveBack<S>(
  claimId: string,
  view: LedgerView<S>,
  delayMs?: number,
): Next<S, { readonly type: 'noted' }> {
  if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
  if (!holdsClaim(claimId, view)) return answerWith({ type: 'noted' })
  return operate(openClaim(view, view.claim.row!, delayMs))
}

/** Says in the row of the ended chain that what was received has been revoked. */
function dispose<S>(request: SettleRequest<S>, view: LedgerView<S>): Next<S, SettleAnswer<S>> {
  const seen = view.grants[request.position.grant]
  if (seen?.row?.ended === undefined || seen.row.claimId === request.claimId) {
    return answerWith({ type: 'noted' })
  }
  return operate(markDisposed(request, seen.version, seen.row))
}

/** Says in the row of an ended chain that this claim's presentation is over. */
export function markDisposed<S>(
  { position, claimId }: Pick<SettleRequest<S>, 'position' | 'claimId'>,
  expected: number,
  row: GrantRow<S>,
): Operation<S> {
  return { on: 'grant', grant: position.grant, do: 'swap', expected, row: { ...row, claimId } }
}

interface WithdrawRequest {
  readonly claimId: string
  /** What the caller's set says, or the chain that it would have begun. */
  readonly name: ChainName
  /** Whether the claiming swap may take effect yet: the store did not answer. */
  readonly mayComeLate: boolean
  /** The version of the claim row that was seen first. Absent: none was seen. */
  readonly seenAt: number | undefined
}

/**
 * Takes back a claim that may have been written, or may be written yet: a swap that the caller gave
 * up may take effect later. The row is therefore written once more as it is, so that such a swap
 * finds another version and loses.
 */
export function withdraw<S>(
  { claimId, name, mayComeLate, seenAt }: WithdrawRequest,
  view: LedgerView<S>,
): Next<S, { readonly type: 'noted' }> {
  if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
  const { row, version } = view.claim
  if (holdsClaim(claimId, view)) return operate(openClaim(view, row!))
  const isOutrun = !mayComeLate || row?.kind === 'claimed' || version !== seenAt
  if (isOutrun) return answerWith({ type: 'noted' })
  return operate(openClaim(view, row ?? name, row && remainingDelayMs(view)))
}

/**
 * Whether the holder of a claim may still send: its request must end before other processes call
 * the claim overdue.
 *
 * @param elapsedMs Milliseconds since before the claim was first asked for (or the grant, if that
 *   was earlier), on the holder's monotonic clock.
 */
export function maySend(elapsedMs: number, claimMs: number, requestTimeoutMs: number): boolean {
  return elapsedMs + requestTimeoutMs < claimMs
}
