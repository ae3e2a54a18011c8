import { UNSEEN } from '../../../src/ledger/protocol/index.ts'
import type { LedgerView, Policy } from '../../../src/ledger/protocol/index.ts'
import type { ClaimRow, GrantRow } from '../../../src/ledger/rows.ts'

/** Rows, and what a procedure has seen of them. Sets are plain texts: no rule looks into them. */

export const policy: Policy = {
  claimMs: 20_000,
  staleMs: 3_600_000,
  staleHolders: 'revoke',
  takeOver: { type: 'never' },
  mayEvict: false,
}
export const GRANT = 'grant'

export const claimed: Extract<ClaimRow, { kind: 'claimed' }> = {
  kind: 'claimed',
  grant: GRANT,
  generation: 1,
  claimId: 'another',
  claimMs: 20_000,
}
export const live: GrantRow<string> = { generation: 1, set: 'known', acknowledged: [] }

export function seen(grant: GrantRow<string>, row?: ClaimRow): LedgerView<string> {
  return {
    ...UNSEEN,
    nowMs: 1_000,
    grants: { [GRANT]: { row: grant, version: 3, writtenAtMs: 500 } },
    ...(row !== undefined && { claim: { row, version: 2, writtenAtMs: 400 } }),
  }
}
