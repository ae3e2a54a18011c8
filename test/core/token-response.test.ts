import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTokenResponse } from '../../src/core/token-response.ts'
import { jwt, NOW_MS } from './helpers.ts'

const NOW_S = NOW_MS / 1000
const HOUR_MS = 3_600_000

describe('readTokenResponse (RFC 6749 §5.1)', () => {
  it('reads a response with all that is standard', () => {
    const response = read({
      access_token: 'at',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'rt',
      scope: 'openid profile',
      id_token: jwt({ sub: 'x' }),
    })

    expect(response?.access.token.expose()).toBe('at')
    expect(response?.access.expiresAtMs).toBe(NOW_MS + HOUR_MS)
    expect(response?.access.obtainedAtMs).toBe(NOW_MS)
    expect(response?.access.scope).toBe('openid profile')
    expect(response?.access.tokenType).toBe('Bearer')
    expect(response?.refreshToken?.expose()).toBe('rt')
    expect(response?.idToken?.expose()).toBe(jwt({ sub: 'x' }))
  })

  it('leaves out, not undefined, what is not there', () => {
    const response = read({ access_token: 'at' })

    expect(Object.keys(response ?? {})).toEqual(['access'])
    expect(Object.keys(response?.access ?? {})).toEqual(['token', 'obtainedAtMs'])
  })

  it.each([undefined, null, '', 7, {}, ['at'], true])('is none with access_token %j', (value) => {
    expect(read({ access_token: value, refresh_token: 'rt' })).toBeUndefined()
  })

  it.each(['undefined', 'null', 'NaN'])('takes %j for no token', (text) => {
    expect(read({ access_token: text, refresh_token: 'rt' })).toBeUndefined()
    const response = read({ access_token: 'at', refresh_token: text })

    // Nor for one that was kept: nobody knows what the server meant to send.
    expect(response).toMatchObject({ isWithout: true })
    expect(response).not.toHaveProperty('refreshToken')
  })

  it('reads own members only', () => {
    const inherited = Object.create({ access_token: 'at' }) as Record<string, unknown>
    const parsed = '{"__proto__":{"access_token":"at","refresh_token":"rt"}}'

    expect(read(inherited)).toBeUndefined()
    expect(read(JSON.parse(parsed) as Record<string, unknown>)).toBeUndefined()
    expect(read({ ...inherited, access_token: 'at' })?.refreshToken).toBeUndefined()
  })

  it.each([
    [3600, HOUR_MS],
    ['3600', HOUR_MS],
    [' 3600 ', HOUR_MS],
    ['3599.9', HOUR_MS - 100],
    [3599.9, HOUR_MS - 100],
    [1.001, 1001],
    [1, 1000],
    [315_360_000, 315_360_000_000],
  ])('takes expires_in %j as %d ms', (expires_in, lifetimeMs) => {
    expect(lifetimeOf({ expires_in })).toBe(lifetimeMs)
  })

  it.each([
    0,
    '0',
    -1,
    '-1',
    '',
    ' ',
    null,
    undefined,
    NaN,
    Infinity,
    'NaN',
    NOW_S,
    315_360_001,
    1e300,
  ])('takes expires_in %j as not sent', (expires_in) => {
    expect(lifetimeOf({ expires_in })).toBeUndefined()
    expect(lifetimeOf({ expires_in }, { accessLifetimeMs: 500 })).toBe(500)
  })

  it.each([
    [NOW_S + 3600],
    [String(NOW_S + 3600)],
    [NOW_MS + HOUR_MS],
    [String(NOW_MS + HOUR_MS)],
    [new Date(NOW_MS + HOUR_MS).toISOString()],
    ['2025-10-09T09:53:20Z'],
    ['2025-10-09T11:53:20+02:00'],
  ])('takes expires_at %j as an hour from now', (expires_at) => {
    expect(lifetimeOf({ expires_at })).toBe(HOUR_MS)
  })

  it.each(['1e3', '0x10', '3,600', 'soon', [3600], {}, true])(
    'never takes %j, which it cannot read, for "it does not expire"',
    (unread) => {
      expect(lifetimeOf({ expires_in: unread })).toBe(300_000)
      expect(lifetimeOf({ expires_at: unread })).toBe(300_000)
      expect(lifetimeOf({ expires_in: unread }, { accessLifetimeMs: 500 })).toBe(500)
    },
  )

  it.each([
    ['3600s', HOUR_MS],
    ['60 min', HOUR_MS],
    ['1h', HOUR_MS],
    ['PT1H', HOUR_MS],
    ['PT3600S', HOUR_MS],
    ['3600000ms', HOUR_MS],
  ])('takes the duration %j as %d ms', (expires_in, lifetimeMs) => {
    expect(lifetimeOf({ expires_in })).toBe(lifetimeMs)
  })

  it.each([0, NOW_S, NOW_S - 1, NOW_MS, '2025', '2024-10-09', null, 1e30])(
    'takes expires_at %j as not sent',
    (expires_at) => {
      expect(lifetimeOf({ expires_at })).toBeUndefined()
    },
  )

  it('believes expires_in before expires_at, and both before the token', () => {
    const access_token = jwt({ iat: NOW_S, exp: NOW_S + 30 })

    expect(lifetimeOf({ access_token, expires_in: 10, expires_at: NOW_S + 20 })).toBe(10_000)
    expect(lifetimeOf({ access_token, expires_in: 0, expires_at: NOW_S + 20 })).toBe(20_000)
    expect(lifetimeOf({ access_token, expires_in: 0 }, { accessLifetimeMs: 40 })).toBe(30_000)
  })

  it('takes the lifetime from exp - iat, so that a wrong clock here does not matter', () => {
    for (const skew of [-100_000, 0, 100_000]) {
      const access_token = jwt({ iat: NOW_S + skew, exp: NOW_S + skew + 300 })

      expect(lifetimeOf({ access_token })).toBe(300_000)
    }
  })

  it.each([
    [{ iat: NOW_MS, exp: NOW_MS + 300_000 }],
    [{ iat: NOW_S, exp: NOW_MS + 300_000 }],
    [{ iat: NOW_MS, exp: NOW_S + 300 }],
    [{ iat: String(NOW_MS), exp: String(NOW_MS + 300_000) }],
    [{ exp: NOW_MS + 300_000 }],
    [{ exp: new Date(NOW_MS + 300_000).toISOString() }],
  ])('reads milliseconds in the claims of a JWT: %j', (claims) => {
    expect(lifetimeOf({ access_token: jwt(claims) })).toBe(300_000)
  })

  it.each([
    [{ expires_in: 3_600_000, expires_in_sec: 3600 }, HOUR_MS],
    [{ expires_in_sec: '3600' }, HOUR_MS],
    [{ expires_in_seconds: 3600, expires_in: 3_600_000 }, HOUR_MS],
    [{ expires_in_ms: HOUR_MS }, HOUR_MS],
    [{ expires_in_minutes: 60 }, HOUR_MS],
    [{ expiresInHours: 1 }, HOUR_MS],
    [{ exp_in: 3600 }, HOUR_MS],
    [{ expires_in: '2025-10-09T09:53:20Z' }, HOUR_MS],
    [{ expires_in: { seconds: 3600 } }, 300_000],
    [{ valid_until: NOW_S + 3600 }, HOUR_MS],
    [{ '.expires': 'Thu, 09 Oct 2025 09:53:20 GMT' }, HOUR_MS],
    [{ expires_in: 3_600_000, expires_at: NOW_S + 3600 }, HOUR_MS],
    [{ expires_in: 3_599_000, access_token: jwt({ iat: NOW_S, exp: NOW_S + 3600 }) }, 3_599_000],
    [{ expires_in: 604_800_000, refresh_token: 'rt' }, 604_800_000],
    [{ expires_in: 604_800_000 }, undefined],
    [{ expires_in: NOW_S + 3600 }, HOUR_MS],
    [{ expires_in: NOW_MS + HOUR_MS }, HOUR_MS],
    [{ expires_on: String(NOW_S + 3600) }, HOUR_MS],
    [{ expiry_date: NOW_MS + HOUR_MS }, HOUR_MS],
    [{ expires: 5_184_000 }, 5_184_000_000],
    [{ expires: NOW_S + 3600 }, HOUR_MS],
    [{ expires_at: '2025-10-09 09:53:20+00' }, HOUR_MS],
    [{ ext_expires_in: 7200, id_token_expires_in: 7200 }, undefined],
  ])('reads the lifetime in %j as %j ms', (members, lifetimeMs) => {
    expect(lifetimeOf(members)).toBe(lifetimeMs)
  })

  it('takes exp against our clock when there is no iat', () => {
    expect(lifetimeOf({ access_token: jwt({ exp: NOW_S + 60 }) })).toBe(60_000)
    expect(lifetimeOf({ access_token: jwt({ exp: NOW_S - 60 }) })).toBeUndefined()
    expect(lifetimeOf({ access_token: jwt({ exp: 'never' }) })).toBeUndefined()
  })

  it.each([undefined, null, '', 0, ['rt'], {}])('has no refresh token for %j', (refresh_token) => {
    expect(read({ access_token: 'at', refresh_token })).not.toHaveProperty('refreshToken')
  })

  it.each([
    [{ refresh_expires_in: 1800 }, NOW_MS + 1_800_000],
    [{ refresh_expires_in: '1800' }, NOW_MS + 1_800_000],
    [{ refresh_token_expires_in: 15_811_200 }, NOW_MS + 15_811_200_000],
    [{ x_refresh_token_expires_in: 8_726_400 }, NOW_MS + 8_726_400_000],
    [{ refresh_token_expires_at: NOW_S + 60 }, NOW_MS + 60_000],
    [{ refresh_token_expires_in_sec: 60 }, NOW_MS + 60_000],
    [{ refresh_token_lifetime: 60 }, NOW_MS + 60_000],
    [{ refresh_token_valid_until: '2025-10-09T08:54:20Z' }, NOW_MS + 60_000],
    [{ refresh_expires_in: 0 }, undefined],
    [{ refresh_expires_in: 0, refresh_token_expires_in: 5 }, NOW_MS + 5000],
    [{ refresh_token_expires_in: -1 }, undefined],
    [{ refresh_token_expires_in: 1e12 }, undefined],
  ])('takes %j to end the refresh token at %j', (members, expected) => {
    const response = read({ access_token: 'at', refresh_token: 'rt', ...members })

    expect(response?.refreshExpiresAtMs).toBe(expected)
  })

  it.each([
    ['openid profile', 'openid profile'],
    [['openid', 'profile'], 'openid profile'],
    [['openid', 7, null, ''], 'openid'],
    ['', undefined],
    [[], undefined],
    [7, undefined],
  ])('reads scope %j as %j', (scope, expected) => {
    expect(read({ access_token: 'at', scope })?.access.scope).toBe(expected)
  })

  it('keeps token_type as it is written, and does without', () => {
    expect(read({ access_token: 'at', token_type: 'bEaReR' })?.access.tokenType).toBe('bEaReR')
    expect(read({ access_token: 'at', token_type: '' })?.access.tokenType).toBeUndefined()
    expect(read({ access_token: 'at', token_type: 1 })?.access.tokenType).toBeUndefined()
  })

  it.each(['', 'opaque', 'a.b.c', jwt([1]), 7, null, {}])('drops id_token %j', (id_token) => {
    expect(read({ access_token: 'at', id_token })).not.toHaveProperty('idToken')
  })

  it('never throws, and never says that a new token is dead', () => {
    const names = ['access_token', 'refresh_token', 'expires_in', 'expires_at', 'scope', 'id_token']
    const body = fc.dictionary(fc.constantFrom(...names, '__proto__'), fc.anything())

    fc.assert(
      fc.property(body, fc.boolean(), (members, hasToken) => {
        const response = read({ ...members, ...(hasToken && { access_token: 'at' }) })

        expect(response?.access.expiresAtMs ?? Infinity).toBeGreaterThan(NOW_MS)
        expect(response !== undefined || !hasToken).toBe(true)
      }),
    )
  })
})

function read(
  body: Record<string, unknown>,
  context: { accessLifetimeMs?: number } = {},
): ReturnType<typeof readTokenResponse> {
  return readTokenResponse(body, { nowMs: NOW_MS, ...context })
}

function lifetimeOf(
  body: Record<string, unknown>,
  context: { accessLifetimeMs?: number } = {},
): number | undefined {
  const expiresAtMs = read({ access_token: 'at', ...body }, context)?.access.expiresAtMs
  return expiresAtMs === undefined ? undefined : expiresAtMs - NOW_MS
}
