import type { AddressInfo } from 'node:net'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  createApp,
  storeTokens,
  TABLE,
  tokenSets,
} from '../../docs/examples/express-postgres/app.ts'
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

/** The application, on a free port, for a user whom a header names. */
async function listen(refresher: Refresher, api: string): Promise<Call> {
  const userOf = (request: { get(name: string): string | undefined }): string =>
    request.get('x-user') ?? ''
  const server = createApp({ pool, refresher, api, userOf }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return (user, path = '/orders', method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { 'x-user': user } })
}

type Call = (user: string, path?: string, method?: string) => Promise<Response>

describe('docs/examples/express-postgres', () => {
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
      const stored = await tokenSets(pool).load('ann')
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

  it('lets no late save undo a later one', async () => {
    const { signIn } = await surroundings()
    const [first, second, third] = [await signIn(), await signIn(), await signIn()]
    const storage = tokenSets(pool)
    await storeTokens(pool, 'bob', first)

    await storage.save('bob', third, first)
    await storage.save('bob', second, first)

    expect(await storage.load('bob')).toEqual(third)
  })

  it('takes another access token where the API refuses the one at hand', async () => {
    const { server, api, refused, clock, process, signIn } = await surroundings()
    const call = await listen(process(), api)
    const tokens = await signIn()
    await storeTokens(pool, 'cem', tokens)
    refused.add(tokens.accessToken)
    // Past half its life: one that is younger is not asked for again.
    clock.advance(1_900_000)

    const answers = await Promise.all([call('cem'), call('cem')])

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })

  it('asks to sign in, or to come again', async () => {
    const { server, api, process, signIn, expire } = await surroundings()
    const call = await listen(process(), api)
    const tokens = await signIn()
    await storeTokens(pool, 'dan', tokens)
    expire()

    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 60 })
    expect((await call('dan')).status).toBe(503)
    expect((await call('nobody')).status).toBe(401)
  })

  it('ends the grant with the sign-out', async () => {
    const { server, api, process, signIn } = await surroundings()
    const call = await listen(process(), api)
    const tokens = await signIn()
    await storeTokens(pool, 'eve', tokens)

    expect((await call('eve')).status).toBe(200)
    expect((await call('eve', '/sign-out', 'POST')).status).toBe(204)

    expect((await call('eve')).status).toBe(401)
    expect(await server.isLive(tokens.refreshToken!)).toBe(false)
  })
})
