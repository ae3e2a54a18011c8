import { describe, expect, it } from 'vitest'
import { reject, takeClaim } from '../../../src/ledger/protocol/index.ts'
import type { LedgerView } from '../../../src/ledger/protocol/index.ts'
import { claimed, GRANT, live, seen } from './rows.ts'

describe('reject', () => {
  it('does not end a chain that has moved on', () => {
    const view = seen({ ...live, generation: 2 })

    expect(
      reject({ claimId: 'mine', position: { grant: GRANT, generation: 1 } }, 'rejected', view),
    ).toMatchObject({
      answer: { type: 'adopted', set: 'known' },
    })
  })
})

describe('reject, of another token', () => {
  it('ends no chain when another token than its newest was refused', () => {
    const position = { grant: GRANT, generation: 1 }
    const rejected = (holdsToken: boolean): unknown => {
      const view = seen(live)
      const row = { ...view.grants[GRANT]!, holdsToken }
      const next = { ...view, grants: { [GRANT]: row } }
      return reject({ claimId: 'mine', position }, 'rejected', next)
    }

    expect(rejected(false)).toEqual({
      type: 'answer',
      answer: { type: 'ended', position, reason: 'rejected' },
    })
    expect(rejected(true)).toMatchObject({ operations: [{ row: { ended: 'rejected' } }] })
  })
})

describe('reject, of a token whose name no row proves', () => {
  const position = { grant: GRANT, generation: 1 }
  const absent = { row: undefined, version: 0, writtenAtMs: 0 }
  const rejected = (name: string, atRisk?: 'unproven'): unknown => {
    const row = { ...claimed, claimId: 'mine', ...(atRisk && { atRisk }) }
    const view = { ...seen(live, row), grants: { [GRANT]: absent } }
    const request = { claimId: 'mine', position, name: { grant: name, generation: 1 } }
    return reject(request, 'rejected', view)
  }

  it('ends no chain: its holder may be about to write the row (P5)', () => {
    expect(rejected(GRANT)).toMatchObject({
      operations: [{ on: 'claim', row: { kind: 'claimed', claimMs: 0, atRisk: 'unproven' } }],
    })
    expect(rejected(GRANT, 'unproven')).toEqual({
      type: 'answer',
      answer: { type: 'ended', position, reason: 'rejected' },
    })
  })

  it('ends the chain that the token has begun', () => {
    expect(rejected('another')).toMatchObject({ operations: [{ row: { ended: 'rejected' } }] })
  })
})

describe('takeClaim', () => {
  const request = { claimId: 'mine', newGrant: 'new', claimMs: 20_000 }

  it('waits for the process that presents, until it settles or is overdue', () => {
    const ended = { ...live, ended: 'revoked' } as const
    const position = { grant: GRANT, generation: 1 }

    const answerTo = (view: LedgerView<string>): unknown => {
      const next = takeClaim(request, position, view)
      return next.type === 'answer' && next.answer.type
    }

    expect(answerTo(seen(ended, claimed))).toBe('busy')
    expect(answerTo(seen({ ...ended, claimId: 'another' }, claimed))).toBe('taken')
    expect(answerTo({ ...seen(ended, claimed), nowMs: 20_400 })).toBe('taken')
  })
})
