import { describe, expect, it } from 'vitest'
import { readTokenResponse } from '../../src/core/token-response.ts'
import { tokensOf } from '../../src/core/tokens.ts'
import type { Access } from '../../src/core/tokens.ts'
import { fromStored, isYoung, merge, responseToStored } from '../../src/ledger/stored-token-set.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'

const AT_MS = 1_800_000_000_000

const kept = (token: string, grantedAtMs: number, audience = ''): StoredTokenSet => ({
  refreshToken: 'rt',
  access: [[audience, { token, grantedAtMs }]],
})

const tokensIn = ({ access }: StoredTokenSet): string[] => access.map(([, { token }]) => token)

describe('merge', () => {
  it('takes the later access token, whichever was settled first', () => {
    const early = kept('early', AT_MS)
    const late = kept('late', AT_MS + 60_000)

    expect(tokensIn(merge(early, late, 'lives'))).toEqual(['late'])
    expect(tokensIn(merge(late, early, 'lives'))).toEqual(['late'])
  })

  it('takes what was received when the times are too close to tell', () => {
    // The time of receipt is estimated: it may lie a little after the next reading of the clock.
    const held = kept('refused', AT_MS + 0.9)

    expect(tokensIn(merge(held, kept('asked for again', AT_MS), 'lives'))).toEqual([
      'asked for again',
    ])
  })

  it('keeps the tokens of other audiences, unless a refresh kills them', () => {
    const api = kept('of the api', AT_MS, 'api')
    const plain = kept('plain', AT_MS + 5_000)

    expect(tokensIn(merge(api, plain, 'lives'))).toEqual(['of the api', 'plain'])
    expect(tokensIn(merge(api, plain, 'dies'))).toEqual(['plain'])
  })
})

describe('fromStored', () => {
  const token = { token: 'at', grantedAtMs: 5_000.25, lifetimeMs: 60_000, obtainedAtMs: AT_MS }
  const stored = { access: [['', token]] } as const satisfies StoredTokenSet
  const served = (hostNowMs: number, storeNowMs: number): Access =>
    fromStored(stored, { hostNowMs, storeNowMs }).access.get('')!

  it('serves equal times, in whole milliseconds, whatever a round trip takes', () => {
    for (const lateMs of [0, 0.4, 3.7, 900]) {
      expect(served(AT_MS + 20_000, 25_000 + lateMs)).toMatchObject({
        obtainedAtMs: AT_MS,
        expiresAtMs: AT_MS + 60_000,
      })
    }
  })

  it('counts by the clock of a host that differs from that of the writer', () => {
    const { obtainedAtMs, expiresAtMs } = served(AT_MS + 320_000.5, 25_000)

    expect(obtainedAtMs).toBe(AT_MS + 300_001)
    expect(expiresAtMs).toBe(AT_MS + 360_001)
  })

  it('reads rows that do not have the time of the writer', () => {
    const { obtainedAtMs: _, ...older } = token
    const { access } = fromStored(
      { access: [['', older]] },
      { hostNowMs: AT_MS, storeNowMs: 5_001 },
    )

    expect(access.get('')!.expiresAtMs).toBe(AT_MS + 59_999)
  })
})

describe('responseToStored', () => {
  it('writes whole milliseconds, whatever the clocks say', () => {
    const body = { access_token: 'at', expires_in: 59.9996 }
    const response = readTokenResponse(body, { nowMs: AT_MS + 0.3 })!
    const moment = { hostNowMs: AT_MS + 0.4, storeNowMs: 5_000.25 }

    const { access } = responseToStored(response, tokensOf({ accessToken: 'at' }), '', true, moment)

    expect(access[0]![1]).toMatchObject({ obtainedAtMs: AT_MS, lifetimeMs: 60_000 })
  })
})

describe('isYoung', () => {
  it('is a token in the first half of its lifetime, by the clock of the store', () => {
    const held = { token: 'at', grantedAtMs: 1_000, lifetimeMs: 600 }

    expect([1_000, 1_299, 1_300].map((nowMs) => isYoung(held, nowMs))).toEqual([true, true, false])
    expect(isYoung({ token: 'at', grantedAtMs: 1_000 }, 1_000)).toBe(false)
  })
})
