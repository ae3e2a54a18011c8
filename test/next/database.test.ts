import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { together, type Visitor } from './visitor.ts'

/** The tables of Auth.js' own adapter. */
const TABLES = `
  CREATE TABLE verification_token (identifier TEXT, expires TIMESTAMPTZ, token TEXT);
  CREATE TABLE accounts (id SERIAL PRIMARY KEY, "userId" INTEGER, type TEXT, provider TEXT,
    "providerAccountId" TEXT, refresh_token TEXT, access_token TEXT, expires_at BIGINT,
    id_token TEXT, scope TEXT, session_state TEXT, token_type TEXT);
  CREATE TABLE sessions (id SERIAL PRIMARY KEY, "userId" INTEGER, expires TIMESTAMPTZ,
    "sessionToken" TEXT);
  CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT, email TEXT, "emailVerified" TIMESTAMPTZ,
    image TEXT)`

const PATHS = ['/api/bare', '/api/wrapped', '/unproxied/bare', '/unproxied/wrapped', '/api/bare']

let postgres: PostgresServer
let pool: Pool
let world: Stage
let before: App
let after: App

beforeAll(async () => {
  postgres = await startPostgres()
  pool = postgres.pool()
  await pool.query(TABLES)
  const env = { DATABASE_URL: postgres.url }
  world = await stage({
    // A row does not say when its token was obtained: one that lives for a minute is renewed early.
    accessTokenMs: 600_000,
    apps: [
      { callbacks: 'guide', client: 'post', env },
      { callbacks: 'ours', client: 'public', env },
    ],
  })
  ;[before, after] = world.apps as [App, App]
}, BUILD_MS)
afterAll(async () => {
  await world?.stop()
  await postgres?.stop()
})

interface Row {
  readonly access_token: string
  readonly refresh_token: string
}

async function rowOf({ grant }: Visitor): Promise<Row> {
  const { rows } = await pool.query<Row>('SELECT * FROM accounts')
  return rows.find((row) => world.server.grantOf(row.refresh_token) === grant)!
}

/** Crosses two expiries, with requests at the same time, and comes again. */
async function cross(app: App): Promise<{ who: Visitor; seen: string[]; row: Row }> {
  const who = await world.visitor(app)
  const seen: string[] = []
  for (let expiries = 1; expiries <= 2; expiries += 1) {
    await world.expire(who, (await rowOf(who)).access_token)
    seen.push(...(await together(who, PATHS)), await who.open('/'))
  }
  await who.close()
  return { who, seen, row: await rowOf(who) }
}

describe('tokens in a database', () => {
  it('lose the grant with a callback by hand', async () => {
    const { who, seen } = await cross(before)

    const counts = world.server.counts(who.grant)
    expect(counts.reuses).toBeGreaterThan(0)
    expect(counts.grants).toEqual({ live: 0, dead: 1 })
    expect(seen.at(-1)).toBe('No name: sign in again')
  })

  it('present each refresh token once with ours, and the row has the newest set', async () => {
    const { who, seen, row } = await cross(after)

    expect(world.server.counts(who.grant)).toMatchObject({
      presentations: 2,
      presentedTwice: 0,
      atOnceMax: 1,
      reuses: 0,
      grants: { live: 1, dead: 0 },
    })
    for (const name of seen) expect(name).toMatch(/user-\d+/)
    expect(await world.server.isLive(row.refresh_token)).toBe(true)
    expect(await world.server.isLive(row.access_token)).toBe(true)
  })
})
