import { describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../../../src/stores/memory.ts'
import { HOUR_MS, expectNoSecret, world } from '../world.ts'

const DAY_MS = 24 * HOUR_MS

describe('a handle', () => {
  it('stands for tokens in every process, never changes, and holds no token', async () => {
    const { process, signIn, expire, server, store } = await world()
    const tokens = await signIn()
    const handle = await process().deposit(tokens)

    const fresh = await process().refresh(handle)
    expire()
    const both = await Promise.all([process().refresh(handle), process().refresh(handle)])

    expect(handle).toMatch(/^handle_[\w-]{43}$/)
    expect(fresh).toMatchObject({ accessToken: tokens.accessToken, changed: false })
    for (const outcome of both) {
      expect(outcome.accessToken).not.toBe(tokens.accessToken)
      expect(outcome).toMatchObject({ usable: true, changed: false, error: undefined })
      expect(outcome.tokens).not.toHaveProperty('refreshToken')
      expect(outcome.tokens).not.toHaveProperty('grant')
    }
    expect(both[0].accessToken).toBe(both[1].accessToken)
    expect(server.counts()).toMatchObject({ presentations: 1 })
    const rows = store.writes.map((bytes) => Buffer.from(bytes).toString('latin1'))
    expectNoSecret([handle, handle.slice(7)], ...rows)
  })

  it('serves after its process died before it wrote the row, days later too', async () => {
    const { process, signIn, expire, clock, server, told } = await world()
    const tokens = await signIn()
    const [left, used] = [await process().deposit(tokens), await process().deposit(tokens)]
    for (let rotations = 0; rotations < 3; rotations += 1) {
      expire()
      expect(await process().refresh(used)).toMatchObject({ usable: true })
    }
    clock.advance(2 * HOUR_MS)

    const outcome = await process().refresh(left)

    expect(outcome).toMatchObject({ usable: true, error: undefined })
    expect(await process().refresh(used)).toMatchObject({ accessToken: outcome.accessToken })
    expect(told('reuse_detected')).toHaveLength(0)
    expect(server.counts().presentations).toBe(4)
  })

  it('does not hide a reuse: a stale copy is found when it was deposited', async () => {
    const { process, signIn, expire, told } = await world()
    const stolen = await signIn()
    const handle = await process().deposit(stolen)
    for (let rotations = 0; rotations < 3; rotations += 1) {
      expire()
      await process().refresh(handle)
    }
    expire()

    const other = await process().refresh(await process().deposit(stolen))

    expect(other).toMatchObject({ usable: false, error: { code: 'reuse_detected' } })
    expect(told('reuse_detected')).toHaveLength(1)
    expect(await process().refresh(handle)).toMatchObject({ usable: false, needsSignIn: true })
  })

  it('is ended by a sign-out in another process at once', async () => {
    const { process, signIn } = await world()
    const handle = await process().deposit(await signIn())
    const reader = process()
    await reader.refresh(handle)

    const revoked = await process().revoke(handle)

    expect(revoked).toMatchObject({ ended: true, revoked: true, error: undefined })
    const outcome = await reader.refresh(handle)
    expect(outcome).toMatchObject({ state: 'revoked', usable: false, needsSignIn: true })
    expect(outcome.error).toMatchObject({ code: 'revoked', reason: 'signed_out' })
    expect(await reader.revoke(handle)).toMatchObject({ ended: true })
  })

  it('ends after maxIdleMs, counted from its last use', async () => {
    const { process, signIn, clock, server } = await world({ accessTokenMs: 30 * DAY_MS })
    const handle = await process({ maxIdleMs: 10 * HOUR_MS }).deposit(await signIn())
    for (let uses = 0; uses < 4; uses += 1) {
      clock.advance(6 * HOUR_MS)
      const outcome = await process({ maxIdleMs: 10 * HOUR_MS }).refresh(handle)
      expect(outcome).toMatchObject({ usable: true })
    }
    clock.advance(10 * HOUR_MS)

    const outcome = await process({ maxIdleMs: 10 * HOUR_MS }).refresh(handle)

    expect(outcome).toMatchObject({ state: 'revoked', usable: false, needsSignIn: true })
    expect(outcome.error).toMatchObject({ code: 'handle_idle', reason: 'expired_idle' })
    expect(server.counts()).toMatchObject({ presentations: 0 })
  })

  it('ends maxGrantMs after the sign-in, however much it is used', async () => {
    const { process, signIn, expire } = await world()
    const options = { maxGrantMs: 3 * HOUR_MS }
    const handle = await process(options).deposit(await signIn())
    expire()
    expect(await process(options).refresh(handle)).toMatchObject({ usable: true })
    expire()
    expire()

    const outcome = await process(options).refresh(handle)

    expect(outcome.error).toMatchObject({ code: 'handle_too_old', reason: 'expired_absolute' })
    expect(outcome).toMatchObject({ usable: false, needsSignIn: true })
  })

  it('that is unknown asks for a sign-in, and a text that is none is told apart', async () => {
    const { process } = await world()

    const unknown = await process().refresh(`handle_${'a'.repeat(43)}`)
    const text = await process().refresh('{"accessToken":"x"}')

    expect(unknown).toMatchObject({ needsSignIn: true, error: { code: 'handle_unknown' } })
    expect(text).toMatchObject({ needsSignIn: false, error: { code: 'invalid_tokens' } })
    expect(await process().revoke(`handle_${'a'.repeat(43)}`)).toMatchObject({
      ended: false,
      error: { code: 'handle_unknown' },
    })
  })

  it('is refused by memoryStore in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const { process, signIn } = await world()
    const tokens = await signIn()
    const refresher = process({ store: memoryStore({ name: 'handles-production' }) })

    await expect(refresher.deposit(tokens)).rejects.toThrow(TypeError)
    await expect(refresher.deposit(tokens)).rejects.toThrow('redisStore')
    vi.unstubAllEnvs()
  })
})
