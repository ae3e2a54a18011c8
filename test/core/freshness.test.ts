import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify, refreshAheadMs } from '../../src/core/freshness.ts'
import { NOW_MS } from './helpers.ts'

const TOKENS = Array.from({ length: 1000 }, (_, i) => `token-${i}-${(i * 7919) % 104_729}`)

describe('classify', () => {
  it.each([
    ['dead', undefined, 0, undefined],
    ['fresh', {}, 60_000, 60_000],
    ['fresh', { expiresAtMs: null }, 60_000, 60_000],
    ['dead', { expiresAtMs: 0 }, 0, undefined],
    ['dead', { expiresAtMs: NOW_MS - 1 }, 0, undefined],
    ['dead', { expiresAtMs: NOW_MS }, 0, undefined],
    ['fresh', { expiresAtMs: NOW_MS + 1 }, 0, undefined],
    ['expiring', { expiresAtMs: NOW_MS + 1 }, 1, undefined],
    ['expiring', { expiresAtMs: NOW_MS + 999 }, 1000, undefined],
    ['expiring', { expiresAtMs: NOW_MS + 1000 }, 1000, undefined],
    ['fresh', { expiresAtMs: NOW_MS + 1001 }, 1000, undefined],
    ['expiring', { expiresAtMs: NOW_MS + 1001 }, 1000, 1001],
    ['fresh', { expiresAtMs: NOW_MS + 1001 }, 1000, 1000],
    ['expiring', { expiresAtMs: NOW_MS + 500 }, 1000, 0],
  ] as const)(
    'is %s for %j, %j ms ahead, %j ms demanded',
    (expected, access, aheadMs, minValidMs) => {
      expect(classify(access, NOW_MS, { aheadMs, minValidMs })).toBe(expected)
    },
  )

  it('goes from fresh to expiring to dead as time goes by, and never back', () => {
    const order = ['fresh', 'expiring', 'dead']

    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (left, step, aheadMs, minValidMs) => {
        const access = { expiresAtMs: NOW_MS + left }
        const sooner = classify(access, NOW_MS, { aheadMs, minValidMs })
        const later = classify(access, NOW_MS + step, { aheadMs, minValidMs })

        expect(order.indexOf(later)).toBeGreaterThanOrEqual(order.indexOf(sooner))
      }),
    )
  })

  it('is never fresh on numbers that are none', () => {
    expect(classify({ expiresAtMs: NaN }, NOW_MS, { aheadMs: 0 })).toBe('dead')
    expect(classify({ expiresAtMs: NOW_MS + 1 }, NaN, { aheadMs: 0 })).toBe('dead')
    expect(classify({ expiresAtMs: NOW_MS + 1 }, NOW_MS, { aheadMs: NaN })).toBe('expiring')
  })
})

describe('refreshAheadMs', () => {
  it('is a tenth of the lifetime, less up to a fifth of that', () => {
    for (const token of TOKENS) {
      const aheadMs = refreshAheadMs(NOW_MS + 300_000, NOW_MS, token)

      expect(aheadMs).toBeGreaterThanOrEqual(24_000)
      expect(aheadMs).toBeLessThanOrEqual(30_000)
    }
  })

  it('is at most 60 s, for a long life and for an unknown one', () => {
    for (const obtainedAtMs of [NOW_MS, undefined, null]) {
      for (const token of TOKENS) {
        const aheadMs = refreshAheadMs(NOW_MS + 86_400_000, obtainedAtMs, token)

        expect(aheadMs).toBeGreaterThanOrEqual(48_000)
        expect(aheadMs).toBeLessThanOrEqual(60_000)
      }
    }
  })

  it('parts tokens evenly over the fifth', () => {
    const fifths = [0, 0, 0, 0, 0]
    for (const token of TOKENS) {
      const aheadMs = refreshAheadMs(NOW_MS + 3_600_000, NOW_MS, token)
      fifths[Math.min(Math.floor((60_000 - aheadMs) / 2400), 4)]! += 1
    }

    for (const count of fifths) expect(count).toBeGreaterThan(TOKENS.length / 5 / 1.5)
  })

  it('parts tokens that differ in their last character only', () => {
    const ahead = Array.from('0123456789abcdef', (end) =>
      refreshAheadMs(NOW_MS + 3_600_000, NOW_MS, `eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJ${end}`),
    )

    expect(new Set(ahead).size).toBe(16)
    expect(Math.max(...ahead) - Math.min(...ahead)).toBeGreaterThan(6000)
  })

  it('is the same for everybody who holds the token, in whole milliseconds', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(10_000_000), (token, lifetimeMs) => {
        const aheadMs = refreshAheadMs(NOW_MS + lifetimeMs, NOW_MS, token)

        expect(aheadMs).toBe(refreshAheadMs(NOW_MS + lifetimeMs, NOW_MS, token))
        expect(Number.isInteger(aheadMs)).toBe(true)
        expect(aheadMs).toBeLessThanOrEqual(lifetimeMs / 10)
      }),
    )
  })

  it('takes what is configured to the millisecond', () => {
    for (const token of TOKENS.slice(0, 10)) {
      expect(refreshAheadMs(NOW_MS + 3_600_000, NOW_MS, token, 120_000)).toBe(120_000)
      expect(refreshAheadMs(NOW_MS + 3_600_000, undefined, token, 120_000)).toBe(120_000)
      expect(refreshAheadMs(NOW_MS + 3_600_000, NOW_MS, token, 0)).toBe(0)
    }
  })

  it('never takes more than half a lifetime, so that no new token is expiring at once', () => {
    expect(refreshAheadMs(NOW_MS + 60_000, NOW_MS, 'at', 120_000)).toBe(30_000)
  })

  it('is 0 for a lifetime that makes no sense', () => {
    expect(refreshAheadMs(0, NOW_MS, 'at')).toBe(0)
    expect(refreshAheadMs(0, NOW_MS, 'at', 5000)).toBe(0)
  })
})
