import { RefreshError } from '../core/errors.ts'
import { ownField } from '../core/text.ts'
import type { Bytes } from '../core/text.ts'
import type { StoredTokenSet } from './stored-token-set.ts'
import { isClaimRow, isGrantRow } from './rows.ts'
import type { ClaimRow, GrantRow } from './rows.ts'

/**
 * The client whose tokens a refresher renews. It is compared when a row is opened that names one:
 * every grant row, and each claim row whose token the AS has granted to a client.
 */
export interface Identity {
  readonly issuer: string
  readonly clientId: string
  /** Other spellings of the issuer, which rows of earlier configurations name. Default: none. */
  readonly formerIssuers?: readonly string[] | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Encodes a row as bytes, to be sealed: JSON in UTF-8. */
export function encodeRow(identity: Identity, row: ClaimRow | GrantRow<StoredTokenSet>): Bytes {
  const { issuer, clientId } = identity
  const isClaim = 'kind' in row
  const { isBound, ...bare } = isClaim ? row : { ...row, isBound: true }
  const envelope = isBound === true ? { issuer, clientId, row: bare } : { row: bare }
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
  const isBound = Object.hasOwn(value, 'issuer') || Object.hasOwn(value, 'clientId')
  if (isBound) check(identity, value)
  if (!isClaimRow(row)) throw new RefreshError('row_unreadable')
  const { isBound: _, ...bare } = row
  return isBound ? { ...bare, isBound } : bare
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
  const row = ownField(value, 'row')
  if (!isGrantRow(row)) throw new RefreshError('row_unreadable')
  check(identity, value)
  return row
}

function parsed(bytes: Uint8Array | undefined): object {
  const value = bytes && parseJson(bytes)
  if (typeof value !== 'object' || value === null) throw new RefreshError('row_unreadable')
  return value
}

function check({ issuer, clientId, formerIssuers = [] }: Identity, envelope: object): void {
  const named = ownField(envelope, 'issuer')
  const isIssuer = named === issuer || formerIssuers.includes(named as string)
  if (isIssuer && ownField(envelope, 'clientId') === clientId) return
  throw new RefreshError('wrong_issuer', { hint: isIssuer ? OTHER_CLIENT : OTHER_ISSUER })
}

const OTHER_CLIENT = 'Compare client.id with the other processes of this ledger.'
const OTHER_ISSUER =
  'If another spelling of the issuer, or its token endpoint, was configured before, write it ' +
  'into ledger.formerIssuers. If this is another server, give it a ledger.name of its own.'

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
