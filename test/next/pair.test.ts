import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { together, type Visitor } from './visitor.ts'

const REQUESTS = 10

let redis: RedisServer
let world: Stage

beforeAll(async () => {
  redis = await startRedis()
  const env = { REDIS_URL: redis.url }
  world = await stage({
    // They live for seven seconds or eight, by the wall's clock: Redis has that one, too.
    accessTokenMs: 8_000,
    apps: [
      { callbacks: 'guide', client: 'post', env },
      { callbacks: 'guide', client: 'post', env },
      { callbacks: 'ours', client: 'public', env },
      { callbacks: 'ours', client: 'public', env },
    ],
  })
}, BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await redis?.stop()
})

/** Two expiries, at each of which both processes are asked with one old cookie. */
async function cross([one, other]: readonly [App, App]) {
  const who = await world.visitor(one)
  const seen: string[] = []
  for (let expiries = 0; expiries < 2; expiries += 1) {
    await expiry(who)
    const paths = Array.from({ length: REQUESTS }, () => '/api/bare')
    const answers = [together(who, paths), together({ ...who, app: other }, paths)]
    seen.push(...(await Promise.all(answers)).flat(), await who.open('/'))
  }
  await who.close()
  return { seen, counts: world.server.counts(who.grant) }
}

/** Resolves when the authorization server takes the access token no more. */
async function expiry(who: Visitor): Promise<void> {
  const { access_token: accessToken } = (await who.token())!
  while (await world.server.isLive(accessToken));
}

describe('two processes and one Redis', () => {
  it('lose the grant with the callbacks of the guide', async () => {
    const { counts, seen } = await cross(world.apps.slice(0, 2) as [App, App])

    expect(counts.reuses).toBeGreaterThan(0)
    expect(counts.grants.live).toBe(0)
    expect(seen.at(-1)).toBe('No name: sign in again')
  })

  it('present each refresh token once with ours', async () => {
    const { counts, seen } = await cross(world.apps.slice(2) as [App, App])

    expect(counts).toMatchObject({ presentedTwice: 0, atOnceMax: 1, reuses: 0 })
    expect(counts.presentations).toBeGreaterThanOrEqual(2)
    expect(counts.grants.live).toBe(1)
    for (const name of seen) expect(name).toMatch(/user-\d+/)
  })
})
