import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTokenSet, grantOf } from '../../src/core/check-token-set.ts'
import { isRefreshError } from '../../src/core/errors.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import { caught, grantText, NOW_MS, tokenSets } from './helpers.ts'

const GRANT = grantText(new Uint8Array(32).fill(255), 3)
const VALID = { accessToken: 'at', refreshToken: 'rt', expiresAtMs: NOW_MS }

describe('checkTokenSet', () => {
  it('accepts every token set', () => {
    fc.assert(
      fc.property(tokenSets, (set) => {
        expect(() => checkTokenSet(set)).not.toThrow()
      }),
    )
  })

  it('accepts null and undefined for each optional field, and foreign fields', () => {
    const optional = fc.constantFrom(null, undefined)
    const sets = fc.record({
      accessToken: fc.constant('at'),
      refreshToken: optional,
      expiresAtMs: optional,
      refreshExpiresAtMs: optional,
      obtainedAtMs: optional,
      authorizedAtMs: optional,
      idToken: optional,
      scope: optional,
      tokenType: optional,
      grant: optional,
      provider: optional,
      user: fc.anything(),
    })

    fc.assert(
      fc.property(sets, (set) => {
        expect(() => checkTokenSet(set)).not.toThrow()
      }),
    )
  })

  it('accepts 0 for a point in time: long ago', () => {
    expect(() => checkTokenSet({ ...VALID, expiresAtMs: 0 })).not.toThrow()
  })

  it.each([undefined, null, 'at', 7, true])('names no field when it is given %j', (value) => {
    const error = caught(() => checkTokenSet(value))

    expect(error.code).toBe('invalid_tokens')
    expect(error).not.toHaveProperty('field')
  })

  it.each([
    ['accessToken', undefined, 'a string'],
    ['accessToken', null, 'a string'],
    ['accessToken', '', 'a string'],
    ['accessToken', 'undefined', 'code wrote without one'],
    ['refreshToken', '', 'left out'],
    ['refreshToken', 7, 'left out'],
    ['refreshToken', 'null', 'code wrote without one'],
    ['refreshToken', '[object Object]', 'code wrote without one'],
    ['expiresAtMs', NOW_MS / 1000, 'milliseconds: multiply by 1000'],
    ['expiresAtMs', 3600, 'no lifetime'],
    ['expiresAtMs', NaN, 'number of milliseconds'],
    ['expiresAtMs', -NOW_MS, 'number of milliseconds'],
    ['expiresAtMs', Infinity, 'number of milliseconds'],
    ['expiresAtMs', Number.MAX_SAFE_INTEGER, 'beyond year 5138'],
    ['expiresAtMs', String(NOW_MS), 'convert it'],
    ['expiresAtMs', new Date(NOW_MS), 'convert it'],
    ['refreshExpiresAtMs', NOW_MS / 1000, 'multiply by 1000'],
    ['obtainedAtMs', NOW_MS / 1000, 'multiply by 1000'],
    ['authorizedAtMs', NOW_MS / 1000, 'multiply by 1000'],
    ['idToken', 7, 'a string'],
    ['scope', ['openid'], 'a string'],
    ['tokenType', {}, 'a string'],
    ['provider', 7, 'a string'],
    ['grant', 7, 'exactly as it was handed out'],
    ['grant', '', 'exactly as it was handed out'],
    ['grant', GRANT.slice(0, -2), 'exactly as it was handed out'],
    ['grant', `${GRANT.slice(1)}55`, 'exactly as it was handed out'],
    ['grant', `${GRANT}${'0'.repeat(40)}`, 'exactly as it was handed out'],
  ])('says what is wrong with %s %j', (field, value, hint) => {
    const error = caught(() => checkTokenSet({ ...VALID, [field]: value }))

    expect(error.code).toBe('invalid_tokens')
    expect(error.field).toBe(field)
    expect(error.message).toContain(`${field} `)
    expect(error.message).toContain(hint)
  })

  it.each([
    ['accessToken', { access_token: 'at', refresh_token: 'rt', expires_at: 1 }],
    ['refreshToken', { accessToken: 'at', refresh_token: 'rt' }],
    ['expiresAtMs', { accessToken: 'at', expires_at: 1 }],
    ['expiresAtMs', { accessToken: 'at', expiresAt: 1 }],
    ['expiresAtMs', { accessToken: 'at', accessTokenExpires: 1 }],
    ['expiresAtMs', { accessToken: 'at', accessTokenExpiresAt: new Date(0) }],
    ['expiresAtMs', { accessToken: 'at', access_token_expires_at: 1 }],
    ['expiresAtMs', { accessToken: 'at', expiry_date: NOW_MS }],
    ['expiresAtMs', { accessToken: 'at', expires: 'soon' }],
    ['expiresAtMs', { accessToken: 'at', accessTokenExpiry: NOW_MS }],
  ])('points to readTokenSet when %s goes by another name', (field, set) => {
    const error = caught(() => checkTokenSet(set))

    expect(error.field).toBe(field)
    expect(error.message).toContain('readTokenSet')
  })

  it.each(['expires_in', 'expiresIn', 'expires_in_sec'])(
    'points to tokenSetFromResponse for %s',
    (name) => {
      const error = caught(() => checkTokenSet({ accessToken: 'at', [name]: 3600 }))

      expect(error.field).toBe('expiresAtMs')
      expect(error.message).toContain('tokenSetFromResponse')
      expect(() => checkTokenSet({ ...VALID, [name]: 3600 })).not.toThrow()
    },
  )

  it('never throws anything else, and never repeats a value', () => {
    const leak = 'leak-4711'
    const values = fc.oneof(fc.constantFrom(leak, [leak], { leak }), fc.anything())
    const names = fc.constantFrom(...Object.keys(VALID), 'grant', 'scope', 'obtainedAtMs')

    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(names, values)), (value) => {
        expect(said(value)).not.toContain(leak)
      }),
    )
  })
})

describe('grantOf', () => {
  it('reads the grant of a set, if it names one', () => {
    expect(grantOf({ accessToken: 'at', grant: GRANT })?.generation).toBe(3)
    expect(grantOf({ accessToken: 'at' })).toBeUndefined()
    expect(grantOf({ accessToken: 'at', grant: null } as unknown as TokenSet)).toBeUndefined()
  })

  it('throws for one that only has the shape', () => {
    const set = { accessToken: 'at', grant: GRANT.replace('_', '!') }

    checkTokenSet(set)

    expect(caught(() => grantOf(set)).field).toBe('grant')
  })
})

/** What the check says of a value, if anything. Only our errors say. */
function said(value: unknown): string {
  try {
    checkTokenSet(value)
  } catch (error) {
    if (!isRefreshError(error)) throw error
    return JSON.stringify(error)
  }
  return ''
}
