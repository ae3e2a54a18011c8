import type { Evidence, Reason, Trouble } from '../src/core/errors.ts'
import type { Presentation } from '../src/core/failure.ts'
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
export interface Problem extends Trouble, Evidence {
  /** Why it is final, where more is known than its code says. */
  readonly reason?: Reason | undefined
  readonly store?: string
  /** Of the token set, the field that is wrong. */
  readonly field?: string
  readonly hint?: string
  /** Whether waiting cannot help. Default: by its code. */
  readonly isFinal?: boolean
}

/** How one sending of the refresh token ended. Times are on the holder's monotonic clock. */
export interface Sending {
  readonly presentation: Presentation
  readonly sentAtMs: number
  readonly endedAtMs: number
}

/**
 * Context of one run. JSON, except for `Secret` values and the two handles, which print nothing.
 *
 * @typeParam C What `claim` hands to `present`, `settle` and `reload`.
 * @typeParam W What `claim` hands to `follow`.
 */
export interface RefreshContext<C extends object = object, W extends object = object> {
  readonly demand: Demand
  /** How long a run may wait in all, milliseconds. */
  readonly budgetMs: number
  /** How often a run may adopt a newer set that is not fresh, and claim again. */
  readonly maxAdoptions: number
  /** How long until a long-lived run looks again while another holder presents, milliseconds. */
  readonly recheckMs: number

  readonly tokens: Tokens
  /** The grant of the set and its generation there. Absent until the ledger has said so. */
  readonly position?: GrantRef | undefined
  /** Whether the caller's set had a `grant` field. */
  readonly hasGrantField: boolean
  /** Whether the refresh token is the caller's own, not one that this run adopted. */
  readonly isCallersToken: boolean
  /** The generation that the caller came with. */
  readonly callerGeneration?: number | undefined
  /** Store time at which the run began. */
  readonly beganAtMs?: number | undefined

  /** This host's clock at the last event, epoch milliseconds. */
  readonly nowMs: number
  /** Since the run began, on the monotonic clock. */
  readonly elapsedMs: number
  /** How often the run has claimed again: it adopted a set, or its claim was overdue. */
  readonly adoptions: number
  /** Presentations of this run that were deferred. */
  readonly attempt: number
  /** How long the state that is entered next waits. */
  readonly retryInMs?: number | undefined
  /** Whether the caller's storage was asked for a later set. */
  readonly hasReloaded: boolean
  /** The claim that this run has won. */
  readonly claim?: C | undefined
  /** How often the refresh token was sent under this claim. */
  readonly presentations: number
  /** When it was sent first under this claim, on the monotonic clock. */
  readonly firstSentAtMs?: number | undefined
  /** How the last sending ended. Absent: the claim was overdue, and nothing was sent. */
  readonly sending?: Sending | undefined
  /** The rows to watch while another holder presents. */
  readonly watch?: W | undefined
  readonly problem?: Problem | undefined
}

export type RefreshInput = Pick<
  RefreshContext,
  'demand' | 'budgetMs' | 'maxAdoptions' | 'recheckMs' | 'tokens' | 'position' | 'nowMs'
>

/** What is left of a run that has reached its final state. */
export type RefreshOutput = Pick<RefreshContext, 'tokens' | 'position' | 'problem'>

/** When an actor ended. */
export interface Times {
  readonly nowMs: number
  readonly elapsedMs: number
  /** Store time at which the run began, once it is known. */
  readonly beganAtMs?: number | undefined
}

/** A token set of the chain, and where it stands there. */
export interface ChainedSet {
  readonly tokens: Tokens
  readonly position: GrantRef
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

export interface ChainEnded {
  readonly type: 'ended'
  readonly problem: Problem
}

/** What the ledger said when it was asked for the right to present. */
export type ClaimOutput<C extends object = object, W extends object = object> = Times &
  (
    | { readonly type: 'won'; readonly claim: C; readonly position: GrantRef }
    /** The ledger has a later set. */
    | ({ readonly type: 'adopted'; readonly callerGeneration: number } & ChainedSet)
    /** The newest set is of this generation and is what is needed. */
    | ({ readonly type: 'current' } & ChainedSet)
    | { readonly type: 'busy'; readonly watch: W }
    | ChainEnded
    | Deferred
    | Failed
  )

export type FollowOutput = Times & ({ readonly type: 'changed' } | Failed)

/** What became of the one attempt to send. */
export type PresentOutput = Times &
  (
    | { readonly type: 'sent'; readonly sending: Sending }
    /** The claim was overdue: nothing was sent under it. */
    | { readonly type: 'overdue' }
    | Failed
  )

/** What became of writing down how the presentation ended. */
export type SettleOutput = Times &
  (
    | ({ readonly type: 'granted' } & ChainedSet)
    /** The claim is given back, or another holder has taken it over. */
    | { readonly type: 'restarted' }
    /** No answer proves anything, and the AS accepts the token again for so long. */
    | { readonly type: 'again'; readonly retryInMs: number }
    | { readonly type: 'rejected'; readonly problem: Problem }
    | ChainEnded
    | Deferred
    | Failed
  )

/** What the caller's storage, or the ledger, said after a rejection. */
export type ReloadOutput = Times &
  (
    | ({ readonly type: 'another'; readonly isCallersToken: boolean } & ChainedSet)
    | ChainEnded
    | Failed
  )

/** What a long-lived run is told from outside. */
export type ChartEvent =
  /** The application has stored the set it was handed. */
  | { readonly type: 'STORED'; readonly nowMs: number }
  /** This refresher has ended the chain. */
  | { readonly type: 'REVOKE' }
  /** This refresher begins no new exchange. */
  | { readonly type: 'DRAIN' }
