import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTokenSet } from '../../src/core/check-token-set.ts'
import { tokenSetFromResponse } from '../../src/core/token-response.ts'
import { caught, jwt, NOW_MS } from './helpers.ts'

describe('tokenSetFromResponse', () => {
  it('reads what a code exchange leaves', () => {
    const id_token = jwt({ sub: 'x' })
    const body = {
      access_token: 'at',
      refresh_token: 'rt',
      expires_in: 3600,
      refresh_expires_in: 7200,
      scope: 'openid',
      token_type: 'Bearer',
      id_token,
      session_state: 'foreign',
    }

    const set = tokenSetFromResponse(body, { nowMs: NOW_MS, provider: 'logto' })

    expect(set).toEqual({
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAtMs: NOW_MS + 3_600_000,
      refreshExpiresAtMs: NOW_MS + 7_200_000,
      obtainedAtMs: NOW_MS,
      authorizedAtMs: NOW_MS,
      scope: 'openid',
      tokenType: 'Bearer',
      idToken: id_token,
      provider: 'logto',
    })
    checkTokenSet(set)
  })

  it('leaves out what stands around a token, and refuses one that is changed in its midst', () => {
    const made = (refresh_token: string) =>
      tokenSetFromResponse({ access_token: 'at\n', refresh_token }, { nowMs: NOW_MS })

    expect(made(' rt\r\n')).toMatchObject({ accessToken: 'at', refreshToken: 'rt' })
    expect(caught(() => made('r\nt'))).toMatchObject({ field: 'refreshToken' })
  })

  it('has no field for what is not there', () => {
    const set = tokenSetFromResponse({ access_token: 'at' }, { nowMs: NOW_MS })

    expect(Object.keys(set).toSorted()).toEqual(['accessToken', 'authorizedAtMs', 'obtainedAtMs'])
  })

  it('takes the lifetime of the access token that it is told', () => {
    const context = { nowMs: NOW_MS, accessLifetimeMs: 5000 }

    expect(tokenSetFromResponse({ access_token: 'at' }, context).expiresAtMs).toBe(NOW_MS + 5000)
  })

  it.each([undefined, null, {}, { nowMs: NaN }, { nowMs: NOW_MS / 1000 }, { nowMs: 'now' }])(
    'says what nowMs is when the context is %j',
    (context) => {
      const call = (): unknown => tokenSetFromResponse({ access_token: 'at' }, context as never)

      expect(call).toThrow(TypeError)
      expect(call).toThrow(/nowMs.*Date\.now\(\)/)
    },
  )

  it('says what to write for a Date and for a whole provider', () => {
    const call = (context: object): unknown =>
      tokenSetFromResponse({ access_token: 'at' }, context as never)

    expect(() => call({ nowMs: new Date(NOW_MS) })).toThrow(/nowMs/)
    expect(() => call({ nowMs: NOW_MS, provider: { id: 'x' } })).toThrow(/provider\.id/)
  })

  it('throws nothing but our error, whatever the body', () => {
    fc.assert(
      fc.property(fc.anything(), (body) => {
        expect(caught(() => tokenSetFromResponse(body, { nowMs: NOW_MS })).field).toBe(
          'accessToken',
        )
      }),
    )
  })
})
