import { decodeClaim, decodeGrant, encodeRow, type Identity } from './codec.ts'
import type { Keyring } from './keyring.ts'
import type { Kept } from './kept.ts'
import type { Operation } from './protocol.ts'
import { ttlMsOf, type Retention } from './retention.ts'
import type { ClaimRow, GrantRow, Seen } from './rows.ts'
import type { Store, Stored } from './store.ts'

/** What an operation found: the row that stands now, whoever wrote it. */
export type Found = Seen<ClaimRow | GrantRow<Kept>> & {
  readonly nowMs: number
  readonly swapped?: boolean
}

export interface Rows {
  readonly store: Store
  readonly identity: Identity
  readonly retention: Retention
  /** Makes a call of the store, in bounded time. */
  call<R extends Stored>(work: () => Promise<R>): Promise<R>
}

/**
 * Carries out one operation on one row.
 *
 * A row is overwritten at a version only by somebody who has read it at that version: what cannot
 * be opened stays as it is.
 *
 * @param carried Whether the caller's set carried its chain.
 * @throws {RefreshError} `row_unreadable`, `wrong_issuer`, or what the store's call threw.
 */
export async function perform(
  operation: Operation<Kept>,
  { store, identity, retention, call }: Rows,
  keyring: Keyring,
  carried: boolean,
): Promise<Found> {
  const keys = await keyring(operation)
  const decode = operation.on === 'grant' ? decodeGrant : decodeClaim
  const opened = async (stored: Stored): Promise<Found> => ({
    row: stored.value && decode(identity, await keys.open(stored.value, stored.version)),
    ...stored,
  })
  if (operation.do === 'read') return opened(await call(() => store.read(keys.key)))
  const { expected, row } = operation
  const owner = isGivenBackFirst(operation) ? undefined : identity
  const value = await keys.seal(encodeRow(owner, row), expected + 1)
  const ttlMs = ttlMsOf(operation, carried, retention)
  const stored = await call(() => store.swap(keys.key, expected, value, ttlMs))
  return stored.swapped ? { row, ...stored } : opened(stored)
}

/**
 * Whether the first who claimed a token gives it back. Whose token it is, nobody has found out yet:
 * a process that is configured wrong must not keep the others from it.
 */
function isGivenBackFirst({
  on,
  expected,
  row,
}: Operation<Kept> & { readonly do: 'swap' }): boolean {
  return on === 'claim' && expected === 1 && row.kind === 'open'
}
