import { Secret } from '../../core/secret.ts'
import type { Kept } from '../../ledger/stored-token-set.ts'
import type { ClaimRow, GrantRow } from '../../ledger/rows.ts'
import type { Sealer } from '../../ledger/sealer.ts'
import type { Store } from '../../ledger/store.ts'

/** What really stands in the rows, read by an observer who knows every token. */
export interface LedgerReader {
  claimOf(refreshToken: string): Promise<ClaimRow | undefined>
  /** The grant row that the claim row of a token leads to. */
  chainOf(refreshToken: string): Promise<GrantRow<Kept> | undefined>
}

export function ledgerOf(sealer: Sealer, store: Store): LedgerReader {
  async function read<R>(domain: 'claim' | 'grant', secret: string): Promise<R | undefined> {
    const { key, open } = await sealer.derive(domain, new Secret(secret))
    const { value, version } = await store.read(key)
    const opened = value && (await open(value, version))
    return opened && (JSON.parse(new TextDecoder().decode(opened)) as { row: R }).row
  }

  return {
    claimOf: (token) => read<ClaimRow>('claim', token),
    async chainOf(token) {
      const claim = await read<ClaimRow>('claim', token)
      return claim && read<GrantRow<Kept>>('grant', claim.grant)
    },
  }
}
