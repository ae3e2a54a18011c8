import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { startRestShim, type RestShim } from '../stores/redis-rest-shim.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { together } from './visitor.ts'

const REQUESTS = 10

let redis: RedisServer
let shim: RestShim
let world: Stage
let before: App
let after: App

beforeAll(async () => {
  redis = await startRedis()
  shim = await startRestShim(redis.port)
  const env = { REDIS_REST_URL: shim.url, REDIS_REST_TOKEN: shim.token }
  world = await stage({
    // By the wall's clock: the runtime has one of its own, which no test sets ahead.
    accessTokenMs: 8_000,
    apps: [
      { build: 'edge', callbacks: 'guide', client: 'post', env },
      { build: 'edge', callbacks: 'ours', client: 'public', env },
    ],
  })
  ;[before, after] = world.apps as [App, App]
}, BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await shim?.stop()
  await redis?.stop()
})

/** Crosses two expiries, with requests at the same time, and comes again. */
async function cross(app: App) {
  const who = await world.visitor(app)
  const seen: string[] = []
  for (let expiries = 1; expiries <= 2; expiries += 1) {
    const { access_token: accessToken } = (await who.token())!
    while (await world.server.isLive(accessToken));
    const paths = Array.from({ length: REQUESTS }, () => '/api/bare')
    seen.push(...(await together(who, paths)), await who.open('/'))
  }
  await who.close()
  return { seen, counts: world.server.counts(who.grant) }
}

describe('a middleware.ts, and pages on Node', () => {
  it('is run on the edge', async () => {
    const { headers } = await fetch(`${after.origin}/about`)

    expect(headers.get('x-runtime')).toBe('edge-runtime')
  })

  it('lose the grant with the callbacks of the guide', async () => {
    const { seen, counts } = await cross(before)

    expect(counts.reuses).toBeGreaterThan(0)
    expect(counts.grants).toEqual({ live: 0, dead: 1 })
    expect(seen.at(-1)).toBe('No name: sign in again')
  })

  it('present each refresh token once with ours, by a ledger over HTTP', async () => {
    const { seen, counts } = await cross(after)

    expect(counts).toMatchObject({ presentedTwice: 0, atOnceMax: 1, reuses: 0 })
    expect(counts.presentations).toBeGreaterThanOrEqual(2)
    expect(counts.grants.live).toBe(1)
    for (const name of seen) expect(name).toMatch(/user-\d+/)
    expect(shim.commands.length).toBeGreaterThan(0)
  })
})
