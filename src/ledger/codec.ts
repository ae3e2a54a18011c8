import { RefreshError } from '../core/errors.ts'
import { ownField } from '../core/read-field.ts'
import type { Kept } from './kept.ts'
import { isClaimRow, isGrantRow } from './row-shape.ts'
import type { ClaimRow, GrantRow } from './rows.ts'

/** Whose tokens a refresher renews. Stands in every row and is compared when it is opened. */
export interface Identity {
  readonly issuer: string
  readonly clientId: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A row as bytes, to be sealed: JSON in UTF-8. */
export function encodeRow(
  { issuer, clientId }: Identity,
  row: ClaimRow | GrantRow<Kept>,
): Uint8Array<ArrayBuffer> {
  const envelope = { issuer, clientId, row }
  const text = JSON.stringify(envelope)
  // What holds no `null` has no hole. Asking for each value takes longer than all the rest.
  const isWhole = !text.includes('null')
  return encoder.encode(isWhole ? text : JSON.stringify(envelope, withoutHoles))
}

/**
 * The claim row in opened bytes.
 *
 * @throws {RefreshError} `row_unreadable`, or `wrong_issuer` when it is another's.
 */
export function decodeClaim(identity: Identity, bytes: Uint8Array | undefined): ClaimRow {
  const row = decode(identity, bytes)
  if (!isClaimRow(row)) throw new RefreshError('row_unreadable')
  return row
}

/**
 * The grant row in opened bytes.
 *
 * @throws {RefreshError} `row_unreadable`, or `wrong_issuer` when it is another's.
 */
export function decodeGrant(identity: Identity, bytes: Uint8Array | undefined): GrantRow<Kept> {
  const row = decode(identity, bytes)
  if (!isGrantRow(row)) throw new RefreshError('row_unreadable')
  return row
}

function decode({ issuer, clientId }: Identity, bytes: Uint8Array | undefined): unknown {
  const value = bytes && parseJson(bytes)
  if (typeof value !== 'object' || value === null) throw new RefreshError('row_unreadable')
  if (ownField(value, 'issuer') !== issuer || ownField(value, 'clientId') !== clientId) {
    throw new RefreshError('wrong_issuer')
  }
  return ownField(value, 'row')
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
