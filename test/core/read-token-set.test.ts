import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTokenSet } from '../../src/core/check-token-set.ts'
import { isRefreshError } from '../../src/core/errors.ts'
import { readTokenSet, writeTokenSet } from '../../src/core/field-styles.ts'
import { STYLES, styles } from './held-styles.ts'
import { caught, grantText, jwt, NOW_MS } from './helpers.ts'

const NOW_S = NOW_MS / 1000
const ISO = new Date(NOW_MS).toISOString()
const GRANT = grantText(new Uint8Array(32), 1)

describe('readTokenSet', () => {
  it.each(styles)('reads $name', ({ held }) => {
    const { tokens } = readTokenSet(held)

    expect(tokens).toMatchObject({ accessToken: 'at', expiresAtMs: NOW_MS })
    expect(tokens.refreshToken).toBe(held['refreshToken'] ?? held['refresh_token'])
    expect(Object.values(tokens)).not.toContain(undefined)
    checkTokenSet(tokens)
  })

  it.each([
    [{ access_token: 'at', expires_at: String(NOW_S) }, NOW_MS],
    [{ access_token: 'at', expires_at: NOW_S + 0.5 }, NOW_MS + 500],
    [{ accessToken: 'at', expiresAtMs: NOW_S }, NOW_MS],
    [{ accessToken: 'at', expiresAtMs: 0 }, 0],
    [{ accessToken: 'at', expires_at: 5 }, 0],
    [{ accessToken: 'at' }, undefined],
    [{ accessToken: 'at', refreshToken: 'rt' }, undefined],
    [{ accessToken: 'at', refreshToken: 'rt', expires_at: undefined }, undefined],
    [{ accessToken: 'at', expires: ISO, exp: NOW_S, expires_in: 3600 }, undefined],
    [{ access_token: jwt({ exp: NOW_S }), refresh_token: 'rt' }, NOW_MS],
    [{ access_token: jwt({ exp: NOW_S }), expires_at: NOW_S + 1 }, NOW_MS + 1_000],
    [{ access_token: jwt({ exp: NOW_S }), refresh_token: 'rt', expires_at: NaN }, NOW_MS],
    [{ access_token: jwt({ exp: 'soon' }), refresh_token: 'rt' }, undefined],
  ])('reads the expiry of %j as %j', (held, expected) => {
    expect(readTokenSet(held).tokens.expiresAtMs).toBe(expected)
  })

  it('reads the expiry of a BigInt column', () => {
    const held = { access_token: 'at', expires_at: BigInt(NOW_S) }

    expect(readTokenSet(held).tokens.expiresAtMs).toBe(NOW_MS)
  })

  it.each([NaN, 'NaN', 'undefined', 'Invalid Date', new Date(NaN), null, {}, -1, 1e300, '', true])(
    'takes an unreadable expiry (%s) as expired beside a refresh token, so that it heals',
    (expires_at) => {
      const held = { access_token: 'at', refresh_token: 'rt', expires_at }

      expect(readTokenSet(held).tokens.expiresAtMs).toBe(0)
    },
  )

  it('takes an unreadable expiry as unknown when nothing can be refreshed', () => {
    const held = { access_token: 'at', refresh_token: null, expires_at: NaN }

    expect(readTokenSet(held).tokens).toEqual({ accessToken: 'at' })
  })

  it('takes null in a database row as unknown, or it would refresh for ever', () => {
    const { held } = STYLES['an Auth.js account row']!

    expect(readTokenSet({ ...held, expires_at: null }).tokens).not.toHaveProperty('expiresAtMs')
    expect(readTokenSet({ ...held, expires_at: NaN }).tokens.expiresAtMs).toBe(0)
  })

  it('heals: what it took as expired has an expiry, or none at all, after one refresh', () => {
    const held = { access_token: 'at', refresh_token: 'rt', expires_at: null, sub: 'x' }
    const { style } = readTokenSet(held)

    const known = { accessToken: 'at-2', refreshToken: 'rt-2', expiresAtMs: NOW_MS }
    const unknown = { accessToken: 'at-2', refreshToken: 'rt-2' }

    expect(writeTokenSet(known, style, held)['expires_at']).toBe(NOW_S)
    expect(readTokenSet(writeTokenSet(unknown, style, held)).tokens).toEqual(unknown)
  })

  it.each([undefined, null, '', 'undefined', 'null', 'NaN', '[object Object]', 7, {}, ['at']])(
    'finds no access token in %j',
    (value) => {
      for (const held of [{ accessToken: value }, { access_token: value }, value]) {
        const error = caught(() => readTokenSet(held))

        expect(error.code).toBe('invalid_tokens')
        expect(error.field).toBe('accessToken')
      }
    },
  )

  it.each([undefined, null, '', 'undefined', 'null', 'NaN', 7, {}])(
    'does without a refresh token and an ID token of %j',
    (value) => {
      const held = { access_token: 'at', refresh_token: value, id_token: value }

      expect(readTokenSet(held).tokens).toEqual({ accessToken: 'at' })
    },
  )

  it('takes the first name of a field that holds something', () => {
    const held = { accessToken: undefined, access_token: 'at', expiresAt: null, expires_at: NOW_S }

    expect(readTokenSet(held).tokens).toEqual({ accessToken: 'at', expiresAtMs: NOW_MS })
  })

  it('drops a grant that is none, and keeps one that is', () => {
    expect(readTokenSet({ accessToken: 'at', grant: 'admin' }).tokens).not.toHaveProperty('grant')
    expect(readTokenSet({ accessToken: 'at', grant: GRANT }).tokens.grant).toBe(GRANT)
  })

  it('takes provider for ours in our own style only', () => {
    const provider = 'azure-ad'

    expect(readTokenSet({ accessToken: 'at', provider }).tokens.provider).toBe(provider)
    expect(readTokenSet({ access_token: 'at', provider }).tokens.provider).toBeUndefined()
    expect(readTokenSet({ accessToken: 'at', expiresAt: 1, provider }).tokens.provider).toBe(
      undefined,
    )
  })

  it('reads own fields only', () => {
    const inherited: unknown = Object.create({ accessToken: 'at' })
    const parsed: unknown = JSON.parse('{"__proto__":{"accessToken":"at"}}')

    expect(caught(() => readTokenSet(inherited)).field).toBe('accessToken')
    expect(caught(() => readTokenSet(parsed)).field).toBe('accessToken')
    const own = { accessToken: 'at' }
    const heir: unknown = Object.assign(Object.create({ refresh_token: 'rt' }), own)
    expect(readTokenSet(heir)).toEqual(readTokenSet(own))
  })

  it('throws nothing but our error, and reads nothing that would not pass the check', () => {
    const names = [
      ...new Set(styles.flatMap(({ held }) => Object.keys(held))),
      'grant',
      '__proto__',
    ]
    const objects = fc.dictionary(fc.constantFrom(...names), fc.anything({ withDate: true }))
    const poison = fc.constantFrom(NaN, null, undefined, 'undefined', '', -1, NOW_S, 'at', ISO)
    const poisoned = fc.dictionary(fc.constantFrom(...names), poison)
    const json = fc.json().map((text): unknown => JSON.parse(text))

    fc.assert(
      fc.property(fc.oneof(objects, poisoned, json, fc.anything()), (value) => {
        try {
          const { tokens, style } = readTokenSet(value)
          checkTokenSet(tokens)
          expect(Object.values(writeTokenSet(tokens, style, {}))).not.toContain(undefined)
        } catch (error) {
          if (!isRefreshError(error)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})
