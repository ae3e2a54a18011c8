import type { Trouble } from '../src/core/errors.ts'
import type { Secret } from '../src/core/secret.ts'
import type { GrantRef, Tokens } from '../src/core/tokens.ts'

/** What a run is asked for. */
export interface Demand {
  /** Key of the audience whose access token is wanted. */
  readonly audience: string
  /** How long before its expiry an access token is renewed, milliseconds. Default: by lifetime. */
  readonly aheadMs?: number | undefined
  /** How long the access token must be good for at least, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
  /** The access token that was refused (`force`): only another one will do. */
  readonly refused?: Secret | undefined
}

/** What went wrong, for the caller. */
export interface Problem extends Trouble {
  readonly store?: string
  /** Of the token set, the field that is wrong. */
  readonly field?: string
  readonly hint?: string
  /** Whether waiting cannot help. Default: by its code. */
  readonly isFinal?: boolean
}

/** Who is in the chain's state: the data of one run. Plain, except for the secrets. */
export interface RefreshContext {
  readonly demand: Demand
  /** How long a run may wait in all, milliseconds. */
  readonly budgetMs: number
  /** How often a run may meet a newer set that is not fresh, and go on from there. */
  readonly maxHops: number
  /** How long until a long-lived run looks again while another holder presents, milliseconds. */
  readonly recheckMs: number

  readonly tokens: Tokens
  /** Where the set stands in its chain. Absent until the ledger said so. */
  readonly place?: GrantRef | undefined
  /** Whether the set carried its chain when the caller came with it. */
  readonly carried: boolean
  /** Whether the refresh token is the one the caller came with, not one that was adopted. */
  readonly own: boolean
  /** The generation the caller came with. */
  readonly came?: number | undefined
  /** Store time at which the run began. */
  readonly beganAtMs?: number | undefined

  /** This host's clock at the last event, epoch milliseconds. */
  readonly nowMs: number
  /** Since the run began, on the monotonic clock. */
  readonly elapsedMs: number
  readonly hops: number
  /** Presentations that were deferred in this run. */
  readonly attempt: number
  /** How long to back off, or to rest. */
  readonly retryInMs?: number | undefined
  /** Whether the caller's storage was asked for a later set. */
  readonly reloaded: boolean
  /** The claim that was won: the ledger's own business, handed from `claim` to `present`. */
  readonly claim?: unknown
  /** The row to watch while another holder presents. */
  readonly watch?: unknown
  readonly problem?: Problem | undefined
}

export type RefreshInput = Pick<
  RefreshContext,
  'demand' | 'budgetMs' | 'maxHops' | 'recheckMs' | 'tokens' | 'place' | 'nowMs'
>

export interface Times {
  readonly nowMs: number
  readonly elapsedMs: number
  /** Store time at which the run began, once it is known. */
  readonly beganAtMs?: number | undefined
}

export interface Chained {
  readonly tokens: Tokens
  readonly place: GrantRef
}

export interface Deferred {
  readonly type: 'deferred'
  readonly problem: Problem
  readonly retryInMs: number
}

export interface Failed {
  readonly type: 'failed'
  readonly problem: Problem
  /** When a long-lived run tries again. Absent: never by itself. */
  readonly retryInMs?: number
}

export interface Ended {
  readonly type: 'ended'
  readonly problem: Problem
}

/** What came of asking the ledger for the right to present. */
export type ClaimOutput = Times &
  (
    | { readonly type: 'won'; readonly claim: unknown; readonly place: GrantRef }
    /** A later set is there. */
    | ({ readonly type: 'adopted'; readonly came: number } & Chained)
    /** The newest set is of this generation and is what is needed. */
    | ({ readonly type: 'current' } & Chained)
    | { readonly type: 'busy'; readonly watch: unknown }
    | Ended
    | Deferred
    | Failed
  )

export type FollowOutput = Times & ({ readonly type: 'changed' } | Failed)

/** What came of presenting the refresh token, settled. */
export type PresentOutput = Times &
  (
    | ({ readonly type: 'granted' } & Chained)
    /** The claim was overdue before anything was sent. */
    | { readonly type: 'restarted' }
    /** No answer proves anything, and the AS accepts the token again for so long. */
    | { readonly type: 'again' }
    | { readonly type: 'rejected'; readonly problem: Problem }
    | Ended
    | Deferred
    | Failed
  )

/** What came of asking the caller's storage for a later set. */
export type ReloadOutput = Times &
  /** The storage, or the ledger, knows a later set. */
  (({ readonly type: 'another'; readonly own: boolean } & Chained) | Ended | Failed)

/** The application stored the set it was handed (long-lived run). */
export interface Stored {
  readonly type: 'STORED'
  readonly nowMs: number
}
