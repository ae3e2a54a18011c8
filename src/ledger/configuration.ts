import { RefreshError } from '../core/errors.ts'
import { ownField } from '../core/read-field.ts'
import { parseJson } from './codec.ts'
import { FORMAT, type Sealer } from './sealer.ts'
import type { Store, Stored } from './store.ts'

/** A year. When the row goes, the next process writes it again. */
const TTL_MS = 365 * 86_400_000

/**
 * Compares this configuration with that of whoever came to the ledger first.
 *
 * With another pepper every row has another key: each would find an empty ledger and present what
 * the other has spent.
 *
 * @throws {RefreshError} `ledger_mismatch`.
 */
export async function checkConfiguration(
  store: Store,
  sealer: Sealer,
  call: (work: () => Promise<Stored>) => Promise<Stored>,
): Promise<void> {
  const { key, check } = await sealer.configuration()
  const ours = new TextEncoder().encode(JSON.stringify({ format: FORMAT, check }))
  const { value } = await call(() => store.swap(key, 0, ours, TTL_MS))
  const found = (value && parseJson(value)) ?? {}
  if (ownField(found, 'format') === FORMAT && ownField(found, 'check') === check) return
  throw new RefreshError('ledger_mismatch', { store: store.name })
}
