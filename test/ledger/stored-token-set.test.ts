import { describe, expect, it } from 'vitest'
import { isYoung, merge } from '../../src/ledger/stored-token-set.ts'
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

describe('isYoung', () => {
  it('is a token in the first half of its lifetime, by the clock of the store', () => {
    const held = { token: 'at', grantedAtMs: 1_000, lifetimeMs: 600 }

    expect([1_000, 1_299, 1_300].map((nowMs) => isYoung(held, nowMs))).toEqual([true, true, false])
    expect(isYoung({ token: 'at', grantedAtMs: 1_000 }, 1_000)).toBe(false)
  })
})
