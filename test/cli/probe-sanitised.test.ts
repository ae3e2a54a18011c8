import { describe, expect, it } from 'vitest'
import { sanitised } from '../../src/cli/probe/sanitised.ts'

const TOKENS = new Map([['rt-secret', 'rt-1']])
const MIB = 1024 * 1024

describe('sanitised', () => {
  it.each([
    ['an id of digits', '12345678'],
    ['an address of mail', 'ann@example.com'],
    ['an id of an identity provider', 'auth0|5f7c8ec7c33c6c004bbafe82'],
    ['a UUID', '3f2504e0-4f89-11d3-9a0c-0305e82c3301'],
    ['a hash', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln'],
    ['letters of a token alone', 'aBcDeFgHiJkLmNoPqRsTuV'],
    ['a token of the exchange', 'rt-secret'],
    ['a text with a token of the exchange', 'of.rt-secret.old'],
  ])('hides the name of a member that is %s', (_, name) => {
    const shown = sanitised({ [name]: { expires_in: 1 } }, TOKENS)

    expect(shown).toEqual({ '[name]': { expires_in: 1 } })
  })

  it.each([
    'x_refresh_token_expires_in',
    'refreshTokenExpiresIn',
    'not-before-policy',
    'error',
    'oauth2',
    'instance_url',
    'AccessToken',
    'userID',
  ])('keeps the name %s', (name) => {
    expect(Object.keys(sanitised({ [name]: 1 }, TOKENS) as object)).toEqual([name])
  })

  it.each([
    ['one long word', 'a'.repeat(MIB)],
    ['words without end', 'a '.repeat(MIB / 2)],
    ['a member that is common', { error_description: 'a.'.repeat(MIB / 2) }],
    ['a name of a member', { ['aB'.repeat(MIB / 2)]: 1 }],
    ['lists in lists', JSON.parse(`${'['.repeat(MIB / 4)}${']'.repeat(MIB / 4)}`) as unknown],
    [
      'objects in objects',
      JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`) as unknown,
    ],
    [
      'very many members',
      Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`a${n}`, n])),
    ],
  ])('takes time in proportion to %s', { timeout: 2_000 }, (_, body) => {
    expect(JSON.stringify(sanitised(body, TOKENS)).length).toBeLessThan(MIB)
  })
})
