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
      readonly doing:
        'claim' | 'settle' | 'dispose' | 'reject' | 'writeOff' | 'revoke' | 'takeClaim'
      readonly view: LedgerView<StoredTokenSet>
      readonly pending: readonly Pending[]
      readonly work: Work
    }
  /** About to send, sent, told to revoke what was received. */
  | ({ readonly doing: 'send' | 'discard' | 'tell' } & Claimed)
  /** Sent; `answer` once a server that is watched more closely has handled it. */
  | ({ readonly doing: 'fly'; readonly sentAt?: number; readonly answer?: Presentation } & Claimed)
  /** The AS is asked about the token; `says` once it has looked. */
  | ({ readonly doing: 'question'; readonly says?: 'active' | 'inactive' } & Claimed)
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
  /** The version of the claim row that was read before the AS was asked. */
  readonly askedAt?: number
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

export type AsKind =
  'strict' | 'kept' | 'sometimes' | 'omitted' | 'consumes-first' | 'never' | ReuseKind

/** What a server that rotates does with a token that it has consumed already. */
export type ReuseKind =
  /** Issues another successor, at any time. */
  | 'accepted'
  /** Issues another successor for some time after the first use. */
  | 'forking window'
  /** The same, and each use begins the time anew. */
  | 'sliding window'
  /** Gives the same successor for some time after the first use. */
  | 'idempotent window'
  /** Issues another successor, which replaces the first, until a caller has used one. */
  | 'until used'
  /** Refuses it, and does nothing else. */
  | 'refused'
  /** Kills the grant, but tells before whether a token is good. */
  | 'introspected'

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
  /** The time is over for which the server accepts a spent token. */
  | 'window'

export interface Config {
  readonly name: string
  readonly as: AsKind
  readonly policy: Policy
  readonly requestTimeoutMs: number
  readonly lifetimeMs: number
  readonly aheadMs: number
  /** Jumps of the clock: until tokens expire, until claims are overdue, until holders are stale. */
  readonly jumps: { readonly expire: number; readonly overdue: number; readonly stale: number }
  /** For how long a server with a window accepts a spent token. */
  readonly windowMs: number
  /** The server handles a request less than so long after it was sent. */
  readonly settlesWithinMs: number
  /** Told how calls end, and what is left at rest. */
  readonly note?: (outcome: string) => void
}

export interface World {
  readonly now: number
  readonly rows: Readonly<Record<string, RowState>>
  /** At the AS: what became of each token. */
  readonly refreshTokens: Readonly<Record<string, 'live' | 'spent' | 'revoked'>>
  /** When a window of a spent token began. */
  readonly usedAtMs?: Readonly<Record<string, number>>
  /** The generation of the latest token set that a caller has used. */
  readonly usedGeneration?: number
  /** Requests that their senders have given up, and that the server may handle yet. */
  readonly late?: readonly { readonly token: string; readonly untilMs: number }[]
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
  readonly presented: Readonly<Record<string, 'flying' | 'maybe spent' | 'taken over'>>
  /** Presentations of own tokens that were settled: generation and time. */
  readonly acknowledged: readonly (readonly [generation: number, atMs: number])[]
  readonly endedAt?: number
  readonly endedBy?: 'sign-out' | 'replay' | 'rejected'
  readonly isSignedOut: boolean
}
