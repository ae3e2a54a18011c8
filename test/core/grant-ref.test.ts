import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf, formatGrant, hasGrantShape, parseGrant } from '../../src/core/tokens.ts'
import { Secret } from '../../src/core/secret.ts'
import { grantText } from './helpers.ts'

const GRANT = grantText(new Uint8Array(32), 7)

const secrets = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
const generations = fc.integer({ min: 0, max: 999_999_999_999_999 })

describe('parseGrant and formatGrant', () => {
  it('read what they write', () => {
    fc.assert(
      fc.property(secrets, generations, (secret, generation) => {
        const text = formatGrant({ secret: new Secret(secret), generation })
        const ref = parseGrant(text)

        expect(hasGrantShape(text)).toBe(true)
        expect(ref?.secret.expose()).toBe(secret)
        expect(ref?.generation).toBe(generation)
      }),
    )
  })

  it('read what they write, with its proof', () => {
    const proofs = fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) => Buffer.from(bytes).toString('base64url'))
    fc.assert(
      fc.property(secrets, generations, proofs, (secret, generation, proof) => {
        const text = formatGrant({
          secret: new Secret(secret),
          generation,
          proof: new Secret(proof),
        })
        const ref = parseGrant(text)

        expect(hasGrantShape(text)).toBe(true)
        expect(chainOf(text)).toBe(secret)
        expect([ref?.secret.expose(), ref?.generation, ref?.proof?.expose()]).toEqual([
          secret,
          generation,
          proof,
        ])
      }),
    )
  })

  it('write what they read: no two texts are one grant', () => {
    const near = fc
      .tuple(fc.nat(GRANT.length), fc.nat(2), fc.string({ maxLength: 2 }))
      .map(([at, removed, added]) => GRANT.slice(0, at) + added + GRANT.slice(at + removed))

    fc.assert(
      fc.property(near, (text) => {
        const ref = parseGrant(text)

        if (ref === undefined) return
        expect(formatGrant(ref)).toBe(text)
        const bytes = Buffer.from(ref.secret.expose(), 'base64url')
        expect(bytes).toHaveLength(32)
        expect(bytes.toString('base64url')).toBe(ref.secret.expose())
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['no generation', GRANT.slice(0, 44)],
    ['no dot', GRANT.replace('.', '')],
    ['a comma', GRANT.replace('.', ',')],
    ['a leading zero', `${GRANT.slice(0, 44)}07`],
    ['a sign', `${GRANT.slice(0, 44)}-7`],
    ['a fraction', `${GRANT.slice(0, 44)}7.5`],
    ['an exponent', `${GRANT.slice(0, 44)}7e5`],
    ['a generation that is not exact', `${GRANT.slice(0, 44)}9007199254740993`],
    ['31 bytes', grantText(new Uint8Array(31), 7)],
    ['33 bytes', grantText(new Uint8Array(33), 7)],
    ['base64', `+${GRANT.slice(1)}`],
    ['another spelling of the same bytes', `${GRANT.slice(0, 42)}B.7`],
    ['a line end', `${GRANT}\n`],
    ['a blank', ` ${GRANT.slice(1)}`],
    ['a proof that is too short', `${GRANT}.${'A'.repeat(21)}`],
    ['a proof that is too long', `${GRANT}.${'A'.repeat(23)}`],
    ['another spelling of a proof', `${GRANT}.${'A'.repeat(21)}B`],
    ['two proofs', `${GRANT}.${'A'.repeat(22)}.${'A'.repeat(22)}`],
    ['no proof behind a dot', `${GRANT}.`],
  ])('do not read %s', (_name, text) => {
    expect(parseGrant(text)).toBeUndefined()
  })

  it('show nothing of the secret', () => {
    expect(JSON.stringify(parseGrant(GRANT))).toBe('{"secret":"[secret]","generation":7}')
  })
})
