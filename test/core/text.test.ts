import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { isAccident, ownField, readInstant, readNumber, readText } from '../../src/core/text.ts'
import { NOW_MS } from './helpers.ts'

describe('ownField', () => {
  it('reads no inherited name', () => {
    expect(ownField({ a: 1 }, 'a')).toBe(1)
    expect(ownField({ a: 1 }, 'toString')).toBeUndefined()
    expect(ownField({}, '__proto__')).toBeUndefined()
  })
})

describe('readText', () => {
  it.each(['', 7, null, undefined, ['a']])('reads no text from %j', (value) => {
    expect(readText(value)).toBeUndefined()
  })
})

describe('isAccident', () => {
  it('knows what String() makes of no token', () => {
    for (const value of ['undefined', 'null', 'NaN', '[object Object]'])
      expect(isAccident(value)).toBe(true)
    expect(isAccident('eyJhbGciOiJub25lIn0')).toBe(false)
  })
})

describe('readNumber', () => {
  it.each([
    [0, 0],
    [-1.5, -1.5],
    ['12', 12],
    [' -1.5 ', -1.5],
    [5n, 5],
  ])('reads %s as %d', (value, expected) => {
    expect(readNumber(value)).toBe(expected)
  })

  it.each([NaN, Infinity, -Infinity, '', '1e3', '0x1', '1,5', '9'.repeat(20), true, null, {}, [1]])(
    'reads no number from %s',
    (value) => {
      expect(readNumber(value)).toBeUndefined()
    },
  )
})

describe('readInstant', () => {
  it.each([
    [NOW_MS, NOW_MS],
    [NOW_MS / 1000, NOW_MS],
    [NOW_MS + 0.4, NOW_MS],
    ['2025-10-09', 1_759_968_000_000],
    ['2025-10-09 08:53:20Z', NOW_MS],
    ['2025-10-09T08:53:20.000Z', NOW_MS],
    ['2025-10-09T08:53:20.123456789Z', NOW_MS + 123],
    ['2025-10-09T10:53:20+0200', NOW_MS],
    ['2025-10-09T06:53:20-02', NOW_MS],
    ['2025-10-09 08:53:20+00', NOW_MS],
    ['2025-10-09 08:53:20.5 +00:00', NOW_MS + 500],
    ['2025-10-09 08:53:20 UTC', NOW_MS],
    ['2025-10-09t08:53:20z', NOW_MS],
    [BigInt(NOW_MS), NOW_MS],
    [new Date(NOW_MS), NOW_MS],
    [runInNewContext(`new Date(${NOW_MS})`), NOW_MS],
    [{ toDate: () => new Date(NOW_MS) }, NOW_MS],
    [{ valueOf: () => NOW_MS }, NOW_MS],
    [{ epochMilliseconds: NOW_MS }, NOW_MS],
    [{ toNumber: () => NOW_MS / 1000 }, NOW_MS],
    [{ seconds: NOW_MS / 1000, nanoseconds: 0 }, NOW_MS],
    [{ _seconds: NOW_MS / 1000, _nanoseconds: 0 }, NOW_MS],
    [{ $date: '2025-10-09T08:53:20Z' }, NOW_MS],
    [NOW_MS * 1e3, NOW_MS],
    [String(NOW_MS * 1e3), NOW_MS],
    [BigInt(NOW_MS) * 1_000_000n, NOW_MS],
    ['Thu, 09 Oct 2025 08:53:20 GMT', NOW_MS],
    ['Thu Oct 09 2025 10:53:20 GMT+0200 (Central European Summer Time)', NOW_MS],
    ['2025-10-09 08:53:20 GMT', NOW_MS],
    ['2025-10-09T10:53:20+02:00[Europe/Berlin]', NOW_MS],
    ['"2025-10-09T08:53:20.000Z"', NOW_MS],
    [0, 0],
    [86_400, 0],
    ['1970-01-02', 0],
    [99_999_999, 0],
    [100_000_001, 100_000_001_000],
  ])('reads %s as %d', (value, expected) => {
    expect(readInstant(value)).toBe(expected)
  })

  it.each(['2025-10-09T08:53:20', '2025-10-09 08:53:20'])(
    'reads %s, which has no zone, as the earlier of UTC and the zone of this host',
    (text) => {
      const zone = process.env['TZ']
      const seen = ['UTC', 'Asia/Tokyo', 'America/Los_Angeles'].map((each) => {
        process.env['TZ'] = each
        return readInstant(text)
      })
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone

      expect(seen).toEqual([NOW_MS, NOW_MS - 9 * 3_600_000, NOW_MS])
    },
  )

  it.each([
    -1,
    '-1',
    1e21,
    NaN,
    'Fri, 10 Oct 2025',
    '2025-13-45',
    '2025-10-09T08:53:20 CET',
    '2025-10-09T8:53',
    'now',
    {},
    [NOW_MS],
    { valueOf: () => ({}) },
    {
      valueOf() {
        throw new Error('no')
      },
    },
    new Date(NaN),
  ])('reads no instant from %s', (value) => {
    expect(readInstant(value)).toBeUndefined()
  })
})
