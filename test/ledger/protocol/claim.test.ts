import { describe, expect, it } from 'vitest'
import { claim } from '../../../src/ledger/protocol/index.ts'
import type { ClaimRequest } from '../../../src/ledger/protocol/index.ts'
import { claimed, GRANT, live, policy, seen } from './rows.ts'

const claimRequest: ClaimRequest<string> = {
  claimId: 'mine',
  newGrant: 'new',
  policy,
  meetsDemand: () => false,
}

describe('claim', () => {
  it('takes a claim for settled whose settling was written, and claims it again', () => {
    const view = seen({ ...live, claimId: 'another' }, claimed)

    expect(claim(claimRequest, view)).toMatchObject({
      operations: [{ on: 'claim', do: 'swap', expected: 2, row: { claimId: 'mine' } }],
    })
  })

  it('ends the chain of a holder who is stale', () => {
    const later = { ...live, generation: 2, acknowledged: [{ generation: 1, atMs: 500 }] }
    const at = (nowMs: number): unknown => {
      const view = { ...seen(later, { ...claimed, generation: 0 }), nowMs }
      return claim({ ...claimRequest, name: { grant: GRANT, generation: 0 } }, view)
    }

    expect(at(500 + policy.staleMs - 1)).toMatchObject({ answer: { type: 'adopted' } })
    expect(at(500 + policy.staleMs)).toMatchObject({ operations: [{ row: { ended: 'replay' } }] })
  })

  it('opens a claim again that it does not need', () => {
    const view = seen(live, { ...claimed, claimId: 'mine' })

    expect(claim({ ...claimRequest, meetsDemand: () => true }, view)).toMatchObject({
      operations: [{ on: 'claim', do: 'swap', expected: 2, row: { kind: 'open' } }],
    })
  })

  it('says of an ended chain whether the caller holds later tokens than it', () => {
    const ended = { ...live, ended: 'revoked' } as const
    const orphanAt = (generation: number): unknown => {
      const view = { ...seen(ended, claimed), isNameProven: true }
      return claim({ ...claimRequest, name: { grant: GRANT, generation } }, view)
    }

    expect(orphanAt(1)).toMatchObject({ answer: { type: 'ended', isOrphaned: false } })
    expect(orphanAt(2)).toMatchObject({ answer: { type: 'ended', isOrphaned: true } })
  })
})
