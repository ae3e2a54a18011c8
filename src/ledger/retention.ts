import type { StoredTokenSet } from './stored-token-set.ts'
import type { Operation } from './protocol/index.ts'

/** How long rows live from their last write, in milliseconds. */
export interface Retention {
  /** Of the claim of a token whose holder carries its chain. Default 7 days. */
  readonly claimRetentionMs: number
  /** Of a grant row, and of all that a holder without `grant` depends on. Default 30 days. */
  readonly grantRetentionMs: number
}

const DAY_MS = 86_400_000

export const RETENTION: Retention = {
  claimRetentionMs: 7 * DAY_MS,
  grantRetentionMs: 30 * DAY_MS,
}

/**
 * How long the row that an operation writes is to live, milliseconds.
 *
 * A holder that carries its chain is told by the grant row that its token is spent; the claim row
 * matters until then, and for copies that lost their `grant`. A holder that never carries it knows
 * nothing but the claim row: of a spent token, that it must not be presented and where the chain
 * is; of a new one (the successor's), where the chain is. Those rows live as long as the chain's.
 *
 * Never shorter than the claim is worked on, twice, or the AS asked to wait.
 *
 * @param hasGrantField Whether the caller's set names its chain.
 */
export function ttlMsOf(
  operation: Operation<StoredTokenSet> & { readonly do: 'swap' },
  hasGrantField: boolean,
  { claimRetentionMs, grantRetentionMs }: Retention,
): number {
  if (operation.on === 'grant') return grantRetentionMs
  const { row } = operation
  const isOnlyWay = operation.on === 'successor' || !hasGrantField
  return Math.max(
    claimRetentionMs,
    isOnlyWay ? grantRetentionMs : 0,
    row.kind === 'claimed' ? 2 * row.claimMs : (row.delayMs ?? 0),
  )
}
