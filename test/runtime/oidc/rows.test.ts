import { beforeEach, describe, expect, it } from 'vitest'
import type { Refresher, TokenSet } from '../../../src/index.ts'
import { world } from '../world.ts'
import type { World } from '../world.ts'

let made: World
let sets: TokenSet[]
let refresher: Refresher
let presentations: number
/** Keys of rows: of the configuration, the claims of three tokens, and the grant. */
let keys: { configuration: string; claims: string[]; grant: string }

/** Two generations were refreshed; the newest token was claimed once and given back. */
beforeEach(async () => {
  made = await world({ presentsTwice: true })
  refresher = made.process({ staleHolders: 'serve' })
  sets = [await made.signIn()]
  for (let i = 0; i < 2; i += 1) {
    made.expire()
    sets.push((await refresher.refresh(sets.at(-1)!)).tokens)
  }
  made.expire()
  made.server.faults.next({ kind: 'status', status: 401 })
  await refresher.refresh(sets[2]!)
  presentations = made.server.counts().presentations
  // The first set came without `grant`: its successor's row was written before the grant's.
  const [configuration, first, second, grant, third] = [...made.store.history.keys()]
  keys = { configuration: configuration!, claims: [first!, second!, third!], grant: grant! }
})

/** Nothing was presented, nobody signed out, nothing overwritten. */
async function expectHarmless(holder: TokenSet, code = 'row_unreadable'): Promise<void> {
  const wrote = made.store.writes.length
  const outcome = await refresher.refresh(holder)
  expect(outcome).toMatchObject({
    state: 'error',
    needsSignIn: false,
    changed: false,
    error: { code },
  })
  expect(made.store.writes.length).toBe(wrote)
}

async function expectHealed(): Promise<void> {
  made.store.forge = undefined
  expect(await refresher.refresh(sets[0]!)).toMatchObject({ usable: true, needsSignIn: false })
  expect(await refresher.refresh(sets[2]!)).toMatchObject({ usable: true, needsSignIn: false })
  expect(made.server.counts()).toMatchObject({ presentations: presentations + 1, reuses: 0 })
}

/** Who meets which row. */
const meetings = (): [key: string, holder: TokenSet][] => [
  [keys.claims[0]!, sets[0]!],
  [keys.claims[1]!, sets[1]!],
  [keys.claims[2]!, sets[2]!],
  [keys.grant, sets[0]!],
  [keys.grant, sets[1]!],
  [keys.grant, sets[2]!],
]

describe('a row of the store', () => {
  it('is not believed with any one byte changed', { timeout: 60_000 }, async () => {
    let flips = 0

    // Each row once: those of the claims by their holders, the grant's by that of the newest set.
    const [first, second, third, , , grant] = meetings()
    for (const [key, holder] of [first!, second!, third!, grant!]) {
      const { value } = await made.store.read(key)
      for (let at = 0; at < value!.length; at += 1) {
        made.store.forge = (read, stored) =>
          read === key && stored.value ? { ...stored, value: flipped(stored.value, at) } : stored
        await expectHarmless(holder)
        flips += 1
      }
    }

    expect(flips).toBeGreaterThan(1_000)
    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('is not believed cut short, or empty, or longer', async () => {
    for (const [key, holder] of meetings()) {
      for (const cut of [0, 1, 13, 28, -1]) {
        made.store.forge = (read, stored) =>
          read === key && stored.value ? { ...stored, value: stored.value.slice(0, cut) } : stored
        await expectHarmless(holder)
      }
      made.store.forge = (read, stored) =>
        read === key && stored.value
          ? { ...stored, value: new Uint8Array([...stored.value, 0]) }
          : stored
      await expectHarmless(holder)
    }

    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('is not believed in the place of another', async () => {
    const all = [keys.configuration, ...keys.claims, keys.grant]

    for (const [key, holder] of meetings()) {
      for (const other of all.filter((each) => each !== key)) {
        const { value, version } = await made.store.read(other)
        made.store.forge = (read, stored) => (read === key ? { ...stored, value: value! } : stored)
        await expectHarmless(holder)
        made.store.forge = (read, stored) =>
          read === key ? { ...stored, value: value!, version } : stored
        await expectHarmless(holder)
      }
    }

    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('is not believed when it is an old one of the same key', async () => {
    const old = made.store.history.get(keys.grant)!

    for (const holder of sets) {
      for (const { value } of old.slice(0, -1)) {
        made.store.forge = (read, stored) =>
          read === keys.grant ? { ...stored, value: value! } : stored
        await expectHarmless(holder)
      }
    }

    expect(old.length).toBeGreaterThan(1)
    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('may vanish or be rolled back with its version: no spent token is presented', async () => {
    const old = made.store.history.get(keys.grant)![0]!
    const nowMs = made.clock.now()
    const absent = { version: 0, writtenAtMs: 0, nowMs }

    for (const holder of sets.slice(0, 2)) {
      for (const forged of [absent, { ...old, nowMs }]) {
        made.store.forge = (read, stored) => (read === keys.grant ? forged : stored)
        await refresher.refresh(holder)
      }
    }

    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('that cannot be read does not cost a token whose claim was already won', async () => {
    const { process, signIn, expire, store, server } = made
    const first = await signIn()
    expire()
    const { tokens } = await process().refresh(first)
    const grant = store.keys.at(-1)!
    expire()
    store.forge = (read, stored) =>
      read === grant ? { ...stored, value: flipped(stored.value!, 20) } : stored
    const before = server.counts().presentations
    const unlucky = process()

    const outcome = await unlucky.refresh(tokens)
    await unlucky.drain()
    store.forge = undefined
    made.clock.advance(20_000)
    const later = await process().refresh(tokens)

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'row_unreadable' } })
    expect(later).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(before + 1)
  })
})

describe('the row of the configuration', () => {
  it('is compared before anything is presented', async () => {
    const { value } = await made.store.read(keys.configuration)

    for (let at = 0; at < value!.length; at += 1) {
      made.store.forge = (read, stored) =>
        read === keys.configuration ? { ...stored, value: flipped(value!, at) } : stored
      const outcome = await made.process().refresh(sets[2]!)
      expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'ledger_mismatch' } })
    }

    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })

  it('tells peppers apart', async () => {
    const pepper = 'p'.repeat(32)

    const outcome = await made.process({ pepper }).refresh(sets[2]!)

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'ledger_mismatch' } })
    expect(made.server.counts().presentations).toBe(presentations)
    await expectHealed()
  })
})

describe('two configurations of one ledger', () => {
  for (const [what, axes] of Object.entries({
    'another spelling of the issuer': { issuer: 'http://localhost:1' },
    'another provider': { id: 'other' },
  })) {
    it(`meet in one row: ${what}`, async () => {
      const { process, signIn, expire, server } = made
      const { provider: _, ...tokens } = await signIn()
      expire()
      const endpoint = { tokenEndpoint: server.tokenEndpoint, revocationEndpoint: null }

      const outcomes = await Promise.all([
        process().refresh(tokens),
        process({ axes: { ...axes, ...endpoint } }).refresh(tokens),
      ])

      expect(server.counts().presentations).toBe(presentations + 1)
      expect(outcomes.filter(({ usable }) => usable).length).toBeGreaterThanOrEqual(1)
      const codes = outcomes.map(({ error }) => error?.code)
      expect(codes.filter((code) => code === 'wrong_issuer').length).toBeLessThanOrEqual(1)
      expect(outcomes.every(({ usable, error }) => usable || error !== undefined)).toBe(true)
    })
  }

  it('of another client are told apart', async () => {
    const { process, signIn, expire, server } = made
    const tokens = await signIn()
    expire()

    await process().refresh(tokens)
    const other = await process({ client: server.clients.basic }).refresh(tokens)

    expect(other).toMatchObject({ usable: false, error: { code: 'wrong_issuer' } })
    expect(server.counts().presentations).toBe(presentations + 1)
  })

  it('a set of another provider is not presented to this one', async () => {
    const { process, expire, server } = made
    expire()

    const outcome = await process().refresh({ ...sets[2]!, provider: 'github' })

    expect(outcome).toMatchObject({ needsSignIn: false, error: { code: 'provider_mismatch' } })
    expect(server.counts().presentations).toBe(presentations)
  })
})

function flipped(value: Uint8Array, at: number): Uint8Array {
  const forged = value.slice()
  forged[at]! ^= 1 << (at % 8)
  return forged
}
