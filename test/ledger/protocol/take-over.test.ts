import { describe, expect, it } from 'vitest'
import {
  claim,
  maySend,
  reject,
  settle,
  wayInMs,
  writeOff,
} from '../../../src/ledger/protocol/index.ts'
import type { Policy, SettleRequest, TakeOver } from '../../../src/ledger/protocol/index.ts'
import type { ClaimRow } from '../../../src/ledger/rows.ts'
import { claimed, GRANT, live, policy, seen } from './rows.ts'

type Claimed = ClaimRow & { kind: 'claimed' }

const WITHIN = { type: 'within', ms: 60_000 } as const
const ONCE = { type: 'once' } as const
const UNTIL_USED = {
  type: 'until_successor_used',
  settlesWithinMs: 30_000,
  requestTimeoutMs: 15_000,
} as const
const SPENT = { type: 'granted', set: 'next', rotated: true, hasSuccessor: true } as const

const driven = (takeOver: TakeOver): Policy => ({ ...policy, takeOver })
const ASKED = { claimId: 'mine', newGrant: 'new', meetsDemand: () => false }
const position = { grant: GRANT, generation: 1 }

/** What a process does that finds a claim of another one; the claim was written at 400. */
function claiming(takeOver: TakeOver, nowMs: number, row: Partial<Claimed> = {}) {
  const view = { ...seen(live, { ...claimed, ...row }), nowMs }
  const next = claim({ ...ASKED, policy: driven(takeOver) }, view)
  return next.type === 'answer' ? next.answer : next.operations[0]
}

function settling(takeOver: TakeOver): SettleRequest<string> {
  return {
    claimId: 'mine',
    position,
    isCallersToken: true,
    hasGrantField: true,
    policy: driven(takeOver),
    merge: (_, received) => received,
  }
}

const OVERDUE_MS = 20_400

describe('taking over', () => {
  it.each([{ type: 'always' }, WITHIN, ONCE] as const)(
    'waits until the claim is overdue, and says in the row that the token is at risk ($type)',
    (takeOver) => {
      expect(claiming(takeOver, OVERDUE_MS - 1)).toMatchObject({ type: 'busy' })
      expect(claiming(takeOver, OVERDUE_MS)).toMatchObject({
        do: 'swap',
        row: { claimId: 'mine', firstClaimedAtMs: 400, atRisk: 'taken_over' },
      })
    },
  )

  it('does not happen where the AS punishes a spent token', () => {
    expect(claiming({ type: 'never' }, OVERDUE_MS)).toMatchObject({ type: 'lost' })
  })

  it('counts a window from the first claim, through all that take the token over', () => {
    const before = { firstClaimedAtMs: -30_000, atRisk: 'taken_over', claimMs: 0 } as const

    expect(claiming(WITHIN, 29_999, before)).toMatchObject({ row: { firstClaimedAtMs: -30_000 } })
    expect(claiming(WITHIN, 30_000, before)).toMatchObject({ type: 'lost' })
  })

  it('happens once where the AS only refuses a spent token', () => {
    expect(claiming(ONCE, OVERDUE_MS, { atRisk: 'taken_over' })).toMatchObject({ type: 'lost' })
  })

  it.each(['rejected', 'unproven'] as const)(
    'does not happen once it was refused: %s',
    (atRisk) => {
      expect(claiming(WITHIN, OVERDUE_MS, { atRisk, claimMs: 0 })).toMatchObject({ type: 'lost' })
    },
  )

  it('waits until the AS has settled the latest request that the holder may have sent', () => {
    const settledAtMs = 400 + 20_000 - 15_000 + 30_000

    expect(claiming(UNTIL_USED, OVERDUE_MS)).toMatchObject({
      type: 'paused',
      delayMs: settledAtMs - OVERDUE_MS,
    })
    expect(claiming(UNTIL_USED, settledAtMs)).toMatchObject({ do: 'swap' })
  })

  it('does not happen once a holder has an answer', () => {
    expect(claiming(UNTIL_USED, 99_000, { isAnswered: true })).toMatchObject({ type: 'lost' })
  })

  it('does not happen if the store may have dropped the row that holds the successor', () => {
    const dropped = { row: undefined, version: 0, writtenAtMs: 0 }
    const answerIf = (mayEvict: boolean): unknown => {
      const view = { ...seen(live, claimed), grants: { [GRANT]: dropped }, nowMs: 99_000 }
      return claim({ ...ASKED, policy: { ...driven(UNTIL_USED), mayEvict } }, view)
    }

    expect(answerIf(false)).toMatchObject({ operations: [{ do: 'swap' }] })
    expect(answerIf(true)).toMatchObject({ answer: { type: 'lost' } })
  })

  it('is not followed by a request that ends after the window', () => {
    const row = { ...claimed, claimId: 'mine', firstClaimedAtMs: -50_000 }
    const sends = (elapsedMs: number): boolean =>
      maySend(elapsedMs, { ...seen(live, row), nowMs: 9_000 }, driven(WITHIN), 5_000)

    expect([sends(999), sends(1_000)]).toEqual([true, false])
  })
})

describe('asking the AS about a token that may be spent', () => {
  const asks = { settlesWithinMs: 30_000, requestTimeoutMs: 15_000 }
  const SETTLED_AT_MS = 400 + 20_000 - 15_000 + 30_000
  const asked = (nowMs: number, row: Partial<Claimed> = {}, more: object = {}) => {
    const view = { ...seen(live, { ...claimed, ...row }), nowMs }
    const next = claim({ ...ASKED, policy: { ...policy, asks }, ...more }, view)
    return next.type === 'answer' ? next.answer : next.operations[0]
  }

  it('waits until the AS has settled what the holder may have sent', () => {
    expect(asked(OVERDUE_MS - 1)).toMatchObject({ type: 'busy' })
    expect(asked(OVERDUE_MS)).toMatchObject({
      type: 'paused',
      delayMs: SETTLED_AT_MS - OVERDUE_MS,
    })
    expect(asked(SETTLED_AT_MS)).toMatchObject({ type: 'ask' })
  })

  it('opens the claim of the row that was read before, and of no other', () => {
    const { version } = seen(live, claimed).claim!

    expect(asked(SETTLED_AT_MS, {}, { goodAt: version })).toMatchObject({
      do: 'swap',
      expected: version,
      row: { claimId: 'mine', atRisk: 'taken_over', firstClaimedAtMs: 400 },
    })
    expect(asked(SETTLED_AT_MS, {}, { goodAt: version - 1 })).toMatchObject({ type: 'ask' })
    expect(asked(OVERDUE_MS, {}, { goodAt: version })).toMatchObject({ type: 'paused' })
  })

  it.each([{ atRisk: 'rejected' }, { atRisk: 'unproven' }, { isAnswered: true }] as const)(
    'cannot help once there was an answer: %j',
    (row) => {
      expect(asked(SETTLED_AT_MS, row)).toMatchObject({ type: 'lost' })
    },
  )

  it('is only looked at by a process that must not claim', () => {
    expect(asked(SETTLED_AT_MS, {}, { mayClaim: false })).toMatchObject({ type: 'blocked' })
  })

  it('comes after a window, and after the one time that a server is asked that refuses', () => {
    const view = (row: Partial<Claimed>) => ({
      ...seen(live, { ...claimed, ...row }),
      nowMs: 99_000,
    })
    const way = (takeOver: TakeOver, row: Partial<Claimed>): unknown =>
      wayInMs(view(row), { ...driven(takeOver), asks })

    expect(way(WITHIN, {})).toBe(0)
    expect(way(ONCE, { atRisk: 'taken_over', claimMs: 0 })).toBe(0)
    expect(wayInMs(view({ atRisk: 'taken_over' }), driven(ONCE))).toBeUndefined()
  })

  it('writes down that the token is dead, if the row is as it was', () => {
    const view = { ...seen(live, claimed), nowMs: SETTLED_AT_MS }
    const { version } = view.claim!

    expect(writeOff(version, view)).toMatchObject({
      operations: [{ do: 'swap', expected: version, row: { atRisk: 'rejected', claimMs: 0 } }],
    })
    expect(writeOff(version - 1, view)).toEqual({ type: 'answer', answer: { type: 'noted' } })
  })
})

describe('settling at risk', () => {
  const atRisk = { ...claimed, claimId: 'mine', firstClaimedAtMs: 7, atRisk: 'taken_over' } as const

  it('gives a claim back to no holder, still at risk, if nothing was consumed', () => {
    const unspent = { type: 'unspent', delayMs: 5_000 } as const

    expect(settle(settling(ONCE), unspent, seen(live, atRisk))).toMatchObject({
      operations: [{ row: { kind: 'claimed', claimId: '', claimMs: 5_000, firstClaimedAtMs: 7 } }],
    })
  })

  it('makes a lost presentation overdue at once, for all processes', () => {
    expect(settle(settling(ONCE), { type: 'spent' }, seen(live, atRisk))).toMatchObject({
      operations: [{ row: { claimMs: 0, firstClaimedAtMs: 7, atRisk: 'taken_over' } }],
    })
  })

  it('marks a successor that the AS has not accepted yet', () => {
    expect(settle(settling(ONCE), SPENT, seen(live, atRisk))).toMatchObject({
      operations: [{ on: 'grant', row: { generation: 2, isAtRisk: true } }],
    })
  })

  it('writes that there is an answer before the successor, and none once it was taken over', () => {
    const mine = { ...claimed, claimId: 'mine' }
    const settled = (row: Claimed): unknown => settle(settling(UNTIL_USED), SPENT, seen(live, row))

    expect(settled(mine)).toMatchObject({
      operations: [{ on: 'claim', row: { isAnswered: true } }],
    })
    expect(settled({ ...mine, isAnswered: true })).toMatchObject({ operations: [{ on: 'grant' }] })
    expect(settled(claimed)).toMatchObject({ answer: { type: 'taken_over' } })
  })

  it('writes that there is a refusal before the chain ends, unless taken over', () => {
    const refusal = { type: 'spent', isRejected: true } as const
    const settled = (row: Claimed): unknown => settle(settling(ONCE), refusal, seen(live, row))

    expect(settled({ ...claimed, claimId: 'mine' })).toMatchObject({
      operations: [{ on: 'claim', row: { isAnswered: true } }],
    })
    expect(settled(claimed)).toMatchObject({ answer: { type: 'taken_over' } })
  })
})

describe('a refusal at risk', () => {
  const request = { claimId: 'mine', position }
  const atRisk = { ...claimed, claimId: 'mine', atRisk: 'taken_over' } as const

  it('ends no chain, and is written into the claim', () => {
    const refused = { ...atRisk, claimMs: 0, atRisk: 'rejected' } as const

    expect(reject(request, 'rejected', seen(live, atRisk))).toMatchObject({
      operations: [{ on: 'claim', row: { atRisk: 'rejected', claimMs: 0 } }],
    })
    expect(reject(request, 'rejected', seen(live, refused))).toEqual({
      type: 'answer',
      answer: { type: 'lost', position },
    })
  })

  it('ends no chain whose newest token came at risk and was never accepted', () => {
    const view = seen({ ...live, isAtRisk: true }, { ...claimed, claimId: 'mine' })

    expect(reject(request, 'rejected', view)).toMatchObject({
      operations: [{ on: 'claim', row: { atRisk: 'rejected' } }],
    })
  })
})
