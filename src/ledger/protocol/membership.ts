import type { ClaimRow } from '../rows.ts'
import type { ChainName, ChainPosition, LedgerView } from './view.ts'

/** What is known of a refresh token, to find the chain that it is part of. */
export interface TokenNames {
  /** What the caller's set says. Absent for a set that never met the ledger. */
  readonly name?: ChainName | undefined
  /** The chain to begin if the token turns out to be part of none. */
  readonly newGrant: string
  /** The caller's own claim: what it says is what the set says. */
  readonly claimId?: string
}

/**
 * Where a refresh token belongs.
 *
 * A name is a bearer secret that never changes, and tokens of a new sign-in may lie beside an old
 * one. So a name counts only together with a token of its chain (docs/decisions/0052):
 *
 * - the newest refresh token of the grant row is the caller's;
 * - or the proof in the name is right for this token and generation;
 * - or the claim row of the token, which its own chain has written, says so;
 * - or no grant row is there, so that there is nothing to gain.
 */
export type Membership =
  /** The token is part of this chain. */
  | { readonly of: 'chain'; readonly position: ChainPosition }
  /** The grant row of this position has to be read first. */
  | { readonly of: 'unread'; readonly position: ChainPosition }
  /** The token is part of no chain that is known: it begins one of its own. */
  | { readonly of: 'none'; readonly position: ChainPosition }
  /**
   * The chain has moved on, and nothing proves or disproves the name. The token may be spent: it is
   * neither presented nor served.
   */
  | { readonly of: 'unsure'; readonly position: ChainPosition }

export function membershipOf<S>(
  { name, newGrant, claimId }: TokenNames,
  view: LedgerView<S>,
): Membership {
  const row = view.claim?.row
  const named = name && placeOf(name, view.isNameProven, view)
  if (named?.of === 'unread') return named
  if (named?.of === 'chain' && isPast(named.position, view)) return named
  const isRepeated = row?.kind === 'claimed' && row.claimId === claimId && row.proof !== undefined
  const claimed = row && !isRepeated ? claimedPlace(row, view) : undefined
  if (claimed !== undefined && claimed.of !== 'none') return claimed
  if (named?.of === 'chain') return named
  if (name !== undefined && isUnsure(name, view)) return { of: 'unsure', position: at(name) }
  return { of: 'none', position: { grant: newGrant, generation: 0 } }
}

/** What a claim row says, as far as it is to be believed. */
export function claimedPlace<S>(row: ClaimRow, view: LedgerView<S>): Membership {
  if (row.proof === undefined) return { of: 'chain', position: at(row) }
  return placeOf(row, view.isClaimProven, view)
}

function placeOf<S>(
  name: ChainName,
  isProven: boolean | undefined,
  view: LedgerView<S>,
): Membership {
  const seen = view.grants[name.grant]
  if (isProven === true) return { of: 'chain', position: at(name) }
  if (seen === undefined) return { of: 'unread', position: at(name) }
  if (seen.row === undefined) return { of: 'chain', position: at(name) }
  if (seen.holdsToken !== true) return { of: 'none', position: at(name) }
  return { of: 'chain', position: { grant: name.grant, generation: seen.row.generation } }
}

/** Whether the chain has ended, or has moved on from the position. */
function isPast<S>({ grant, generation }: ChainPosition, view: LedgerView<S>): boolean {
  const row = view.grants[grant]?.row
  return row?.ended !== undefined || (row?.generation ?? 0) > generation
}

/**
 * Whether the name may be right although nothing proves it: an earlier release wrote it, or the
 * ledger has lost the row since, and its key.
 */
function isUnsure<S>({ grant, generation, proof = '' }: ChainName, view: LedgerView<S>): boolean {
  const row = view.grants[grant]?.row
  if (row === undefined || row.ended !== undefined || row.generation <= generation) return false
  return row.proofKey === undefined || !proof.startsWith(keyIdOf(row.proofKey))
}

/** Begins each proof, and tells keys apart: 24 bits of the 256 of a key. */
export function keyIdOf(key: string): string {
  return key.slice(0, 4)
}

function at({ grant, generation }: ChainPosition): ChainPosition {
  return { grant, generation }
}
