import { describe, expect, it, vi } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import { gate } from './clock.ts'
import { HOUR_MS, world } from './world.ts'

describe('one flight for callers who hold the same and want the same', () => {
  it('asks the store once for 100 callers', async () => {
    const { process, signIn, expire, store } = await world()
    const tokens = await signIn()
    const refresher = process()
    expire()

    const [one] = await Promise.all(
      Array.from({ length: 100 }, () => refresher.refresh({ ...tokens })),
    )

    // The configuration, the claim, the successor, the grant.
    expect(store.calls).toBe(4)
    expect(one).toMatchObject({ usable: true })
  })

  it('keeps the fields that are the caller’s own', async () => {
    const { process, signIn, expire } = await world()
    const tokens = await signIn()
    const refresher = process()
    expire()

    const [ann, bob] = await Promise.all([
      refresher.refresh({ ...tokens, user: 'ann' }),
      refresher.refresh({ ...tokens, user: 'bob' }),
    ])

    expect(ann.tokens.user).toBe('ann')
    expect(bob.tokens.user).toBe('bob')
    expect(ann.tokens.accessToken).toBe(bob.tokens.accessToken)
  })

  it('hands nobody another user’s access token when both lack a refresh token (S6)', async () => {
    const { process, clock } = await world()
    const refresher = process()
    const expiresAtMs = clock.now() + 10_000
    const set = (accessToken: string): TokenSet => ({
      accessToken,
      expiresAtMs,
      obtainedAtMs: expiresAtMs - HOUR_MS,
    })

    const [ann, bob] = await Promise.all([
      refresher.refresh(set('access-token-of-ann')),
      refresher.refresh(set('access-token-of-bob')),
    ])

    expect(ann.accessToken).toBe('access-token-of-ann')
    expect(bob.accessToken).toBe('access-token-of-bob')
    expect(bob).toMatchObject({ usable: true, error: { code: 'no_refresh_token' } })
  })

  it('takes no good access token from a caller because another one’s is dead', async () => {
    const { process, signIn, clock } = await world()
    const tokens = await signIn()
    const refresher = process({
      axes: { tokenEndpoint: 'http://127.0.0.1:1/token' },
      waitMs: 0,
    })
    clock.advance(HOUR_MS - 10_000)
    const older = { ...tokens, accessToken: 'older', expiresAtMs: clock.now() - 1 }

    const [dead, good] = await Promise.all([refresher.refresh(older), refresher.refresh(tokens)])

    expect(dead.usable).toBe(false)
    expect(good).toMatchObject({ usable: true, accessToken: tokens.accessToken })
  })

  it('is shared by nobody where a promise may not outlive its request (workerd)', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const { process, signIn, expire, server, told } = await world()
    const tokens = await signIn()
    const refresher = process()
    expire()
    const answer = gate()
    server.faults.next({ kind: 'delay', after: answer.opened })

    const refreshing = Promise.all([refresher.refresh(tokens), refresher.refresh(tokens)])
    await server.until(({ granted }) => granted === 1)
    answer.open()
    const [one, two] = await refreshing

    expect(one.accessToken).toBe(two.accessToken)
    expect(server.counts().presentations).toBe(1)
    expect(told('ended')).toHaveLength(2)
  })
})
