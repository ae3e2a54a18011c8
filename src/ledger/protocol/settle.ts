import type { Acknowledgement, ClaimRow, EndReason, GrantRow, LostBy, SeenRow } from '../rows.ts'
import { abandonClaim, isTakenOver, returnClaim } from './take-over.ts'
import {
  acknowledgedOf,
  answerWith,
  holdsClaim,
  operate,
  remainingDelayMs,
  rewriteClaim,
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
  /**
   * The token may be spent: the claim stays, and is overdue at once. If the AS rejected the token,
   * the claim stays ours, because the end of the chain is written next.
   */
  | { readonly type: 'spent'; readonly isRejected?: boolean; readonly lostBy?: LostBy }
  /** The chain had ended, and what was received has been revoked: processes that wait may go on. */
  | { readonly type: 'disposed' }

export interface SettleRequest<S> {
  readonly claimId: string
  readonly position: ChainPosition
  /** Whether the caller came with this token itself: then holders of older tokens are late. */
  readonly isCallersToken: boolean
  /** Whether the caller's set names its chain. If not, the successor must lead to the chain. */
  readonly hasGrantField: boolean
  /** Whether the token was presented more than once under this claim. */
  readonly isRepeated?: boolean
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
  /** Another process took the claim over and presents the token again: it brings the successor. */
  | { readonly type: 'taken_over'; readonly position: ChainPosition }
  | { readonly type: 'noted' }

/** Writes how the presentation ended. */
export function settle<S>(
  request: SettleRequest<S>,
  settlement: Settlement<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> {
  switch (settlement.type) {
    case 'spent':
      return settlement.isRejected === true
        ? refused(request, view)
        : abandon(request.claimId, view, settlement.lostBy)
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
  if (request.policy.takeOver.type === 'until_successor_used') {
    const next = answerClaim(request, view)
    if (next !== undefined) return next
  }
  if (row === undefined || !isWritten(row, claimId, generation, received.rotated)) {
    if (!request.hasGrantField && received.hasSuccessor && view.isSuccessorKnown !== true) {
      return operate(introduceSuccessor({ ...position, generation }))
    }
    const written = grantRow(request, received, generation, seen, view)
    const expected = seen?.version ?? 0
    return operate({ on: 'grant', grant: position.grant, do: 'swap', expected, row: written })
  }
  if (!received.rotated && holdsClaim(claimId, view)) {
    return operate(rewriteClaim(view, { kind: 'open', ...position, isBound: true }))
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

/**
 * The AS refused the token. If another process had taken the claim over, its presentation may be
 * what has spent the token: then the refusal says nothing about the chain.
 */
function refused<S>(request: SettleRequest<S>, view: LedgerView<S>): Next<S, SettleAnswer<S>> {
  const { type } = request.policy.takeOver
  // These servers refuse no token because it is spent, or are never sent one twice.
  const isProof = type === 'always' || type === 'never'
  const next = isProof ? undefined : answerClaim(request, view)
  return next ?? answerWith({ type: 'noted' })
}

/**
 * Says in the claim row that there is an answer, before the grant row is written: from then on no
 * process takes the claim over. A process that has taken it over before presents the token while
 * the successor of ours is unused, so that ours must not come into use.
 */
function answerClaim<S>(
  { claimId, position, policy }: SettleRequest<S>,
  view: LedgerView<S>,
): Next<S, SettleAnswer<S>> | undefined {
  if (view.grants[position.grant]?.row?.claimId === claimId) return undefined
  if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
  const { claimMs } = policy
  // The row is gone if the store dropped it. Then it is written anew.
  const row = view.claim.row ?? { kind: 'claimed', ...position, claimId, claimMs }
  if (row.kind !== 'claimed' || row.claimId !== claimId) {
    return answerWith({ type: 'taken_over', position })
  }
  if (row.isAnswered === true) return undefined
  return operate(rewriteClaim(view, { ...row, isAnswered: true }))
}

function grantRow<S>(
  { claimId, position, isCallersToken, isRepeated, policy, merge }: SettleRequest<S>,
  { set, rotated, withheld }: GrantedSettlement<S>,
  generation: number,
  seen: SeenRow<GrantRow<S>> | undefined,
  view: LedgerView<S>,
): GrantRow<S> {
  const { nowMs } = view
  const isAtRisk = rotated && (isRepeated === true || isTakenOver(claimId, view))
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
    ...(isAtRisk && { isAtRisk }),
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
  return operate(returnClaim(view, view.claim.row!, delayMs))
}

/**
 * The token may be spent, and this holder will not write an outcome: other processes need not wait
 * until the claim is overdue to learn that.
 */
function abandon<S>(
  claimId: string,
  view: LedgerView<S>,
  lostBy: LostBy = 'answer',
): Next<S, { readonly type: 'noted' }> {
  const row = view.claim?.row
  if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
  const isOurs = row?.kind === 'claimed' && row.claimId === claimId
  if (!isOurs || row.claimMs === 0) return answerWith({ type: 'noted' })
  return operate(abandonClaim(view, { ...row, lostBy }))
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
  if (holdsClaim(claimId, view)) return operate(returnClaim(view, row!))
  const isOutrun = !mayComeLate || row?.kind === 'claimed' || version !== seenAt
  if (isOutrun) return answerWith({ type: 'noted' })
  return operate(returnClaim(view, row ?? name, row && remainingDelayMs(view)))
}
