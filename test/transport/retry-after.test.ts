import { describe, expect, it } from 'vitest'
import { retryAfterMs } from '../../src/transport/send.ts'

const NOW_MS = Date.parse('Sat, 21 Nov 2026 06:00:00 GMT')

describe('retryAfterMs (RFC 9110 §10.2.3)', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['1.5', 1_500],
    ['Sat, 21 Nov 2026 06:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 06:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 05:00:00 GMT', 0],
    ['99999999999999999999', 86_400_000],
    ['', undefined],
    ['-5', undefined],
    ['1e9', undefined],
    ['soon', undefined],
    ['Sat', undefined],
  ])('%j is %j ms', (text, expected) => {
    expect(retryAfterMs(new Headers({ 'retry-after': text }), NOW_MS)).toBe(expected)
  })

  it('is nothing where nothing is said', () => {
    expect(retryAfterMs(new Headers(), NOW_MS)).toBeUndefined()
  })
})
