import type { ClaimRow, EndReason } from '../rows.ts'
import { isStale, lateness } from './end.ts'
import { membershipOf } from './membership.ts'
import type { Membership } from './membership.ts'
import { firstClaimedAtMs, lostBefore, returnClaim, takeOverInMs, wayInMs } from './take-over.ts'
import {
  answerWith,
  boundAs,
  endGrant,
  isOverdue,
  isSettled,
  operate,
  readGrant,
  remainingDelayMs,
} from './view.ts'
import type { ChainName, ChainPosition, LedgerView, Next, Policy } from './view.ts'

export interface ClaimRequest<S> {
  /** Fresh and random for every attempt to claim. */
  readonly claimId: string
  /** What the caller's set says. Absent for a set that never met the ledger. */
  readonly name?: ChainName
  /** The chain to begin if the token turns out to have none. Fresh and random, as `claimId`. */
  readonly newGrant: string
  /** The generation of the caller's own set, if the call has adopted a later one since. */
  readonly callerGeneration?: number
  /**
   * When the call began, on the store's clock: staleness is judged by it. Default: the first time
   * that the store has shown.
   */
  readonly beganAtMs?: number
  /** `false`: only reads, and answers `blocked` where it would have claimed. Default `true`. */
  readonly mayClaim?: boolean
  /** The version that the claim row had before the AS has called the token good. */
  readonly goodAt?: number
  readonly policy: Policy
  /** Whether the newest set is what the caller needs, without renewing it. */
  meetsDemand(set: S, nowMs: number): boolean
}

export type ClaimAnswer<S> =
  /** The claim is the caller's: it presents the token now. */
  | { readonly type: 'won'; readonly position: ChainPosition }
  /** The chain has a later set, which the caller takes over. */
  | {
      readonly type: 'adopted'
      readonly position: ChainPosition
      readonly callerGeneration: number
      readonly set: S
    }
  /** The newest set is of the caller's generation, and is what the caller needs. */
  | {
      readonly type: 'current'
      readonly position: ChainPosition
      readonly callerGeneration: number
      readonly set: S
    }
  /** Another process presents the token. */
  | { readonly type: 'busy'; readonly position: ChainPosition }
  /** The token may be spent, and the AS can be asked whether it is. */
  | { readonly type: 'ask'; readonly position: ChainPosition }
  /** The AS asked to wait, or may still be at work: no process may present the token yet. */
  | { readonly type: 'paused'; readonly position: ChainPosition; readonly delayMs: number }
  /** The token could be claimed, but the request must not claim. */
  | { readonly type: 'blocked'; readonly position: ChainPosition }
  /** The token may be spent, and the process that presented it will write no outcome. */
  | {
      readonly type: 'lost'
      readonly position: ChainPosition
      /** Whether only a name of an earlier release says what the token is part of. */
      readonly isUnsure: boolean
    }
  | {
      readonly type: 'ended'
      readonly position: ChainPosition
      readonly reason: EndReason
      /** Whether this very call ended the chain. */
      readonly isEndedHere: boolean
      /** The newest set that the ledger knew. */
      readonly set?: S
      /** Whether the caller holds later tokens than the row that ended: they must be revoked. */
      readonly isOrphaned: boolean
    }
  | {
      readonly type: 'withheld'
      readonly position: ChainPosition
      readonly reason: 'subject_changed'
    }

type ClaimStanding =
  'unseen' | 'free' | 'waiting' | 'doubtful' | 'mine' | 'others' | 'unasked' | 'overdue'
type GrantStanding =
  | 'unread'
  | 'unsure'
  | 'absent'
  | 'behind'
  | 'level'
  | 'satisfying'
  | 'ahead'
  | 'stale'
  | 'ended'
  | 'withheld'
type Move =
  | 'look'
  | 'read'
  | 'claim'
  | 'ask'
  | 'release'
  | 'end'
  | 'won'
  | 'adopted'
  | 'current'
  | 'busy'
  | 'paused'
  | 'lost'
  | 'ended'
  | 'withheld'

/** The moves that the grant row alone decides, once the claim row is seen. */
const BY_GRANT_ROW = {
  unread: 'read',
  unsure: 'lost',
  satisfying: 'current',
  ahead: 'adopted',
  stale: 'end',
  ended: 'ended',
  withheld: 'withheld',
} as const

/**
 * The decision: claim row across, grant row down. This table is the protocol: the documents draw it
 * and the explorer walks it.
 */
export const CLAIMING: Readonly<Record<ClaimStanding, Readonly<Record<GrantStanding, Move>>>> = {
  unseen: {
    unread: 'look',
    unsure: 'look',
    absent: 'look',
    behind: 'look',
    level: 'look',
    satisfying: 'look',
    ahead: 'look',
    stale: 'look',
    ended: 'look',
    withheld: 'look',
  },
  free: { ...BY_GRANT_ROW, absent: 'claim', behind: 'claim', level: 'claim' },
  waiting: { ...BY_GRANT_ROW, absent: 'paused', behind: 'paused', level: 'paused' },
  doubtful: {
    ...BY_GRANT_ROW,
    unsure: 'release',
    absent: 'claim',
    behind: 'claim',
    level: 'claim',
    satisfying: 'claim',
  },
  mine: { ...BY_GRANT_ROW, absent: 'won', behind: 'won', level: 'won', satisfying: 'release' },
  others: { ...BY_GRANT_ROW, absent: 'busy', behind: 'busy', level: 'busy' },
  unasked: { ...BY_GRANT_ROW, absent: 'ask', behind: 'ask', level: 'ask' },
  overdue: { ...BY_GRANT_ROW, absent: 'lost', behind: 'lost', level: 'lost' },
}

/** Claims the caller's refresh token, or says why the caller must not present it. */
export function claim<S>(request: ClaimRequest<S>, view: LedgerView<S>): Next<S, ClaimAnswer<S>> {
  const membership = membershipOf(request, view)
  const { position } = membership
  const grant = view.grants[position.grant]
  const mine: ClaimRow = {
    kind: 'claimed',
    ...position,
    claimId: request.claimId,
    claimMs: request.policy.claimMs,
    ...boundAs(view.claim?.row),
    ...(isTakingOver(request, view) && {
      firstClaimedAtMs: firstClaimedAtMs(view),
      atRisk: 'taken_over',
      ...lostBefore(view),
    }),
  }
  const standing = grantStanding(request, view, membership)
  const move = CLAIMING[claimStanding(request, view)][standing]
  switch (move) {
    case 'look': {
      const { name } = request
      const isTrusting = name === undefined || membership.of === 'chain'
      const isUnread = name !== undefined && view.grants[name.grant] === undefined
      // What a later holder can prove goes with the claim. Without a proof the grant row comes
      // first: a claim row that another process writes meanwhile is then seen.
      if (isUnread && name.proof === undefined) return operate(readGrant(name.grant))
      const mayWrite = request.mayClaim !== false && (isTrusting || name.proof !== undefined)
      const proof = isTrusting ? undefined : name.proof
      const row = proof === undefined ? mine : { ...mine, proof }
      return operate(
        ...(isUnread ? [readGrant<S>(name.grant)] : []),
        mayWrite ? { on: 'claim', do: 'swap', expected: 0, row } : { on: 'claim', do: 'read' },
      )
    }
    case 'read':
      return operate(readGrant(position.grant))
    case 'ask':
    case 'claim':
      if (request.mayClaim === false) return answerWith({ type: 'blocked', position })
      if (move === 'ask') return answerWith({ type: 'ask', position })
      return operate({ on: 'claim', do: 'swap', expected: view.claim!.version, row: mine })
    case 'release':
      return operate(returnClaim(view, view.claim!.row!))
    case 'end': {
      const late = lateness(request, view, position)
      return operate(endGrant(position, grant, 'replay', request.claimId, late))
    }
    case 'won':
    case 'busy':
      return answerWith({ type: move, position })
    case 'lost':
      return answerWith({ type: move, position, isUnsure: standing === 'unsure' })
    case 'paused':
      return answerWith({ type: move, position, delayMs: delayMs(request, view) })
    case 'adopted':
    case 'current':
      return answerWith({
        type: move,
        callerGeneration: request.callerGeneration ?? position.generation,
        position: { ...position, generation: grant!.row!.generation },
        set: grant!.row!.set!,
      })
    case 'ended':
      return answerWith({
        type: 'ended',
        position,
        reason: grant!.row!.ended!,
        isEndedHere: grant!.row!.endedBy === request.claimId,
        isOrphaned: position.generation > grant!.row!.generation,
        ...(grant!.row!.set !== undefined && { set: grant!.row!.set }),
      })
    case 'withheld':
      return answerWith({ type: 'withheld', position, reason: grant!.row!.withheld! })
  }
}

function claimStanding<S>(request: ClaimRequest<S>, view: LedgerView<S>): ClaimStanding {
  if (view.claim === undefined) return 'unseen'
  const { row } = view.claim
  if (row === undefined) return 'free'
  if (row.kind === 'open') return remainingDelayMs(view) > 0 ? 'waiting' : 'free'
  if (row.claimId === request.claimId) {
    return row.proof === undefined || view.isClaimProven === true ? 'mine' : 'doubtful'
  }
  if (isSettled(row, view)) return 'free'
  if (!isOverdue(view)) return 'others'
  const inMs = wayInMs(view, request.policy)
  if (inMs === undefined) return 'overdue'
  if (inMs > 0) return 'waiting'
  // What the AS said of the token is true of the row that was read before: a holder may have come.
  const isGood = request.goodAt === view.claim.version
  return isGood || takeOverInMs(view, request.policy) === 0 ? 'free' : 'unasked'
}

/** Whether claiming now presents a token that may be spent already. */
function isTakingOver<S>({ claimId }: ClaimRequest<S>, view: LedgerView<S>): boolean {
  const row = view.claim?.row
  return row?.kind === 'claimed' && row.claimId !== claimId && !isSettled(row, view)
}

/** How long the token is left alone, because the AS said so or may still be at work with it. */
const delayMs = <S>({ policy }: ClaimRequest<S>, view: LedgerView<S>): number =>
  remainingDelayMs(view) || (wayInMs(view, policy) ?? 0)

function grantStanding<S>(
  request: ClaimRequest<S>,
  view: LedgerView<S>,
  { of, position }: Membership,
): GrantStanding {
  if (of === 'unsure') return 'unsure'
  const seen = view.grants[position.grant]
  // Nobody else knows the name of a new chain: it has no row that could be read.
  if (seen === undefined) return position.grant === request.newGrant ? 'absent' : 'unread'
  const { row } = seen
  if (row === undefined) return 'absent'
  if (row.ended !== undefined) return 'ended'
  if (row.generation < position.generation) return 'behind'
  if (row.generation > position.generation && isStale(request, view, position)) return 'stale'
  if (row.withheld !== undefined) return 'withheld'
  if (row.generation > position.generation) return 'ahead'
  return request.meetsDemand(row.set!, view.nowMs) ? 'satisfying' : 'level'
}
