import type { Presentation } from '../../src/core/failure.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { ClaimRow, GrantRow } from '../../src/ledger/rows.ts'
import type {
  Operation,
  ChainName,
  ChainPosition,
  Policy,
  Settlement,
  LedgerView,
} from '../../src/ledger/protocol/index.ts'
import type { Position } from './chart.ts'

/** A token set as a holder keeps it, in the explorer's small words. */
export interface Cookie {
  readonly refreshToken?: string
  readonly accessToken: string
  readonly obtainedAtMs: number
  readonly place?: ChainName
}

export interface RowState {
  readonly row: ClaimRow | GrantRow<StoredTokenSet>
  readonly version: number
  readonly writtenAtMs: number
}

/** What an operation found. */
export interface Found {
  readonly row: ClaimRow | GrantRow<StoredTokenSet> | undefined
  readonly version: number
  readonly writtenAtMs: number
  readonly nowMs: number
  readonly swapped: boolean
  readonly holdsToken: boolean
}

/** An operation on its way; `found` once it has taken effect. */
export interface Pending {
  readonly operation: Operation<StoredTokenSet>
  readonly key: string
  readonly found?: Found
}

/** What an actor is doing: the loop of a procedure of the ledger, or a step beside it. */
export type Activity =
  | {
      readonly doing: 'claim' | 'settle' | 'dispose' | 'reject' | 'revoke' | 'takeClaim'
      readonly view: LedgerView<StoredTokenSet>
      readonly pending: readonly Pending[]
      readonly work: Work
    }
  /** About to send, sent, told to revoke what was received. */
  | ({ readonly doing: 'send' | 'fly' | 'discard' | 'tell' } & Claimed)
  | ({ readonly doing: 'wait' } & Waiting)

/** What is known under a claim that was won. */
export interface Claimed {
  readonly view: LedgerView<StoredTokenSet>
  readonly work: Work
}

/** Rows that are waited for, in the versions that were seen. */
export interface Waiting {
  readonly work: Work
  readonly claim: number
  readonly grant: number
  readonly until: number
}

/** How a presentation ended. Absent: the claim was overdue, and nothing was sent. */
export interface Ended {
  readonly presentation?: Presentation
  readonly settlement: Settlement<StoredTokenSet>
}

/** The constants of an activity. */
export interface Work {
  readonly claimId: string
  readonly refreshToken: string
  readonly startedAt: number
  readonly place?: ChainPosition
  /** What the holder's set says. */
  readonly name?: ChainName
  readonly ended?: Ended
  readonly cookie?: Cookie
  /** For a revocation: the newest tokens. */
  readonly newest?: StoredTokenSet
}

export interface Run {
  readonly position: Position
  readonly activity: Activity | undefined
  readonly cookie: Cookie
  readonly startedAt: number
}

export interface Worker {
  readonly cookie: Cookie
  readonly calls: number
  /** Whether it saves what it is handed; a stale holder does not. */
  readonly saves: boolean
  /** Whether it comes with made-up tokens, and a name that it makes of an old one. */
  readonly forges?: true
  /** Whether its storage keeps `grant`. */
  readonly carries: boolean
  /** How many claims it has tried for. */
  readonly claims: number
  readonly run?: Run
}

/** A revocation, or the burial of what an ended chain left alive. */
export interface Task {
  readonly reason: 'sign-out' | 'burial'
  readonly activity: Activity
}

export type AsKind = 'strict' | 'kept' | 'sometimes' | 'omitted' | 'consumes-first' | 'never'

export type Fault =
  | 'crash'
  | 'lost answer'
  | 'lost acknowledgement'
  | 'overdue'
  | 'stale'
  | 'evicted'
  | 'outage'
  | 'revoke'
  | 'deferred'
  | 'refused after'

export interface Config {
  readonly name: string
  readonly as: AsKind
  readonly policy: Policy
  readonly requestTimeoutMs: number
  readonly lifetimeMs: number
  readonly aheadMs: number
  /** Jumps of the clock: until tokens expire, until claims are overdue, until holders are stale. */
  readonly jumps: { readonly expire: number; readonly overdue: number; readonly stale: number }
  /** Told how calls end, and what is left at rest. */
  readonly note?: (outcome: string) => void
}

export interface World {
  readonly now: number
  readonly rows: Readonly<Record<string, RowState>>
  /** At the AS: what became of each token. */
  readonly refreshTokens: Readonly<Record<string, 'live' | 'spent' | 'revoked'>>
  readonly accessTokens: Readonly<Record<string, 'live' | 'revoked'>>
  readonly issued: number
  readonly workers: readonly Worker[]
  readonly tasks: readonly Task[]
  readonly expiries: number
  /** Faults that may still happen, by kind, and in all. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>
  readonly faultsLeft: number
  readonly happened: readonly Fault[]
  readonly isOut: boolean
  /** What an observer above the world knows of each token's presentations. */
  readonly presented: Readonly<Record<string, 'flying' | 'maybe spent'>>
  /** Presentations of own tokens that were settled: generation and time. */
  readonly acknowledged: readonly (readonly [generation: number, atMs: number])[]
  readonly endedAt?: number
  readonly endedBy?: 'sign-out' | 'replay' | 'rejected'
  readonly isSignedOut: boolean
}
