import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64url, toBase64url } from '../../src/core/text.ts'
import { jwtClaims } from '../../src/core/jwt.ts'
import { jwt, jwtOf } from './helpers.ts'

describe('jwtClaims', () => {
  it('reads what any JSON object of claims says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        const read = jwtClaims(jwt(claims))

        expect(JSON.stringify(read)).toBe(JSON.stringify(claims))
      }),
    )
  })

  it('reads claims as UTF-8, whatever the length of what comes before', () => {
    for (const pad of ['', 'x', 'xx', 'xxx']) {
      expect(jwtClaims(jwt({ pad, name: 'Zoë 😀 Łukasz' }))?.['name']).toBe('Zoë 😀 Łukasz')
    }
  })

  it('keeps a claim called __proto__ as data', () => {
    const claims = jwtClaims(jwtOf('{"__proto__":{"exp":1},"sub":"x"}'))

    expect(claims).toBeDefined()
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype)
    expect(claims?.['exp']).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['an opaque token', 'gho_16C7e42F292c6912E7710c838347Ae178B4a'],
    ['two parts', 'e30.e30'],
    ['four parts', 'e30.e30.e30.e30'],
    ['five parts: an encrypted one', 'e30.e30.e30.e30.e30'],
    ['no header', '.e30.'],
    ['no claims', 'e30..e30'],
    ['three dots', '...'],
    ['claims that are a list', jwt([1])],
    ['claims that are null', jwt(null)],
    ['claims that are a text', jwt('exp')],
    ['claims that are no JSON', jwtOf('{"exp":')],
    ['claims that are not UTF-8', jwtOf(Buffer.from('{"a":"\xff"}', 'latin1'))],
    ['claims in base64', 'e30.eyJhIjoiPz8/In0=.e30'],
    ['claims with a blank', 'e30.e3 0.e30'],
    ['claims of an impossible length', 'e30.e30aa.e30'],
  ])('finds no claims in %s', (_name, token) => {
    expect(jwtClaims(token)).toBeUndefined()
  })

  it('reads no token above 64 Ki characters', () => {
    const claims = { pad: 'x'.repeat(40_000) }

    expect(jwtClaims(jwt(claims))).toEqual(claims)
    expect(jwtClaims(jwt({ pad: 'x'.repeat(50_000) }))).toBeUndefined()
  })

  it('never throws', () => {
    const parts = fc.array(fc.oneof(fc.string(), fc.base64String(), fc.constant('e30')))

    fc.assert(
      fc.property(parts, (texts) => {
        expect(() => jwtClaims(texts.join('.'))).not.toThrow()
      }),
    )
  })
})

describe('base64url', () => {
  it('reads what it writes, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = toBase64url(bytes)

        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(fromBase64url(text)).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  it.each(['A', 'AAAAA', 'AA==', 'A+/A', 'AA A', 'AAé', 'AA\n'])('does not read %j', (text) => {
    expect(fromBase64url(text)).toBeUndefined()
  })
})
