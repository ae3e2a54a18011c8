import type { StoredTokenSet } from './stored-token-set.ts'
import type { Operation } from './protocol/index.ts'

/** What parts one ledger from another. */
export interface Naming {
  /**
   * A secret of the processes that share the ledger: no reader of the store may know it. Default:
   * none, which is enough for tokens that cannot be guessed.
   */
  readonly pepper?: string | undefined
  /** Parts ledgers that share a store. Default `'default'`. */
  readonly ledger?: string | undefined
}

/** 128 bits in hexadecimal (`openssl rand -hex 16`). What is shorter is a password: guessable. */
const PEPPER_MIN_LENGTH = 32

/** @throws {TypeError} For a pepper too short to keep a secret, or a ledger without name. */
export function checkNaming({ pepper, ledger }: Naming): void {
  if (pepper !== undefined && pepper.length < PEPPER_MIN_LENGTH) {
    throw new TypeError(
      `pepper must be at least ${PEPPER_MIN_LENGTH} random characters (openssl rand -hex 16), ` +
        'or left out: an empty environment variable is no pepper.',
    )
  }
  if (ledger === '') throw new TypeError('ledger must be a name, or left out.')
}

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
