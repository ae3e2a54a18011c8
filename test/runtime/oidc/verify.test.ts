import { describe, expect, it } from 'vitest'
import { HOUR_MS, world } from '../world.ts'

const isPatience = (ms: number): boolean => ms === 1_000 || Number.isInteger(Math.log2(ms / 25))

const GONE = {
  state: 'revoked',
  accessToken: undefined,
  usable: false,
  needsSignIn: true,
  error: { code: 'revoked' },
}

describe('revocationCheckMs', () => {
  it('left out: a copy of a fresh set outlives a sign-out, until it expires', async () => {
    const { process, signIn, store, expire } = await world()
    const [here, elsewhere] = [process(), process()]
    const tokens = await signIn()
    await elsewhere.revoke(tokens)
    const calls = store.calls

    const copy = await here.refresh(tokens)
    expire()
    const later = await here.refresh(tokens)

    expect(copy).toMatchObject({ state: 'fresh', usable: true })
    expect(later).toMatchObject(GONE)
    expect(store.calls).toBeGreaterThan(calls)
  })

  it('0: a sign-out elsewhere ends every copy of a set at once', async () => {
    const { server, process, signIn, expire, told } = await world()
    const here = process({ revocationCheckMs: 0 })
    const old = await signIn()
    expire()
    const { tokens } = await here.refresh(old)

    const before = await here.refresh(tokens)
    await process().revoke(old)
    const after = await here.refresh(tokens)

    expect(before).toMatchObject({ state: 'fresh', usable: true, error: undefined })
    expect(after).toMatchObject(GONE)
    expect(after.tokens).toBe(tokens)
    expect(told('ended').at(-1)).toMatchObject({ state: 'revoked', code: 'revoked' })
    expect(server.counts().presentations).toBe(1)
  })

  it('0: finds the end of a set that never met the ledger, too', async () => {
    const { server, process, signIn } = await world()
    const here = process({ revocationCheckMs: 0 })
    const tokens = await signIn()
    const copy = { ...tokens, accessToken: 'another copy' }

    const before = await here.refresh(copy)
    await process().revoke(tokens)
    const after = await here.refresh(copy)

    expect(before).toMatchObject({ state: 'fresh', usable: true })
    expect(after).toMatchObject(GONE)
    expect(server.counts().presentations).toBe(0)
  })

  it('asks once in a while, for a chain and not for each of its sets', async () => {
    const { process, signIn, expire, store, clock } = await world()
    const here = process({ revocationCheckMs: 60_000 })
    const old = await signIn()
    expire()
    const { tokens } = await here.refresh(old)
    const calls = async (work: () => Promise<unknown>): Promise<number> => {
      const before = store.calls
      await work()
      return store.calls - before
    }

    expect(await calls(() => here.refresh(tokens))).toBe(1)
    expect(await calls(() => here.refresh(tokens))).toBe(0)
    expect(await calls(() => here.refresh({ ...tokens, idToken: 'another' }))).toBe(0)
    clock.advance(60_000)
    expect(await calls(() => here.refresh(tokens))).toBe(1)
    expect(await calls(() => here.refresh({ accessToken: 'at', expiresAtMs: 4e12 }))).toBe(0)
  })

  it('does not believe a chain that this very process has ended', async () => {
    const { process, signIn } = await world()
    const here = process({ revocationCheckMs: HOUR_MS })
    const tokens = await signIn()
    await here.refresh(tokens)
    await here.revoke(tokens)

    expect(await here.refresh(tokens)).toMatchObject(GONE)
  })

  it('serves a fresh set when the store is down, says so, and asks again', async () => {
    const { process, signIn, store, clock } = await world()
    const here = process({ revocationCheckMs: HOUR_MS })
    const tokens = await signIn()
    store.before = () => {
      throw new Error('connection lost')
    }

    const down = await clock.through(here.refresh(tokens), isPatience)
    store.before = undefined
    await process().revoke(tokens)
    const up = await here.refresh(tokens)

    expect(down).toMatchObject({
      state: 'fresh',
      accessToken: tokens.accessToken,
      usable: true,
      needsSignIn: false,
      error: { code: 'store_unavailable' },
    })
    expect(up).toMatchObject(GONE)
  })
})
