import { describe, expect, it } from 'vitest'
import { decodeClaim, decodeGrant, encodeRow } from '../../src/ledger/codec.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { ClaimRow, GrantRow } from '../../src/ledger/rows.ts'

const identity = { issuer: 'https://id.example.com', clientId: 'app' }
const grant = `${'a'.repeat(42)}A`
const open: ClaimRow = { kind: 'open', grant, generation: 0, delayMs: 5 }
const claimed: ClaimRow = { kind: 'claimed', grant, generation: 3, claimId: 'id', claimMs: 20_000 }
const live: GrantRow<StoredTokenSet> = {
  generation: 1,
  claimId: 'id',
  acknowledged: [{ generation: 0, atMs: 1 }],
  withheld: 'subject_changed',
  set: {
    refreshToken: 'rt',
    refreshExpiresAtMs: 9,
    authorizedAtMs: 1,
    idToken: 'it',
    access: [
      ['', { token: 'at', grantedAtMs: 5, lifetimeMs: 6, scope: 'openid', tokenType: 'Bearer' }],
      ['["r",null]', { token: 'at2', grantedAtMs: 5 }],
    ],
  },
}
const ended: GrantRow<StoredTokenSet> = {
  generation: 0,
  acknowledged: [],
  ended: 'replay',
  endedBy: 'id',
}

const raw = (row: unknown, about: object = identity): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ ...about, row }))
/** The object with what lies at a path replaced; without, removed. */
function changed<T extends object>(from: T, path: string, value?: unknown): T {
  const copy = structuredClone(from)
  const names = path.split('.')
  const holder = names.slice(0, -1).reduce((at, name) => Reflect.get(at, name), copy as object)
  if (value === undefined) Reflect.deleteProperty(holder, names.at(-1)!)
  else Reflect.set(holder, names.at(-1)!, value)
  return copy
}
const unreadable = expect.objectContaining({ code: 'row_unreadable' })
const wrongIssuer = expect.objectContaining({ code: 'wrong_issuer' })

describe('encodeRow and back', () => {
  it.each([open, claimed])('leaves a claim row that is $kind as it was', (row) => {
    const bound = { ...row, isBound: true as const }

    expect(decodeClaim(identity, encodeRow(identity, row))).toEqual(row)
    expect(decodeClaim(identity, encodeRow(identity, bound))).toEqual(bound)
  })

  it.each([live, ended])('leaves a grant row of generation $generation as it was', (row) => {
    expect(decodeGrant(identity, encodeRow(identity, row))).toEqual(row)
  })

  it('leaves out a lifetime that is no finite number, and stays readable', () => {
    const row = changed(live, 'set.access.0.1.lifetimeMs', Infinity)

    const back = decodeGrant(identity, encodeRow(identity, row))

    expect(back).toEqual(changed(live, 'set.access.0.1.lifetimeMs'))
  })

  it('lets fields be that a later minor version wrote', () => {
    const later = { ...live, later: 1, set: { ...live.set, later: [2] } }

    expect(decodeGrant(identity, raw(later, { ...identity, later: 3 }))).toEqual(later)
    expect(decodeClaim(identity, raw({ ...open, later: 1 }))).toMatchObject(open)
  })
})

describe('golden rows', () => {
  it.each([
    ['an earlier release', '', '', '', ''],
    ['this release', ',"proof":"AAECAAAAAAAAAAAAAAAAAA"', '', `,"proofKey":"${grant}"`, ''],
    [
      'this release, at risk,',
      '',
      ',"firstClaimedAtMs":7,"atRisk":"taken_over","isAnswered":true',
      `,"proofKey":"${grant}"`,
      ',"isAtRisk":true',
    ],
    ['this release, refused at risk,', '', ',"firstClaimedAtMs":7,"atRisk":"rejected"', '', ''],
    [
      'this release, with reasons,',
      '',
      ',"firstClaimedAtMs":7,"lostBy":"wake"',
      '',
      ',"ended":"replay","endedBy":"id","evidence":{"generationsLate":3,"lateMs":7200000}',
    ],
  ])('of %s are read', (_, proof, risk, proofKey, isAtRisk) => {
    const about = '"issuer":"https://id.example.com","clientId":"app"'
    const place = `"grant":"${grant}","generation":3`
    const rows = {
      open: `{${about},"row":{"kind":"open",${place}${proof}}}`,
      claimed:
        `{${about},"row":{"kind":"claimed",${place},` +
        `"claimId":"id","claimMs":5${proof}${risk}}}`,
      live:
        `{${about},"row":{"generation":3,"set":{"refreshToken":"rt","access":[]},` +
        `"claimId":"id"${proofKey},"acknowledged":[{"generation":2}]${isAtRisk}}}`,
    }
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

    for (const text of [rows.open, rows.claimed]) {
      expect(decodeClaim(identity, bytes(text))).toEqual({ ...JSON.parse(text).row, isBound: true })
    }
    expect(decodeGrant(identity, bytes(rows.live))).toEqual(JSON.parse(rows.live).row)
  })
})

describe('a row is believed field by field', () => {
  it.each([
    ['kind'],
    ['kind', 'opened'],
    ['grant'],
    ['grant', 7],
    ['grant', '__proto__'],
    ['grant', `${grant}.0`],
    ['generation'],
    ['generation', -1],
    ['generation', 0.5],
    ['generation', '3'],
    ['generation', 2 ** 53],
    ['claimId'],
    ['claimId', 1],
    ['claimMs'],
    ['claimMs', -1],
    ['claimMs', '20000'],
    ['proof', 1],
    ['firstClaimedAtMs', '7'],
    ['atRisk', true],
    ['atRisk', 'perhaps'],
    ['isAnswered', 'yes'],
    ['lostBy', 'magic'],
  ])('no claim row without a right %s (%j)', (path, value?: unknown) => {
    const bytes = raw(changed(claimed, path, value))

    expect(() => decodeClaim(identity, bytes)).toThrow(unreadable)
  })

  it.each([[-1], ['5'], [null]])('no open row with a delay of %j', (delayMs) => {
    expect(() => decodeClaim(identity, raw({ ...open, delayMs }))).toThrow(unreadable)
  })

  it.each([
    ['generation'],
    ['generation', -1],
    ['claimId', 1],
    ['acknowledged'],
    ['acknowledged', {}],
    ['acknowledged.0', null],
    ['acknowledged.0.generation', '0'],
    ['acknowledged.0.atMs', null],
    ['ended', 'because'],
    ['endedBy', 1],
    ['proofKey', 1],
    ['withheld', true],
    ['isAtRisk', 1],
    ['set'],
    ['set', null],
    ['set', 'set'],
    ['set.refreshToken', 1],
    ['set.refreshExpiresAtMs', '9'],
    ['set.authorizedAtMs', '9'],
    ['set.idToken', {}],
    ['set.access'],
    ['set.access', { '': {} }],
    ['set.access.0', 'at'],
    ['set.access.0.0', 1],
    ['set.access.0.1', null],
    ['set.access.0.1.token'],
    ['set.access.0.1.token', 1],
    ['set.access.0.1.grantedAtMs'],
    ['set.access.0.1.grantedAtMs', '5'],
    ['set.access.0.1.lifetimeMs', '6'],
    ['set.access.0.1.scope', ['openid']],
    ['set.access.0.1.tokenType', 1],
  ])('no grant row without a right %s (%j)', (path, value?: unknown) => {
    const bytes = raw(changed(live, path, value))

    expect(() => decodeGrant(identity, bytes)).toThrow(unreadable)
  })

  it('no claim row for a grant row, and none the other way', () => {
    expect(() => decodeClaim(identity, encodeRow(identity, live))).toThrow(unreadable)
    expect(() => decodeGrant(identity, encodeRow(identity, claimed))).toThrow(unreadable)
  })

  it.each([['{'], ['null'], ['7'], ['[]'], ['{}']])('nothing out of %s', (text) => {
    const bytes = new TextEncoder().encode(text)

    expect(() => decodeClaim(identity, bytes)).toThrow(unreadable)
    expect(() => decodeGrant(identity, bytes)).toThrow(/./)
  })

  it('nothing out of bytes that did not open', () => {
    expect(() => decodeClaim(identity, undefined)).toThrow(unreadable)
  })

  it('no field that is only inherited', () => {
    const bytes = new TextEncoder().encode(JSON.stringify(identity))
    const prototype = Object.prototype as { row?: unknown }
    prototype.row = open
    try {
      expect(() => decodeClaim(identity, bytes)).toThrow(unreadable)
    } finally {
      delete prototype.row
    }
  })
})

describe('a row of another issuer or client', () => {
  it.each([
    { issuer: 'https://id.example.com/', clientId: 'app' },
    { issuer: 'https://id.example.com', clientId: 'other' },
    { issuer: 'https://id.example.com' },
  ])('is not believed: %j', (other) => {
    expect(() => decodeClaim(identity, raw(open, other))).toThrow(wrongIssuer)
    expect(() => decodeGrant(identity, raw(live, other))).toThrow(wrongIssuer)
  })

  it.each([open, claimed])('names a client once the AS has confirmed it ($kind)', (row) => {
    const another = { issuer: 'https://id.example.com', clientId: 'other' }

    expect(decodeClaim(another, encodeRow(identity, row))).toEqual(row)
    expect(() => decodeClaim(another, encodeRow(identity, { ...row, isBound: true }))).toThrow(
      wrongIssuer,
    )
    expect(() => decodeGrant(identity, raw(live, {}))).toThrow(wrongIssuer)
  })

  it('is believed under an issuer that was configured before', () => {
    const respelled = { issuer: 'https://id.example.com/', clientId: 'app' }
    const now = { ...respelled, formerIssuers: ['https://id.example.com'] }

    expect(decodeClaim(now, raw(claimed))).toEqual({ ...claimed, isBound: true })
    expect(decodeGrant(now, raw(live))).toEqual(live)
    expect(() => decodeGrant(respelled, raw(live))).toThrow(wrongIssuer)
    expect(() => decodeGrant({ ...now, clientId: 'other' }, raw(live))).toThrow(wrongIssuer)
  })
})
