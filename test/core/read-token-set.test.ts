import { runInNewContext } from 'node:vm'
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
    [{ accessToken: 'at', exp: NOW_S, iat: NOW_S, sessionExpires: ISO }, undefined],
    [{ access_token: jwt({ exp: NOW_MS }), refresh_token: 'rt' }, NOW_MS],
    [{ access_token: jwt({ exp: NOW_S }), refresh_token: 'rt' }, NOW_MS],
    [{ access_token: jwt({ exp: NOW_S }), expires_at: NOW_S + 1 }, NOW_MS + 1_000],
    [{ access_token: jwt({ exp: NOW_S }), refresh_token: 'rt', expires_at: NaN }, NOW_MS],
    [{ access_token: jwt({ exp: 'soon' }), refresh_token: 'rt' }, undefined],
  ])('reads the expiry of %j as %j', (held, expected) => {
    expect(readTokenSet(held).tokens.expiresAtMs).toBe(expected)
  })

  it.each([
    ['expiry_date', NOW_MS],
    ['expiryDate', String(NOW_MS)],
    ['expiry', '2025-10-09T08:53:20.000000001Z'],
    ['expires', new Date(NOW_MS)],
    ['.expires', ISO],
    ['expires_on', String(NOW_S)],
    ['expiresOn', runInNewContext(`new Date(${NOW_MS})`)],
    ['accessTokenExpiry', NOW_S],
    ['accessTokenExpirationDate', ISO],
    ['access_token_expiration', BigInt(NOW_S)],
    ['tokenExpirationTime', NOW_MS],
    ['token_expires_at', '2025-10-09 08:53:20+00'],
    ['expiresAtUtc', '2025-10-09T08:53:20Z'],
    ['expires_at_ms', NOW_MS],
    ['expirationTimestamp', NOW_S],
    ['expires_at_unix', NOW_S],
    ['expired_at', NOW_S],
    ['oauth_token_expires_at', NOW_S],
    ['valid_until', NOW_S],
    ['notAfter', ISO],
    ['exp', NOW_S],
    ['token_exp', NOW_S],
    ['expires_at', NOW_MS * 1000],
    ['expires_at', new Date(NOW_MS).toUTCString()],
    ['expiresAt', String(new Date(NOW_MS))],
  ])('reads an expiry under the name %s, and writes the next one there', (name, value) => {
    const held = { access_token: 'at', refresh_token: 'rt', [name]: value }

    const { tokens, style } = readTokenSet(held)

    expect(tokens.expiresAtMs).toBe(NOW_MS)
    const next = writeTokenSet({ accessToken: 'at-2', expiresAtMs: NOW_MS + 1000 }, style, held)
    expect(readTokenSet(next).tokens.expiresAtMs).toBe(NOW_MS + 1000)
    expect(Object.keys(next)).toEqual(['access_token', name])
  })

  it.each(['expires', 'expiry', 'expiry_date_of_the_plan', 'refresh_token_expires_at', 'expired'])(
    'leaves %s alone beside an expiry that is clear',
    (name) => {
      const held = { access_token: 'at', expires_at: NOW_S, [name]: '2030-01-01T00:00:00Z' }

      const { tokens, style } = readTokenSet(held)

      expect(tokens.expiresAtMs).toBe(NOW_MS)
      if (name.startsWith('refresh')) return
      expect(writeTokenSet(tokens, style, held)[name]).toBe('2030-01-01T00:00:00Z')
    },
  )

  it.each(['soon', '09.10.2025', true, {}, ['x'], '1e10'])(
    'takes an expiry that says %j as expired, also if nothing can be refreshed',
    (expires) => {
      expect(readTokenSet({ access_token: 'at', expires }).tokens.expiresAtMs).toBe(0)
    },
  )

  it.each(['expires_in', 'expiresIn', 'expires_in_sec', 'exp_in', 'accessTokenLifetime'])(
    'refuses a lifetime (%s) without the time from which it counts',
    (name) => {
      for (const refresh_token of ['rt', undefined]) {
        const error = caught(() =>
          readTokenSet({ access_token: 'at', refresh_token, [name]: 3600 }),
        )

        expect(error.code).toBe('invalid_tokens')
        expect(error.field).toBe('expiresAtMs')
        expect(error.message).toContain('tokenSetFromResponse')
      }
      const jwtKnows = { access_token: jwt({ exp: NOW_S }), [name]: 3600 }
      expect(readTokenSet(jwtKnows).tokens.expiresAtMs).toBe(NOW_MS)
      const nothingSaid = { access_token: 'at', [name]: null }
      expect(readTokenSet(nothingSaid).tokens).toEqual({ accessToken: 'at' })
    },
  )

  it.each([
    { expires_in: 3600, obtainedAtMs: NOW_MS },
    { expires_in: '3600', issued_at: String(NOW_MS) },
    { expires_in: 3600, created_at: NOW_S },
    { expiresIn: 3600, obtainedAt: NOW_MS },
    { expires_in: 3_600_000, expires_in_sec: 3600, issued_at: NOW_S },
  ])('counts a lifetime from the time beside it: %j', (held) => {
    const { tokens } = readTokenSet({ access_token: 'at', refresh_token: 'rt', ...held })

    expect(tokens.expiresAtMs).toBe(NOW_MS + 3_600_000)
  })

  it('does not count a lifetime from the time at which a database made the row', () => {
    const held = { access_token: 'at', expires_in: 3600, createdAt: new Date(NOW_MS) }

    expect(caught(() => readTokenSet(held)).field).toBe('expiresAtMs')
  })

  it('heals a set whose expiry is NaN, although it has a lifetime', () => {
    const held = { access_token: 'at', refresh_token: 'rt', expires_at: NaN, expires_in: 3600 }

    expect(readTokenSet(held).tokens.expiresAtMs).toBe(0)
  })

  it('throws our error for a getter that throws', () => {
    const held = {
      get access_token(): string {
        throw new Error('connection closed')
      },
    }

    expect(caught(() => readTokenSet(held)).code).toBe('invalid_tokens')
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

  it.each(['\n', '\r\n', '   ', '\u{feff}', '\u200b'])('leaves out %j around a token', (around) => {
    const held = {
      access_token: `at${around}`,
      refresh_token: `${around}rt${around}`,
      expires_at: 0,
    }

    expect(readTokenSet(held).tokens).toMatchObject({ accessToken: 'at', refreshToken: 'rt' })
  })

  it.each([
    ['refreshToken', { access_token: 'at', refresh_token: 'r\nt' }],
    ['accessToken', { access_token: '"at"', refresh_token: 'rt' }],
  ])('refuses a %s that is changed in its midst, or in quotes', (field, held) => {
    expect(caught(() => readTokenSet(held))).toMatchObject({ code: 'invalid_tokens', field })
  })

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
      'expires',
      'expiry_date',
      'expires_in',
      'issued_at',
      'toObject',
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
