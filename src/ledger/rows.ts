/**
 * The two kinds of row of the ledger (docs/design.md). `S` is the token set, which the protocol
 * never looks into. Durations live in rows; times come from the store that keeps them.
 */

/** Of one refresh token: _this token has been, or is about to be, presented_. */
export type ClaimRow =
  | {
      readonly kind: 'open'
      /** The chain's secret. */
      readonly grant: string
      readonly generation: number
      /** Nobody presents the token before this much has passed since the row was written. */
      readonly delayMs?: number
    }
  | {
      readonly kind: 'claimed'
      readonly grant: string
      readonly generation: number
      /** Random, fresh for every claim: by it a holder recognises its own row. */
      readonly claimId: string
      /** How long after it was written the claim counts as being worked on. */
      readonly claimMs: number
    }

/** Why a chain has ended. */
export type Ending = 'rejected' | 'expired' | 'replay' | 'revoked'

/** Somebody came with a token of this generation as their own, and presented it. */
export interface Acknowledgement {
  readonly generation: number
  /** On the store's clock. Absent: when the row was written, which its writer cannot know. */
  readonly atMs?: number
}

/** Of one chain of tokens: _what came of it_. */
export interface GrantRow<S> {
  /** Of the newest set; a generation is one rotation. */
  readonly generation: number
  /** The newest set. Absent when the chain ended before anything was received. */
  readonly set?: S
  /** The claim whose settling wrote the newest set. */
  readonly claimId?: string
  readonly acknowledged: readonly Acknowledgement[]
  readonly ended?: Ending
  /** The claim, or the revocation, that ended it. */
  readonly endedBy?: string
  /** The set is kept, but must not be handed out. */
  readonly withheld?: 'subject_changed'
}

/** A row as it was last seen. */
export interface Seen<R> {
  readonly row: R | undefined
  readonly version: number
  readonly writtenAtMs: number
}

/**
 * Every way in which a row may change, by the step that changes it. The protocol writes nothing
 * else, and the diagram of the rows is drawn from here.
 */
export const ROW_STEPS = {
  claim: {
    absent: { claim: 'claimed', introduce: 'open' },
    open: { claim: 'claimed' },
    claimed: { claim: 'claimed', open: 'open' },
  },
  grant: {
    absent: { settle: 'live', end: 'ended' },
    live: { settle: 'live', end: 'ended' },
    ended: { sign: 'ended' },
  },
} as const
