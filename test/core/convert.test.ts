import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTokenSet, grantOf } from '../../src/core/check-token-set.ts'
import { tokenSetOf, tokensOf } from '../../src/core/tokens.ts'
import { Secret } from '../../src/core/secret.ts'
import type { TokenSet } from '../../src/core/token-set.ts'
import type { Access, GrantRef, Tokens } from '../../src/core/tokens.ts'
import { grantText, NOW_MS, tokenSets } from './helpers.ts'

const FULL = {
  accessToken: 'at-1',
  refreshToken: 'rt-1',
  expiresAtMs: NOW_MS,
  refreshExpiresAtMs: NOW_MS + 9,
  obtainedAtMs: NOW_MS - 9,
  authorizedAtMs: NOW_MS - 99,
  idToken: 'id-1',
  scope: 'openid',
  tokenType: 'Bearer',
  grant: grantText(new Uint8Array(32), 1),
  provider: 'logto',
} as const satisfies TokenSet

const NEXT: GrantRef = { secret: new Secret(FULL.grant.slice(0, 43)), generation: 2 }

describe('tokensOf', () => {
  it('holds every token as a secret', () => {
    const text = JSON.stringify([tokensOf(FULL), [...tokensOf(FULL).access.values()]])

    for (const token of ['at-1', 'rt-1', 'id-1']) expect(text).not.toContain(token)
  })

  it('gives the access token to the default audience, or to the one that is named', () => {
    expect(tokensOf(FULL).access.get('')?.token.expose()).toBe('at-1')
    expect([...tokensOf(FULL, 'api').access.keys()]).toEqual(['api'])
  })

  it('leaves out what is null or undefined', () => {
    const set = { accessToken: 'at', refreshToken: null, expiresAtMs: undefined, scope: null }

    const tokens = tokensOf(set as unknown as TokenSet)

    expect(Object.keys(tokens)).toEqual(['access'])
    expect(Object.keys(tokens.access.get('') ?? {})).toEqual(['token'])
  })

  it('keeps an expiry of 0: long ago', () => {
    expect(tokensOf({ accessToken: 'at', expiresAtMs: 0 }).access.get('')?.expiresAtMs).toBe(0)
  })
})

describe('tokenSetOf', () => {
  it('gives back every set that tokensOf took', () => {
    fc.assert(
      fc.property(tokenSets, (set) => {
        checkTokenSet(set)
        const base = { accessToken: 'old', user: 'ada' }

        const back = tokenSetOf(tokensOf(set), grantOf(set), base, set.provider)

        expect(back).toEqual({ ...set, user: 'ada' })
      }),
    )
  })

  it('replaces the fields of the set and keeps those of the caller, in a new object', () => {
    const base = Object.freeze({ ...FULL, user: { name: 'Ada' }, role: 'admin' })

    const set = tokenSetOf(chain({ token: new Secret('at-2') }), NEXT, base, 'logto')

    expect(set).toEqual({
      accessToken: 'at-2',
      refreshToken: 'rt-2',
      authorizedAtMs: FULL.authorizedAtMs,
      idToken: 'id-1',
      scope: 'openid',
      tokenType: 'Bearer',
      grant: grantText(new Uint8Array(32), 2),
      provider: 'logto',
      user: { name: 'Ada' },
      role: 'admin',
    })
    expect(set.user).toBe(base.user)
  })

  it('removes a refresh token that the chain has no more', () => {
    const { refreshToken, ...tokens } = chain({ token: new Secret('at-2') })

    const set = tokenSetOf(tokens, NEXT, FULL as TokenSet, undefined)

    expect(refreshToken).toBeDefined()
    expect(set).not.toHaveProperty('refreshToken')
    expect(set).not.toHaveProperty('refreshExpiresAtMs')
    expect(set.provider).toBe('logto')
  })

  it('keeps the caller’s access token when the chain has none for the default audience', () => {
    const access = new Map([['["https://api.example.com",null]', { token: new Secret('at-api') }]])

    const set = tokenSetOf({ ...chain(), access }, NEXT, FULL as TokenSet, 'logto')

    expect(set).toMatchObject({
      accessToken: 'at-1',
      expiresAtMs: FULL.expiresAtMs,
      obtainedAtMs: FULL.obtainedAtMs,
      refreshToken: 'rt-2',
    })
    expect(JSON.stringify(set)).not.toContain('at-api')
  })

  it('writes what the chain says of scope, type, identity and provider over the old', () => {
    const access = { token: new Secret('at-2'), scope: 'mail', tokenType: 'DPoP' }
    const tokens = { ...chain(access), idToken: new Secret('id-2'), authorizedAtMs: NOW_MS }

    expect(tokenSetOf(tokens, NEXT, FULL as TokenSet, 'github')).toMatchObject({
      scope: 'mail',
      tokenType: 'DPoP',
      idToken: 'id-2',
      authorizedAtMs: NOW_MS,
      provider: 'github',
    })
  })

  it('removes the grant of a set that has none', () => {
    expect(tokenSetOf(chain(), undefined, FULL as TokenSet, 'logto')).not.toHaveProperty('grant')
  })

  it('leaves no undefined and no null behind', () => {
    const base = { accessToken: 'at', refreshToken: null, idToken: null, grant: undefined }

    const set = tokenSetOf({ access: new Map() }, undefined, base as unknown as TokenSet, undefined)

    expect(Object.keys(set)).toEqual(['accessToken'])
  })
})

function chain(access?: Access): Tokens {
  return {
    refreshToken: new Secret('rt-2'),
    access: new Map(access === undefined ? [] : [['', access]]),
  }
}
