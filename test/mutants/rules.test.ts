import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { settlementOf } from '../../src/ledger/settlement.ts'
import { isYoung } from '../../src/ledger/stored-token-set.ts'
import { claim, reject, takeClaim, settle, UNSEEN } from '../../src/ledger/protocol/index.ts'
import type {
  ClaimRequest,
  Policy,
  SettleRequest,
  LedgerView,
} from '../../src/ledger/protocol/index.ts'
import type { ClaimRow, GrantRow } from '../../src/ledger/rows.ts'

/** Rules that no world of test/explore can tell broken from kept: see test/mutants/mutants.ts. */

const policy: Policy = {
  claimMs: 20_000,
  staleMs: 3_600_000,
  staleHolders: 'replay',
  takesOver: false,
  mayEvict: false,
}
const GRANT = 'grant'
const claimRequest: ClaimRequest<string> = {
  claimId: 'mine',
  newGrant: 'new',
  policy,
  meetsDemand: () => false,
}
const settleRequest: SettleRequest<string> = {
  claimId: 'mine',
  position: { grant: GRANT, generation: 1 },
  isCallersToken: true,
  hasGrantField: true,
  policy,
  merge: (_, received) => received,
}
const claimed: ClaimRow = {
  kind: 'claimed',
  grant: GRANT,
  generation: 1,
  claimId: 'another',
  claimMs: 20_000,
}
const live: GrantRow<string> = { generation: 1, set: 'known', acknowledged: [] }

function seen(grant: GrantRow<string>, row?: ClaimRow): LedgerView<string> {
  return {
    ...UNSEEN,
    nowMs: 1_000,
    grants: { [GRANT]: { row: grant, version: 3, writtenAtMs: 500 } },
    ...(row !== undefined && { claim: { row, version: 2, writtenAtMs: 400 } }),
  }
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

describe('reject', () => {
  it('does not end a chain that has moved on', () => {
    const view = seen({ ...live, generation: 2 })

    expect(reject(settleRequest, 'rejected', view)).toMatchObject({
      answer: { type: 'adopted', set: 'known' },
    })
  })
})

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
      return claim({ ...claimRequest, namedPosition: { grant: GRANT, generation: 0 } }, view)
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
    const orphanAt = (generation: number): unknown =>
      claim({ ...claimRequest, namedPosition: { grant: GRANT, generation } }, seen(ended, claimed))

    expect(orphanAt(1)).toMatchObject({ answer: { type: 'ended', isOrphaned: false } })
    expect(orphanAt(2)).toMatchObject({ answer: { type: 'ended', isOrphaned: true } })
  })
})

describe('takeClaim', () => {
  const request = { claimId: 'mine', newGrant: 'new', claimMs: 20_000 }

  it('waits for whoever presents, until they settle or are overdue', () => {
    const ended = { ...live, ended: 'revoked' } as const
    const position = { grant: GRANT, generation: 1 }

    const answers = [
      seen(ended, claimed),
      seen({ ...ended, claimId: 'another' }, claimed),
      { ...seen(ended, claimed), nowMs: 20_400 },
    ].map((view) => takeClaim(request, position, view))

    expect(answers).toEqual(
      ['busy', 'taken', 'taken'].map((type) => ({ type: 'answer', answer: { type } })),
    )
  })
})

describe('settlementOf: a refresh token', () => {
  it('is kept when none comes, or the same, unless the provider always rotates', () => {
    const renewed = { refreshToken: new Secret('rt'), access: new Map() }
    const rotated = (rotation: 'always' | 'sometimes', token?: string): unknown => {
      const response = {
        access: { token: new Secret('at') },
        ...(token !== undefined && { refreshToken: new Secret(token) }),
      }
      const moment = { hostNowMs: 0, storeNowMs: 0 }
      const provider = { rotation }
      const presentation = { outcome: 'granted', response } as const
      const settlement = settlementOf(presentation, renewed, '', provider, moment)
      return 'rotated' in settlement && settlement.rotated
    }

    expect([rotated('sometimes'), rotated('sometimes', 'rt'), rotated('always', 'rt')]).toEqual([
      false,
      false,
      false,
    ])
    expect([rotated('sometimes', 'next'), rotated('always')]).toEqual([true, true])
  })
})

describe('isYoung', () => {
  it('is a token in the first half of its lifetime, by the clock of the store', () => {
    const held = { token: 'at', grantedAtMs: 1_000, lifetimeMs: 600 }

    expect([1_000, 1_299, 1_300].map((nowMs) => isYoung(held, nowMs))).toEqual([true, true, false])
    expect(isYoung({ token: 'at', grantedAtMs: 1_000 }, 1_000)).toBe(false)
  })
})
