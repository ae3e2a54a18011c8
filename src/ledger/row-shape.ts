import { parseGrant } from '../core/grant-ref.ts'
import { ownField } from '../core/read-field.ts'
import type { Kept } from './kept.ts'
import type { ClaimRow, GrantRow } from './rows.ts'

/**
 * What an opened row must look like before it is believed. Fields that are not named here are let
 * be: a later minor version may have written them.
 */

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => Number.isFinite(value)
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isDuration: Check = (value) => isNumber(value) && (value as number) >= 0
const oneOf =
  (...texts: readonly string[]): Check =>
  (value) =>
    texts.includes(value as string)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check(ownField(value, name)))

const isKeptAccess = shape({
  token: isText,
  grantedAtMs: isNumber,
  lifetimeMs: optional(isNumber),
  scope: optional(isText),
  tokenType: optional(isText),
})

const isKept = shape({
  refreshToken: optional(isText),
  refreshExpiresAtMs: optional(isNumber),
  authorizedAtMs: optional(isNumber),
  idToken: optional(isText),
  access: list((pair) => Array.isArray(pair) && isText(pair[0]) && isKeptAccess(pair[1])),
})

const isPlace = shape({
  grant: (value) => parseGrant(`${String(value)}.0`) !== undefined,
  generation: isCount,
})
const isOpen = shape({ kind: oneOf('open'), delayMs: optional(isDuration) })
const isClaimed = shape({ kind: oneOf('claimed'), claimId: isText, claimMs: isDuration })

const isGrantShape = shape({
  generation: isCount,
  set: optional(isKept),
  claimId: optional(isText),
  acknowledged: list(shape({ generation: isCount, atMs: optional(isNumber) })),
  ended: optional(oneOf('rejected', 'expired', 'replay', 'revoked')),
  endedBy: optional(isText),
  withheld: optional(oneOf('subject_changed')),
})

export function isClaimRow(value: unknown): value is ClaimRow {
  return isPlace(value) && (isOpen(value) || isClaimed(value))
}

/** A chain that has not ended has a set. */
export function isGrantRow(value: unknown): value is GrantRow<Kept> {
  if (!isGrantShape(value)) return false
  const { set, ended } = value as GrantRow<Kept>
  return set !== undefined || ended !== undefined
}
