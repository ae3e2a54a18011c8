import { kind, text } from '../core/check-options.ts'
import type { StoredTokenSet } from './stored-token-set.ts'
import type { Operation } from './protocol/index.ts'
import type { GrantRow } from './rows.ts'
import { EXPENDABLE_MS } from './store.ts'

/** What parts one ledger from another. */
export interface Naming {
  /**
   * A secret of the processes that share the ledger: no reader of the store may know it. Default:
   * none, which is enough for tokens that cannot be guessed.
   */
  readonly pepper?: string | undefined
  /** Parts ledgers that share a store. Default `'default'`. */
  readonly ledger?: string | undefined
  /** Spellings of the issuer that earlier configurations wrote into rows. Default: none. */
  readonly formerIssuers?: readonly string[] | undefined
}

/** 128 bits in hexadecimal (`openssl rand -hex 16`). What is shorter is a password: guessable. */
const PEPPER_MIN_LENGTH = 32

/** What `pepper` may be. An empty environment variable is none. */
export const PEPPER = text(
  `at least ${PEPPER_MIN_LENGTH} random characters (openssl rand -hex 16), or leave it out`,
  (value) => value.length >= PEPPER_MIN_LENGTH,
)

export const FORMER_ISSUERS = kind(
  "a list of issuers, each as it was configured: ['https://…']",
  (value) => {
    return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')
  },
)

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
 * Never shorter than the claim is worked on, twice, or the AS asked to wait. A token that the AS
 * refused when the ledger first saw it is forgotten after minutes.
 *
 * @param hasGrantField Whether the caller's set names its chain.
 */
export function ttlMsOf(
  operation: Operation<StoredTokenSet> & { readonly do: 'swap' },
  hasGrantField: boolean,
  { claimRetentionMs, grantRetentionMs }: Retention,
): number {
  if (operation.on === 'grant' && isRefusedAtOnce(operation.row)) return EXPENDABLE_MS
  if (operation.on === 'grant') return grantRetentionMs
  const { row } = operation
  const isOnlyWay = operation.on === 'successor' || !hasGrantField
  return Math.max(
    claimRetentionMs,
    isOnlyWay ? grantRetentionMs : 0,
    row.kind === 'claimed' ? 2 * row.claimMs : (row.delayMs ?? 0),
  )
}

/** Whether the AS refused the first token of a chain that the ledger has seen. */
export function isRefusedAtOnce({ generation, set, ended }: GrantRow<unknown>): boolean {
  return generation === 0 && set === undefined && (ended === 'rejected' || ended === 'expired')
}
