import { describe, expect, it } from 'vitest'
import type { Store, StoredRow, TokenSet } from '../../../src/index.ts'
import { EXPENDABLE_MS } from '../../../src/ledger/store.ts'
import { REFUSED_FLOOR_MS } from '../../../src/runtime/timing.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { HOUR_MS, world } from '../world.ts'

describe('an API that refuses every access token', () => {
  it('costs one presentation in ten seconds, and tells when the next may be', async () => {
    const { server, process, signIn, clock } = await world()
    const refresher = process()
    let { tokens } = await refresher.refresh(await signIn(), { refused: true })
    const obtainedAtMs = clock.now()

    for (let request = 0; request < 30; request += 1) {
      const outcome = await refresher.refresh(tokens, { refused: true })
      expect(outcome).toMatchObject({ state: 'error', usable: false, needsSignIn: false })
      expect(outcome.error).toMatchObject({ code: 'unusable' })
      expect(outcome.error?.retryAtMs).toBe(obtainedAtMs + REFUSED_FLOOR_MS)
      expect(outcome.error?.message).toMatch(/seconds old/)
    }
    expect(server.counts().presentations).toBe(1)
    clock.advance(REFUSED_FLOOR_MS - 1)
    await refresher.refresh(tokens, { refused: tokens.accessToken })
    expect(server.counts().presentations).toBe(1)
    clock.advance(1)
    tokens = (await refresher.refresh(tokens, { refused: true })).tokens

    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })

  it('does so over all processes, and tells of nothing served', async () => {
    const { server, process, signIn, told } = await world()
    const { tokens } = await process().refresh(await signIn(), { refused: true })

    await process().refresh(tokens, { refused: true })

    expect(server.counts().presentations).toBe(1)
    expect(told('served')).toEqual([])
    expect(told('ended').at(-1)).toMatchObject({ state: 'error', code: 'unusable' })
  })

  it('is handed a newer access token of the ledger all the same', async () => {
    const { server, process, signIn } = await world()
    const old = await signIn()
    const { tokens } = await process().refresh(old, { refused: true })

    const outcome = await process().refresh(old, { refused: true })

    expect(outcome).toMatchObject({ usable: true, accessToken: tokens.accessToken })
    expect(server.counts().presentations).toBe(1)
  })

  it('may be asked at every request if the application says so', async () => {
    const { server, process, signIn } = await world()
    const refresher = process({ refusedFloorMs: 0 })
    let tokens: TokenSet = await signIn()

    for (let request = 0; request < 3; request += 1) {
      tokens = (await refresher.refresh(tokens, { refused: true })).tokens
    }

    expect(server.counts()).toMatchObject({ presentations: 3, granted: 3 })
  })

  it('may be asked so although the grant is dated a little ahead', async () => {
    const { server, process, signIn, store } = await world()
    const late = <R extends StoredRow>(row: R): R => ({
      ...row,
      writtenAtMs: row.writtenAtMs - 5,
      nowMs: row.nowMs - 5,
    })
    const behind: Store = {
      ...store,
      read: async (...call) => late(await store.read(...call)),
      swap: async (...call) => late(await store.swap(...call)),
    }
    const { tokens } = await process().refresh(await signIn(), { refused: true })

    const asked = process({ store: behind, refusedFloorMs: 0 })
    const outcome = await asked.refresh(tokens, { refused: true })

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })
})

describe('refresh tokens that somebody made up', () => {
  const madeUp = (tokens: TokenSet, number: number): TokenSet => ({
    ...tokens,
    refreshToken: `made-up-${number}`,
  })

  it('leave rows that live minutes', async () => {
    const { server, process, signIn, expire, clock, store } = await world({ presentsTwice: true })
    const tokens = await signIn()
    expire()
    const refresher = process()
    await refresher.refresh(madeUp(tokens, 1))
    await refresher.drain()
    const { keys } = store

    clock.advance(EXPENDABLE_MS)
    const left = await Promise.all(keys.map((key) => store.read(key)))
    await process().refresh(tokens)

    // The configuration of the ledger stays.
    expect(left.filter(({ version }) => version > 0)).toHaveLength(1)
    expect(server.counts().presentations).toBe(2)
  })

  it('do not fill the memory store for the others', async () => {
    const { server, process: start, signIn, expire, clock } = await world({ presentsTwice: true })
    const name = `made-up-${process.pid}`
    const store = memoryStore({ name, rowsMax: 6, clock })
    const tokens = await signIn()
    expire()
    const refresher = start({ store })

    for (let number = 0; number < 20; number += 1) {
      const outcome = await refresher.refresh(madeUp(tokens, number))
      expect(outcome.error).toMatchObject({ code: 'rejected' })
    }
    const outcome = await refresher.refresh(tokens)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(21)
  })

  it('make no room at the price of the others', async () => {
    const { process: start, signIn, expire, clock } = await world({ presentsTwice: true })
    const store = memoryStore({ name: `kept-${process.pid}`, rowsMax: 6, clock })
    const tokens = await signIn()
    expire()
    const { tokens: renewed } = await start({ store }).refresh(tokens)
    for (let number = 0; number < 20; number += 1) {
      await start({ store }).refresh(madeUp(tokens, number))
    }

    const late = await start({ store }).refresh(tokens)

    expect(late).toMatchObject({ usable: true, accessToken: renewed.accessToken })
  })
})

describe('a host that slept', () => {
  it('gets a new access token where the monotonic clock stood still', async () => {
    const { server, process, signIn, expire, clock } = await world()
    const tokens = await signIn()
    expire()
    const refresher = process()
    const renewed = await refresher.refresh(tokens)

    clock.skew(8 * HOUR_MS)
    const outcome = await refresher.refresh(renewed.tokens)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true, error: undefined })
    expect(outcome.accessToken).not.toBe(renewed.accessToken)
    expect(outcome.tokens.expiresAtMs).toBe(clock.now() + HOUR_MS)
    expect(server.counts()).toMatchObject({ presentations: 2, granted: 2 })
  })

  it('asks again whether the chain of a fresh set still stands', async () => {
    const { process, signIn, clock } = await world()
    const refresher = process({ revocationCheckMs: HOUR_MS / 6 })
    const tokens = await signIn()
    await refresher.refresh(tokens)
    await process().revoke(tokens)

    const before = await refresher.refresh(tokens)
    clock.skew(HOUR_MS / 2)
    const after = await refresher.refresh(tokens)

    expect(before).toMatchObject({ state: 'fresh', usable: true })
    expect(after).toMatchObject({ state: 'revoked', usable: false })
  })
})
