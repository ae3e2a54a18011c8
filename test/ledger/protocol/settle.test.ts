import { describe, expect, it } from 'vitest'
import { settle } from '../../../src/ledger/protocol/index.ts'
import type { SettleRequest } from '../../../src/ledger/protocol/index.ts'
import { claimed, GRANT, live, policy, seen } from './rows.ts'

const settleRequest: SettleRequest<string> = {
  claimId: 'mine',
  position: { grant: GRANT, generation: 1 },
  isCallersToken: true,
  hasGrantField: true,
  policy,
  merge: (_, received) => received,
}

describe('settle', () => {
  it('acknowledges a generation for its own holder, not for one who adopted the token', () => {
    const ended = { type: 'granted', set: 'received', rotated: true, hasSuccessor: true } as const
    const acknowledgedBy = (isCallersToken: boolean): unknown =>
      settle({ ...settleRequest, isCallersToken }, ended, seen(live))

    expect(acknowledgedBy(true)).toMatchObject({
      operations: [{ row: { acknowledged: [{ generation: 1 }] } }],
    })
    expect(acknowledgedBy(false)).toMatchObject({ operations: [{ row: { acknowledged: [] } }] })
  })
})

describe('settle, for a set that comes late', () => {
  const ending = { type: 'granted', set: 'late', rotated: true, hasSuccessor: true } as const

  it('writes a set that comes after the time of its claim', () => {
    const view = { ...seen(live, { ...claimed, claimId: 'mine' }), nowMs: 99_000 }

    expect(settle(settleRequest, ending, view)).toMatchObject({
      operations: [{ on: 'grant', do: 'swap', row: { generation: 2, set: 'late' } }],
    })
  })

  it('writes nothing over the end of the chain', () => {
    expect(settle(settleRequest, ending, seen({ ...live, ended: 'revoked' }))).toMatchObject({
      answer: { type: 'ended', reason: 'revoked' },
    })
  })
})
