import { describe, expect, it } from 'vitest'
import { HOUR_MS, world } from '../world.ts'

describe('an access token that a renewal kills', () => {
  it('is not renewed ahead of its expiry: others hold it', async () => {
    const { server, process, signIn, clock } = await world()
    const tokens = await signIn()
    clock.advance(HOUR_MS - 5_000)

    const shared = await process({ axes: { oldAccessToken: 'dies' } }).refresh(tokens)
    const asked = await process({
      axes: { oldAccessToken: 'dies' },
      refreshAheadMs: 60_000,
    }).refresh(tokens)

    expect(shared).toMatchObject({ state: 'fresh', usable: true })
    expect(asked).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(1)
  })
})
