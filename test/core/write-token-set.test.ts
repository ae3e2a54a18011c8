import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OWN_STYLE, readTokenSet, writeTokenSet } from '../../src/core/field-styles.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { STYLES, styles } from './held-styles.ts'
import { grantText, NOW_MS, tokenSets } from './helpers.ts'

const NOW_S = NOW_MS / 1000
const GRANT = grantText(new Uint8Array(32), 1)

describe('writeTokenSet', () => {
  it.each(styles)('writes back $name as it was', ({ held }) => {
    const { tokens, style } = readTokenSet(held)

    expect(writeTokenSet(tokens, style, held)).toEqual(held)
  })

  it.each(styles)('writes what is read again, for every set: $name', ({ held, isRow }) => {
    const { style } = readTokenSet(held)
    const names = new Set(style.slots.map(({ field }) => field))

    fc.assert(
      fc.property(tokenSets, (set: TokenSet) => {
        const written = writeTokenSet(set, style, held)
        const { tokens, style: again } = readTokenSet(written)

        const kept = Object.entries(set).filter(([field]) => names.has(field as keyof TokenSet))
        expect(tokens).toEqual(Object.fromEntries(kept))
        expect(writeTokenSet(tokens, again, written)).toEqual(written)
        expect(Object.keys(written).every((name) => !isRow || name in held)).toBe(true)
      }),
    )
  })

  it.each<readonly unknown[]>([[], [null], [{ accessToken: 'at' }], [{ accessToken: 'at' }, {}]])(
    'says what to write when it is given %j',
    (...given) => {
      const write = writeTokenSet as (...given: readonly unknown[]) => unknown

      expect(() => write(...given)).toThrow(/writeTokenSet\(tokens, style, into\)/)
    },
  )

  it('keeps foreign fields, and leaves what it is given alone', () => {
    const held = Object.freeze({ access_token: 'at', expires_at: 1, sub: 'x', exp: 7, error: 'y' })
    const { style } = readTokenSet(held)

    const written = writeTokenSet({ accessToken: 'at-2', grant: GRANT }, style, held)

    expect(written).toEqual({ access_token: 'at-2', grant: GRANT, sub: 'x', exp: 7, error: 'y' })
  })

  it('gives names of the same style to what was not there', () => {
    const set = { accessToken: 'a', refreshToken: 'r', expiresAtMs: NOW_MS, tokenType: 't' }

    const snake = readTokenSet({ access_token: 'at' }).style
    const camel = readTokenSet({ accessToken: 'at' }).style

    expect(writeTokenSet(set, snake, {})).toEqual({
      access_token: 'a',
      refresh_token: 'r',
      expires_at: NOW_S,
      token_type: 't',
    })
    expect(writeTokenSet(set, camel, {})).toEqual(set)
    expect(writeTokenSet(set, OWN_STYLE, {})).toEqual(set)
  })

  it('writes every name of a field, so that no spent token stays behind under another', () => {
    const held = {
      accessToken: 'at',
      access_token: 'at',
      refreshToken: 'rt',
      refresh_token: 'rt',
      expires_at: NOW_S,
      accessTokenExpires: NOW_MS,
    }
    const { style } = readTokenSet(held)
    const next = { accessToken: 'at-2', refreshToken: 'rt-2', expiresAtMs: NOW_MS + 1000 }

    expect(writeTokenSet(next, style, held)).toEqual({
      accessToken: 'at-2',
      access_token: 'at-2',
      refreshToken: 'rt-2',
      refresh_token: 'rt-2',
      expires_at: NOW_S + 1,
      accessTokenExpires: NOW_MS + 1000,
    })
  })

  it.each([
    [{ accessToken: 'at', expiresAtMs: NOW_S }, 'expiresAtMs', NOW_MS + 999],
    [{ accessToken: 'at', accessTokenExpires: 0 }, 'accessTokenExpires', NOW_MS + 999],
    [{ accessToken: 'at', expires_at: 0 }, 'expires_at', NOW_S],
    [{ accessToken: 'at', expires_at: NOW_S }, 'expires_at', NOW_S],
    [{ accessToken: 'at', expires_at: NaN }, 'expires_at', NOW_S],
    [{ accessToken: 'at', expires_at: String(NOW_S) }, 'expires_at', String(NOW_S)],
    [{ accessToken: 'at', expiresAt: String(NOW_MS) }, 'expiresAt', String(NOW_MS + 999)],
    [{ accessToken: 'at', expires_on: NOW_S }, 'expires_on', NOW_S],
    [{ accessToken: 'at', expires: '2020-01-01 00:00:00' }, 'expires', '2025-10-09 08:53:20'],
    [{ accessToken: 'at', expires: '2020-01-01 00:00+02' }, 'expires', '2025-10-09 08:53:20+00'],
    [{ accessToken: 'at', expires: '2020-01-01T00:00' }, 'expires', '2025-10-09T08:53:20.999Z'],
  ])(
    'writes the expiry of %j in the unit of its name, early rather than late',
    (held, name, is) => {
      const next = { accessToken: 'at-2', expiresAtMs: NOW_MS + 999 }

      expect(writeTokenSet(next, readTokenSet(held).style, held)[name]).toBe(is)
    },
  )

  it('writes no list but for the scope', () => {
    const held = { accessToken: 'at', refreshToken: ['rt'], scope: ['a'] }
    const next = { accessToken: 'at-2', refreshToken: 'rt-2', scope: 'a b' }

    expect(writeTokenSet(next, readTokenSet(held).style, held)).toEqual({
      ...next,
      scope: ['a', 'b'],
    })
  })

  it('does not take a session for a database row because it names an account', () => {
    const held = { accessToken: 'at', refreshToken: null, accountId: 'x' }
    const next = { accessToken: 'at-2', grant: GRANT }

    expect(writeTokenSet(next, readTokenSet(held).style, held)).toEqual({ ...next, accountId: 'x' })
  })

  it('removes a refresh token that is no more, and makes its column null', () => {
    const cookie = { access_token: 'at', refresh_token: 'rt' }
    const { held: row } = STYLES['an Auth.js account row']!
    const set = { accessToken: 'at-2' }

    expect(writeTokenSet(set, readTokenSet(cookie).style, cookie)).toEqual({ access_token: 'at-2' })
    expect(writeTokenSet(set, readTokenSet(row).style, row)).toEqual({
      ...row,
      access_token: 'at-2',
      refresh_token: null,
      expires_at: null,
      token_type: null,
    })
  })

  it('uses a column for the grant when the row has one', () => {
    const row = { ...STYLES['an Auth.js account row']!.held, grant: null }

    const written = writeTokenSet({ accessToken: 'at', grant: GRANT }, readTokenSet(row).style, row)

    expect(written['grant']).toBe(GRANT)
    expect(written).not.toHaveProperty('obtainedAtMs')
    expect(written['provider']).toBe('azure-ad')
  })

  it('writes a Date into the empty Date column of better-auth', () => {
    const { held: row } = STYLES['a better-auth account row']!

    const written = writeTokenSet(
      { accessToken: 'at', refreshExpiresAtMs: NOW_MS },
      readTokenSet(row).style,
      row,
    )

    expect(written['refreshTokenExpiresAt']).toEqual(new Date(NOW_MS))
  })
})
