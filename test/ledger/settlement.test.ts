import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { asksOf, settlementOf, takeOverOf } from '../../src/ledger/settlement.ts'

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

describe('takeOverOf: a token that may be spent', () => {
  it('comes again while the whole request fits into the window, with a margin', () => {
    expect(takeOverOf({ reuse: { acceptedForMs: 60_000 } }, 15_000)).toEqual({
      type: 'within',
      ms: 44_500,
    })
  })

  it('never comes again to a server that punishes it, or of which nothing is known', () => {
    expect([takeOverOf({ reuse: 'revokes' }, 15_000), takeOverOf({}, 15_000)]).toEqual([
      { type: 'never' },
      { type: 'never' },
    ])
  })
})

describe('asksOf: a token that may be spent', () => {
  const afterMs = (provider: Parameters<typeof asksOf>[0]): number | undefined =>
    asksOf(provider, 15_000)?.settlesWithinMs

  it('may be asked once its window is over, and the AS has settled what it was sent', () => {
    expect(afterMs({})).toBe(30_000)
    expect(afterMs({ settlesWithinMs: 5_000 })).toBe(5_000)
    expect(afterMs({ reuse: { acceptedForMs: 60_000 } })).toBe(90_000)
    expect(afterMs({ reuse: 'refused' })).toBe(30_000)
  })

  it('is not asked about where it looks good as long as its successor is unused', () => {
    expect(afterMs({ reuse: 'until_successor_used' })).toBeUndefined()
    expect(afterMs({ reuse: 'accepted' })).toBeUndefined()
  })
})
