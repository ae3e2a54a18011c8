import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { accounts, createApp, storeTokens, TABLE } from '../../docs/examples/hono-postgres/app.ts'
import type { Refresher } from '../../src/index.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { surroundings } from './world.ts'

let postgres: PostgresServer
let pool: Pool

beforeAll(async () => {
  postgres = await startPostgres()
  pool = postgres.pool()
  await pool.query(TABLE)
})
afterAll(() => postgres?.stop())

async function listen(
  refresher: Refresher,
  api: string,
): Promise<(user: string) => Promise<Response>> {
  const app = createApp({
    pool,
    refresher,
    api,
    userOf: ({ req }) => req.header('x-user') ?? '',
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return (user) => fetch(`http://127.0.0.1:${port}/api/orders`, { headers: { 'x-user': user } })
}

describe('docs/examples/hono-postgres', () => {
  it('serves 20 requests at two instances with one presentation, over two expiries', async () => {
    const { server, api, process, signIn, expire } = await surroundings()
    const apps = [await listen(process(), api), await listen(process(), api)]
    await storeTokens(pool, 'ann', await signIn())

    for (let expiry = 1; expiry <= 2; expiry += 1) {
      expire()
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => apps[i % 2]!('ann')))
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      expect(await answers[0]!.json()).toEqual({ orders: [1, 2] })
      expect(server.counts()).toMatchObject({ presentations: expiry, reuses: 0 })
      const stored = await accounts(pool).load('ann')
      expect(stored?.grant).toMatch(new RegExp(`\\.${expiry}\\.`))
      expect(await server.isLive(stored!.accessToken)).toBe(true)
    }
  })

  it('has its ledger in the same database', async () => {
    const { server, api, process, signIn, expire } = await surroundings()
    const ledger = postgresStore(pool)
    await ledger.migrate()
    const apps = [await listen(process(ledger), api), await listen(process(ledger), api)]
    await storeTokens(pool, 'zoe', await signIn())
    expire()

    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => apps[i % 2]!('zoe')))

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })

  it('stores a set as it is, and lets no late save undo a later one', async () => {
    const { signIn } = await surroundings()
    const [first, second] = [await signIn(), await signIn()]
    const third = { accessToken: 'without a refresh token' }
    const storage = accounts(pool)
    await storeTokens(pool, 'bob', first)
    const { accessToken, refreshToken, expiresAtMs, obtainedAtMs } = first

    expect(await storage.load('bob')).toEqual({
      accessToken,
      refreshToken,
      expiresAtMs,
      obtainedAtMs,
    })
    await storage.save('bob', third, first)
    await storage.save('bob', second, first)
    expect(await storage.load('bob')).toEqual(third)
  })

  it('asks to sign in, or to come again', async () => {
    const { server, api, process, signIn, expire } = await surroundings()
    const call = await listen(process(), api)
    await storeTokens(pool, 'dan', await signIn())
    const dead = await signIn()
    await storeTokens(pool, 'dee', dead)
    server.endGrant(dead.refreshToken!)
    expire()

    expect((await call('dee')).status).toBe(401)
    expect((await call('nobody')).status).toBe(401)
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 60 })
    expect((await call('dan')).status).toBe(503)
  })
})
