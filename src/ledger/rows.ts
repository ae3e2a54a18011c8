import type { Evidence } from '../core/errors.ts'
import { parseGrant } from '../core/tokens.ts'
import { ownField } from '../core/text.ts'
import type { StoredTokenSet } from './stored-token-set.ts'

/**
 * The two kinds of row of the ledger (docs/design.md). `S` is the token set, which the protocol
 * never looks into. Durations live in rows; times come from the store that keeps them.
 */

interface AnyClaimRow {
  /** The chain's secret. */
  readonly grant: string
  readonly generation: number
  /**
   * What the holder's set said to prove this position, where the row was written before the ledger
   * had checked it. Absent: the position is certain.
   */
  readonly proof?: string
  /**
   * Whether the AS has confirmed that the token belongs to the client that the row names. Without
   * it the row names no client: a process that is configured wrong binds no token to itself.
   */
  readonly isBound?: true
}

/** Of one refresh token: _this token has been, or is about to be, presented_. */
export type ClaimRow =
  | ({
      readonly kind: 'open'
      /** No process presents the token for this long after the row was written, milliseconds. */
      readonly delayMs?: number
    } & AnyClaimRow)
  | ({
      readonly kind: 'claimed'
      /** Random, fresh for every claim: by it a holder recognises its own row. */
      readonly claimId: string
      /** How long after it was written the claim counts as being worked on. */
      readonly claimMs: number
      /**
       * When the token was first claimed, on the store's clock, if a presentation of it may have
       * been lost since. Nothing was sent before.
       */
      readonly firstClaimedAtMs?: number
      /**
       * `taken_over`: the token may be spent already, and is presented again. `rejected`: the AS
       * refused it then, which proves nothing about the chain, and it is presented no more.
       * `unproven`: the AS refused it at once, and no grant row proved that it is of the chain.
       */
      readonly atRisk?: 'taken_over' | 'rejected' | 'unproven'
      /** How the holder lost the answer. Absent: it has not said so, and may be dead. */
      readonly lostBy?: LostBy
      /** The holder has an answer in hand: the claim is not taken over any more. */
      readonly isAnswered?: boolean
    } & AnyClaimRow)

/** What an answer was lost by: on its way, or because the machine had just woken from sleep. */
export type LostBy = 'answer' | 'wake'

/** What is known of the end of a chain. */
export interface EndEvidence extends Evidence {
  /** It expired because it was not used. */
  readonly isIdle?: boolean | undefined
}

/** Why a chain has ended. */
export type EndReason = 'rejected' | 'expired' | 'replay' | 'revoked'

/** A holder came with a token of this generation as its own, and presented it. */
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
  /**
   * The key of the proofs in the names of this chain. It never leaves the ledger, so that no holder
   * of an old name can make a later one. Absent: a release before 0.1.0 wrote the row.
   */
  readonly proofKey?: string
  readonly acknowledged: readonly Acknowledgement[]
  readonly ended?: EndReason
  /** The claim, or the revocation, that ended it. */
  readonly endedBy?: string
  readonly evidence?: EndEvidence
  /** The set is kept, but must not be handed out. */
  readonly withheld?: 'subject_changed'
  /**
   * The set came for a token that may have been spent before, and was not accepted by the AS yet.
   * If the AS refuses it, that proves nothing about the chain.
   */
  readonly isAtRisk?: boolean
}

/** A row as it was last seen. */
export interface SeenRow<R> {
  readonly row: R | undefined
  readonly version: number
  readonly writtenAtMs: number
  /** Of a grant row: whether its newest refresh token is the one that the procedure is about. */
  readonly holdsToken?: boolean
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

/**
 * What an opened row must look like before it is believed. Fields that are not named here are let
 * be: a later minor version may have written them.
 */

type FieldCheck = (value: unknown) => boolean

const isText: FieldCheck = (value) => typeof value === 'string'
const isNumber: FieldCheck = (value) => Number.isFinite(value)
const isCount: FieldCheck = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isDuration: FieldCheck = (value) => isNumber(value) && (value as number) >= 0
const oneOf =
  (...texts: readonly string[]): FieldCheck =>
  (value) =>
    texts.includes(value as string)
const optional =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    value === undefined || check(value)
const list =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    Array.isArray(value) && value.every(check)
const shape =
  (fields: Readonly<Record<string, FieldCheck>>): FieldCheck =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check(ownField(value, name)))

const isStoredAccessToken = shape({
  token: isText,
  grantedAtMs: isNumber,
  obtainedAtMs: optional(isNumber),
  lifetimeMs: optional(isNumber),
  scope: optional(isText),
  tokenType: optional(isText),
})

const isStoredTokenSet = shape({
  refreshToken: optional(isText),
  refreshExpiresAtMs: optional(isNumber),
  authorizedAtMs: optional(isNumber),
  idToken: optional(isText),
  access: list((pair) => Array.isArray(pair) && isText(pair[0]) && isStoredAccessToken(pair[1])),
})

const isPlace = shape({
  grant: (value) => parseGrant(`${String(value)}.0`) !== undefined,
  generation: isCount,
  proof: optional(isText),
})
const isOpen = shape({ kind: oneOf('open'), delayMs: optional(isDuration) })
const isFlag: FieldCheck = (value) => typeof value === 'boolean'
const isClaimed = shape({
  kind: oneOf('claimed'),
  claimId: isText,
  claimMs: isDuration,
  firstClaimedAtMs: optional(isNumber),
  atRisk: optional(oneOf('taken_over', 'rejected', 'unproven')),
  isAnswered: optional(isFlag),
  lostBy: optional(oneOf('answer', 'wake')),
})

const isGrantShape = shape({
  generation: isCount,
  set: optional(isStoredTokenSet),
  claimId: optional(isText),
  proofKey: optional(isText),
  acknowledged: list(shape({ generation: isCount, atMs: optional(isNumber) })),
  ended: optional(oneOf('rejected', 'expired', 'replay', 'revoked')),
  endedBy: optional(isText),
  evidence: optional(
    shape({
      expiredAtMs: optional(isNumber),
      generationsLate: optional(isCount),
      lateMs: optional(isDuration),
      renewedAtMs: optional(isNumber),
      isIdle: optional(isFlag),
    }),
  ),
  withheld: optional(oneOf('subject_changed')),
  isAtRisk: optional(isFlag),
})

export function isClaimRow(value: unknown): value is ClaimRow {
  return isPlace(value) && (isOpen(value) || isClaimed(value))
}

/** A chain that has not ended has a set. */
export function isGrantRow(value: unknown): value is GrantRow<StoredTokenSet> {
  if (!isGrantShape(value)) return false
  const { set, ended } = value as GrantRow<StoredTokenSet>
  return set !== undefined || ended !== undefined
}
