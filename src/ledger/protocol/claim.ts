import type { ClaimRow, EndReason, GrantRow, SeenRow } from '../rows.ts'
import {
  acknowledgedOf,
  endRow,
  isOverdue,
  isSettled,
  open,
  readGrant,
  remainingDelayMs,
} from './view.ts'
import type { Next, ChainPosition, Policy, LedgerView } from './view.ts'

export interface ClaimRequest<S> {
  /** Fresh and random for every claim that is tried for. */
  readonly claimId: string
  /** Where the caller's set says it stands; absent for a set that never met the ledger. */
  readonly carried?: ChainPosition
  /** The chain to begin if the token turns out to have none. */
  readonly minted: string
  /** The generation the caller itself came with, if the token was adopted since. */
  readonly came?: number
  /** Store time at which the call began: staleness is judged by it. Default: first time seen. */
  readonly beganAtMs?: number
  /** `false`: only looks, and answers `blocked` where it would have claimed. Default `true`. */
  readonly mayClaim?: boolean
  readonly policy: Policy
  /** Whether the newest set is what the caller needs, without renewing it. */
  satisfied(set: S, nowMs: number): boolean
}

export type ClaimAnswer<S> =
  /** The claim stands: present the token now. */
  | { readonly type: 'won'; readonly place: ChainPosition }
  /** A later generation is there; `came`: the one that the caller came with. */
  | {
      readonly type: 'adopted'
      readonly place: ChainPosition
      readonly came: number
      readonly set: S
    }
  /** The newest set is of this generation and already what is needed. */
  | {
      readonly type: 'current'
      readonly place: ChainPosition
      readonly came: number
      readonly set: S
    }
  /** Another holder presents the token. */
  | { readonly type: 'busy'; readonly place: ChainPosition }
  /** The AS asked to wait; nobody may present yet. */
  | { readonly type: 'paused'; readonly place: ChainPosition; readonly delayMs: number }
  /** The token could be claimed, but the request must not. */
  | { readonly type: 'blocked'; readonly place: ChainPosition }
  /** The token may be spent, and nobody will say more. */
  | { readonly type: 'lost'; readonly place: ChainPosition }
  | {
      readonly type: 'ended'
      readonly place: ChainPosition
      readonly reason: EndReason
      /** Whether this very call ended it. */
      readonly isMine: boolean
      /** The newest set that the ledger knew. */
      readonly set?: S
      /** The caller holds later tokens than the row that ended: they must be revoked. */
      readonly orphan: boolean
    }
  | { readonly type: 'withheld'; readonly place: ChainPosition; readonly reason: 'subject_changed' }

type ClaimStanding = 'unseen' | 'free' | 'waiting' | 'mine' | 'others' | 'overdue'
type GrantStanding =
  'unread' | 'absent' | 'behind' | 'level' | 'satisfying' | 'ahead' | 'stale' | 'ended' | 'withheld'
type Move =
  | 'look'
  | 'read'
  | 'claim'
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

/** What does not depend on the claim row once it is seen. */
const TOLD = {
  unread: 'read',
  satisfying: 'current',
  ahead: 'adopted',
  stale: 'end',
  ended: 'ended',
  withheld: 'withheld',
} as const

/**
 * The decision: claim row across, grant row down. This table is the protocol; it is what the
 * documents draw and what the explorer walks.
 */
export const CLAIMING: Readonly<Record<ClaimStanding, Readonly<Record<GrantStanding, Move>>>> = {
  unseen: {
    unread: 'look',
    absent: 'look',
    behind: 'look',
    level: 'look',
    satisfying: 'look',
    ahead: 'look',
    stale: 'look',
    ended: 'look',
    withheld: 'look',
  },
  free: { ...TOLD, absent: 'claim', behind: 'claim', level: 'claim' },
  waiting: { ...TOLD, absent: 'paused', behind: 'paused', level: 'paused' },
  mine: { ...TOLD, absent: 'won', behind: 'won', level: 'won', satisfying: 'release' },
  others: { ...TOLD, absent: 'busy', behind: 'busy', level: 'busy' },
  overdue: { ...TOLD, absent: 'lost', behind: 'lost', level: 'lost' },
}

/** Claims the caller's refresh token, or says why it is not to be presented. */
export function claim<S>(request: ClaimRequest<S>, view: LedgerView<S>): Next<S, ClaimAnswer<S>> {
  const place = placeOf(request, view)
  const grant = view.grants[place.grant]
  const mine: ClaimRow = {
    kind: 'claimed',
    ...place,
    claimId: request.claimId,
    claimMs: request.policy.claimMs,
  }
  const told = (type: 'adopted' | 'current'): Next<S, ClaimAnswer<S>> => ({
    answer: {
      type,
      came: request.came ?? place.generation,
      place: { ...place, generation: grant!.row!.generation },
      set: grant!.row!.set!,
    },
  })
  const move = CLAIMING[claimStanding(request, view)][grantStanding(request, view, place)]
  switch (move) {
    case 'look':
      return {
        operations: [
          ...(request.carried === undefined ? [] : [readGrant<S>(request.carried.grant)]),
          request.mayClaim === false
            ? { on: 'claim', do: 'read' }
            : { on: 'claim', do: 'swap', expected: 0, row: mine },
        ],
      }
    case 'read':
      return { operations: [readGrant(place.grant)] }
    case 'claim':
      if (request.mayClaim === false) return { answer: { type: 'blocked', place } }
      return {
        operations: [{ on: 'claim', do: 'swap', expected: view.claim!.version, row: mine }],
      }
    case 'release':
      return { operations: [open(view, place)] }
    case 'end':
      return { operations: [endRow(place, grant, 'replay', request.claimId)] }
    case 'won':
    case 'busy':
    case 'lost':
      return { answer: { type: move, place } }
    case 'paused':
      return { answer: { type: move, place, delayMs: remainingDelayMs(view) } }
    case 'adopted':
    case 'current':
      return told(move)
    case 'ended':
      return {
        answer: {
          type: 'ended',
          place,
          reason: grant!.row!.ended!,
          isMine: grant!.row!.endedBy === request.claimId,
          orphan: place.generation > grant!.row!.generation,
          ...(grant!.row!.set !== undefined && { set: grant!.row!.set }),
        },
      }
    case 'withheld':
      return { answer: { type: 'withheld', place, reason: grant!.row!.withheld! } }
  }
}

function placeOf<S>(request: ClaimRequest<S>, view: LedgerView<S>): ChainPosition {
  const { carried } = request
  const pointed = view.claim?.row
  if (carried !== undefined) {
    const known = view.grants[carried.grant]?.row
    const isTold = known?.ended !== undefined || (known?.generation ?? 0) > carried.generation
    if (isTold || pointed === undefined) return carried
  }
  if (pointed !== undefined) return { grant: pointed.grant, generation: pointed.generation }
  return { grant: request.minted, generation: 0 }
}

function claimStanding<S>(request: ClaimRequest<S>, view: LedgerView<S>): ClaimStanding {
  if (view.claim === undefined) return 'unseen'
  const { row } = view.claim
  if (row === undefined) return 'free'
  if (row.kind === 'open') return remainingDelayMs(view) > 0 ? 'waiting' : 'free'
  if (row.claimId === request.claimId) return 'mine'
  if (isSettled(row, view)) return 'free'
  if (!isOverdue(view)) return 'others'
  return request.policy.takesOver ? 'free' : 'overdue'
}

function grantStanding<S>(
  request: ClaimRequest<S>,
  view: LedgerView<S>,
  place: ChainPosition,
): GrantStanding {
  const seen = view.grants[place.grant]
  if (seen === undefined) {
    const isNew = request.carried === undefined && place.grant === request.minted
    return isNew ? 'absent' : 'unread'
  }
  const { row } = seen
  if (row === undefined) return 'absent'
  if (row.ended !== undefined) return 'ended'
  if (row.generation < place.generation) return 'behind'
  if (row.generation > place.generation && isStale(request, view, place, seen)) return 'stale'
  if (row.withheld !== undefined) return 'withheld'
  if (row.generation > place.generation) return 'ahead'
  return request.satisfied(row.set!, view.nowMs) ? 'satisfying' : 'level'
}

/** Whether somebody came with a later token of the chain long enough before this call (P4). */
function isStale<S>(
  { came, beganAtMs, policy }: ClaimRequest<S>,
  view: LedgerView<S>,
  place: ChainPosition,
  seen: SeenRow<GrantRow<S>>,
): boolean {
  if (policy.staleHolders === 'serve') return false
  const held = came ?? place.generation
  const judgedAtMs = beganAtMs ?? view.beganAtMs ?? view.nowMs
  return acknowledgedOf(seen).some(
    ({ generation, atMs }) => generation > held && atMs + policy.staleMs <= judgedAtMs,
  )
}
