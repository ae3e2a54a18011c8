import { RefreshError } from '../core/errors.ts'
import { ownField } from '../core/text.ts'
import type { Bytes } from '../core/text.ts'
import type { StoredTokenSet } from './stored-token-set.ts'
import { isClaimRow, isGrantRow } from './rows.ts'
import type { ClaimRow, GrantRow } from './rows.ts'

/**
 * The client whose tokens a refresher renews. Every row names it, but for open claim rows that
 * belong to no client yet; it is compared when a row is opened.
 */
export interface Identity {
  readonly issuer: string
  readonly clientId: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Encodes a row as bytes, to be sealed: JSON in UTF-8.
 *
 * @param identity Absent: an open claim row of no client, which every client may read.
 */
export function encodeRow(
  identity: Identity | undefined,
  row: ClaimRow | GrantRow<StoredTokenSet>,
): Bytes {
  const { issuer, clientId } = identity ?? {}
  const envelope = { issuer, clientId, row }
  const text = JSON.stringify(envelope)
  // What holds no `null` has no hole. Asking for each value takes longer than all the rest.
  const isWhole = !text.includes('null')
  return encoder.encode(isWhole ? text : JSON.stringify(envelope, withoutHoles))
}

/**
 * Decodes the claim row in opened bytes.
 *
 * @throws {RefreshError} `row_unreadable`, or `wrong_issuer` when it is another client's.
 */
export function decodeClaim(identity: Identity, bytes: Uint8Array | undefined): ClaimRow {
  const value = parsed(bytes)
  const row = ownField(value, 'row')
  const isUnnamed = !Object.hasOwn(value, 'issuer') && !Object.hasOwn(value, 'clientId')
  if (!isUnnamed) check(identity, value)
  if (!isClaimRow(row) || (isUnnamed && row.kind !== 'open')) {
    throw new RefreshError('row_unreadable')
  }
  return row
}

/**
 * Decodes the grant row in opened bytes.
 *
 * @throws {RefreshError} `row_unreadable`, or `wrong_issuer` when it is another client's.
 */
export function decodeGrant(
  identity: Identity,
  bytes: Uint8Array | undefined,
): GrantRow<StoredTokenSet> {
  const value = parsed(bytes)
  check(identity, value)
  const row = ownField(value, 'row')
  if (!isGrantRow(row)) throw new RefreshError('row_unreadable')
  return row
}

function parsed(bytes: Uint8Array | undefined): object {
  const value = bytes && parseJson(bytes)
  if (typeof value !== 'object' || value === null) throw new RefreshError('row_unreadable')
  return value
}

function check({ issuer, clientId }: Identity, envelope: object): void {
  if (ownField(envelope, 'issuer') === issuer && ownField(envelope, 'clientId') === clientId) return
  throw new RefreshError('wrong_issuer')
}

/** The JSON in bytes, or `undefined`. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

/** A number that JSON cannot write would come back as `null` and make the row unreadable. */
function withoutHoles(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value
}
