import type { ClaimRow, EndEvidence, EndReason, GrantRow } from '../rows.ts'
import { claimedPlace, membershipOf } from './membership.ts'
import { markDisposed } from './settle.ts'
import type { SettleRequest } from './settle.ts'
import { abandonClaim, isTakenOver } from './take-over.ts'
import {
  acknowledgedOf,
  answerWith,
  boundAs,
  endGrant,
  isOverdue,
  operate,
  readGrant,
} from './view.ts'
import type { ChainName, ChainPosition, LedgerView, Next, Operation, Policy } from './view.ts'

export type EndAnswer<S> =
  /** The chain has ended; `set` is the newest that the ledger knew. */
  | {
      readonly type: 'ended'
      readonly position: ChainPosition
      readonly reason: EndReason
      readonly set?: S
    }
  /** The chain has moved on since: the AS rejected a token that was spent already. */
  | { readonly type: 'adopted'; readonly position: ChainPosition; readonly set: S }
  /** The token was spent before it was rejected, which says nothing about the chain. */
  | { readonly type: 'lost'; readonly position: ChainPosition }

/**
 * Ends a chain that the AS called dead, if the token that it refused is the newest of the chain.
 * The word of the AS about another token ends nothing but the call of its holder.
 *
 * A token that was presented before, or that came for such a token, may be rejected because it was
 * spent. Then no process ends the chain: a late holder may still bring the successor (P5). Nor if
 * no grant row proves the name that came with the token: another holder may be about to write it.
 */
export function reject<S>(
  { position, claimId, isRepeated, name, evidence }: RejectRequest,
  reason: EndReason,
  view: LedgerView<S>,
): Next<S, EndAnswer<S>> {
  const seen = view.grants[position.grant]
  if (seen === undefined) return operate(readGrant(position.grant))
  const { row } = seen
  if (row?.ended !== undefined) {
    const isMarked = row.claimId === claimId || row.endedBy === claimId
    if (!isMarked) return operate(markDisposed({ position, claimId }, seen.version, row))
    return answerWith(endedAnswer(position, row, row.ended))
  }
  if (row !== undefined && row.generation > position.generation) {
    const newest = { ...position, generation: row.generation }
    return answerWith({ type: 'adopted', position: newest, set: row.set! })
  }
  const isAtRisk = isRepeated === true || row?.isAtRisk === true || isTakenOver(claimId, view)
  if (isAtRisk) return disown(claimId, 'rejected', { type: 'lost', position }, view)
  if (row === undefined && name?.grant === position.grant) {
    return disown(claimId, 'unproven', { type: 'ended', position, reason }, view)
  }
  const isNewest = row === undefined || row.generation < position.generation || seen.holdsToken
  if (isNewest !== true) return answerWith({ type: 'ended', position, reason })
  return operate(endGrant(position, seen, reason, claimId, evidence))
}

/** Who comes, and by what their lateness is judged. */
interface LateComer {
  readonly callerGeneration?: number
  readonly beganAtMs?: number
  readonly policy: Pick<Policy, 'staleMs' | 'staleHolders'>
}

/**
 * Whether a holder of a later token of the chain has presented it so long before this call that the
 * caller should have it, too (P4).
 */
export function isStale<S>(
  { callerGeneration, beganAtMs, policy }: LateComer,
  view: LedgerView<S>,
  position: ChainPosition,
): boolean {
  if (policy.staleHolders === 'serve') return false
  const held = callerGeneration ?? position.generation
  const judgedAtMs = beganAtMs ?? view.beganAtMs ?? view.nowMs
  return acknowledgedOf(view.grants[position.grant]).some(
    ({ generation, atMs }) => generation > held && atMs + policy.staleMs <= judgedAtMs,
  )
}

/** How late a holder came whose token ends the chain. */
export function lateness<S>(
  { callerGeneration, beganAtMs }: LateComer,
  view: LedgerView<S>,
  position: ChainPosition,
): EndEvidence {
  const seen = view.grants[position.grant]
  const held = callerGeneration ?? position.generation
  const judgedAtMs = beganAtMs ?? view.beganAtMs ?? view.nowMs
  const later = acknowledgedOf(seen).find(({ generation }) => generation > held)
  return {
    generationsLate: Math.max(0, (seen?.row?.generation ?? held) - held),
    lateMs: Math.max(0, judgedAtMs - (later?.atMs ?? judgedAtMs)),
    renewedAtMs: seen?.writtenAtMs ?? judgedAtMs,
  }
}

/** Writes into the claim row, if it is still ours, that the token is presented no more. */
function disown<S>(
  claimId: string,
  atRisk: 'rejected' | 'unproven',
  answer: EndAnswer<S>,
  view: LedgerView<S>,
): Next<S, EndAnswer<S>> {
  if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
  const { row } = view.claim
  const isOurs = row?.kind === 'claimed' && row.claimId === claimId
  if (!isOurs || row.atRisk === atRisk) return answerWith(answer)
  return operate(abandonClaim(view, row, atRisk))
}

export interface RejectRequest extends Pick<
  SettleRequest<unknown>,
  'position' | 'claimId' | 'isRepeated'
> {
  /** What the caller's set says. Absent for a set that never met the ledger. */
  readonly name?: ChainName | undefined
  readonly evidence?: EndEvidence | undefined
}

export interface RevokeRequest {
  readonly claimId: string
  /** What the caller's set says. Absent for a set that never met the ledger. */
  readonly name?: ChainName
  /**
   * The chain to begin, and to end, if the token turns out to have none. Absent: there is no
   * refresh token, which could begin one.
   */
  readonly newGrant?: string
  readonly claimMs: number
}

/** Ends the chain of a token, whatever its generation. */
export function revoke<S>(
  request: RevokeRequest,
  view: LedgerView<S>,
): Next<S, EndAnswer<S> | { readonly type: 'unknown' }> {
  const { name, newGrant } = request
  const { of, position } = membershipOf({ name, newGrant: newGrant ?? '' }, view)
  const isKnown = of === 'chain' || of === 'unread'
  if (!isKnown) {
    if (newGrant === undefined) return answerWith({ type: 'unknown' })
    if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
    return operate(writeClaim(request, view, { grant: newGrant, generation: 0 }))
  }
  const seen = view.grants[position.grant]
  if (seen === undefined) return operate(readGrant(position.grant))
  if (seen.row?.ended !== undefined) {
    return answerWith(endedAnswer(position, seen.row, seen.row.ended))
  }
  return operate(endGrant(position, seen, 'revoked', request.claimId))
}

export type TakeClaimAnswer =
  /** No process will present the token any more. */
  | { readonly type: 'taken' }
  /** Another process presents the token. It will find the chain ended, and is worth waiting for. */
  | { readonly type: 'busy' }
  /** The token belongs to another chain, too, which must end as well. */
  | { readonly type: 'elsewhere'; readonly position: ChainPosition }

/** Takes the claim of the newest token of an ended chain, so that no process can present it. */
export function takeClaim<S>(
  request: RevokeRequest,
  position: ChainPosition,
  view: LedgerView<S>,
): Next<S, TakeClaimAnswer> {
  const row = view.claim?.row
  if (row !== undefined && row.grant !== position.grant) {
    const elsewhere = claimedPlace(row, view)
    if (elsewhere.of === 'unread') return operate(readGrant(row.grant))
    if (elsewhere.of === 'chain') {
      return answerWith({ type: 'elsewhere', position: elsewhere.position })
    }
  }
  if (row?.kind !== 'claimed') return operate(writeClaim(request, view, position))
  if (row.claimId === request.claimId) return answerWith({ type: 'taken' })
  const grant = view.grants[row.grant]
  if (grant === undefined) return operate(readGrant(row.grant))
  const isOver =
    isOverdue(view) || grant.row?.claimId === row.claimId || grant.row?.endedBy === row.claimId
  return answerWith({ type: isOver ? 'taken' : 'busy' })
}

export type GrantCheck =
  /** The chain has not ended, or the ledger never heard of it. */
  | { readonly type: 'live' }
  | { readonly type: 'ended'; readonly position: ChainPosition; readonly reason: EndReason }

/**
 * Checks whether the chain of a token has ended. It reads, and writes nothing: a set whose access
 * token is good needs no claim.
 *
 * @param name What the caller's set says. Absent for a set that never met the ledger.
 * @param hasToken Whether the set has a refresh token. If not, the name is believed: nothing is
 *   handed out by it.
 */
export function checkGrant<S>(
  name: ChainName | undefined,
  hasToken: boolean,
  view: LedgerView<S>,
): Next<S, GrantCheck> {
  const member = membershipOf({ name, newGrant: '' }, view)
  const position = hasToken ? member.position : (name ?? member.position)
  const isKnown = member.of === 'chain' || member.of === 'unread'
  if (!isKnown && hasToken) {
    if (view.claim === undefined) return operate({ on: 'claim', do: 'read' })
    return answerWith({ type: 'live' })
  }
  const seen = view.grants[position.grant]
  if (seen === undefined) return operate(readGrant(position.grant))
  const reason = seen.row?.ended
  return answerWith(reason === undefined ? { type: 'live' } : { type: 'ended', position, reason })
}

/** The newest set of a chain, for a holder that comes as late as a stale one. */
export interface LateSet<S> {
  readonly position: ChainPosition
  /** Absent: the chain has ended, or its set must not be handed out. */
  readonly set: S | undefined
  readonly proofKey: string | undefined
  readonly nowMs: number
}

/**
 * Reads the newest set, if a holder with these tokens would be a stale one. Else the answer is
 * `undefined`: the holder is served by its claim (P4). It reads, and writes nothing.
 *
 * The holder of a handle does not choose which tokens its row holds, so its lateness is no reuse.
 */
export function newestIfLate<S>(
  name: ChainName | undefined,
  policy: LateComer['policy'],
  view: LedgerView<S>,
): Next<S, LateSet<S> | undefined> {
  const { of, position } = membershipOf({ name, newGrant: '' }, view)
  if (of !== 'chain' && of !== 'unread') {
    return view.claim ? answerWith(undefined) : operate({ on: 'claim', do: 'read' })
  }
  const seen = view.grants[position.grant]
  if (seen === undefined) return operate(readGrant(position.grant))
  if (!isStale({ policy }, view, position)) return answerWith(undefined)
  const { generation = 0, set, ended, withheld, proofKey } = seen.row ?? {}
  const isGood = ended === undefined && withheld === undefined
  const newest = { grant: position.grant, generation }
  return answerWith({
    position: newest,
    set: isGood ? set : undefined,
    proofKey,
    nowMs: view.nowMs,
  })
}

function endedAnswer<S>(
  position: ChainPosition,
  row: GrantRow<S>,
  reason: EndReason,
): EndAnswer<S> {
  const isNewest = row.set !== undefined && row.generation >= position.generation
  return {
    type: 'ended',
    position: isNewest ? { ...position, generation: row.generation } : position,
    reason,
    ...(isNewest && { set: row.set }),
  }
}

function writeClaim<S>(
  request: RevokeRequest,
  view: LedgerView<S>,
  position: ChainPosition,
): Operation<S> {
  const { claimId, claimMs } = request
  const bound = boundAs(view.claim?.row)
  const row: ClaimRow = { kind: 'claimed', ...position, claimId, claimMs, ...bound }
  return { on: 'claim', do: 'swap', expected: view.claim?.version ?? 0, row }
}
