import { createClient } from 'redis'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { postgresStore, redisStore } from './built.ts'
import type { Figure } from './figures.ts'
import { ourChains } from './throughput.ts'

/** Enough for pages and tables of keys to come out even. */
const CHAINS = 1_000
/** Claims of a chain beside its one grant row. */
const REFRESHES = 12

/** What a claim and a grant weigh in a database, with all that a server keeps for them. */
export async function weights(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: 0, rotates: true })
  return [...(await inRedis(as.origin)), ...(await inPostgres(as.origin))]
}

/** Makes what refreshes all chains, so often. */
function refreshing(make: ReturnType<typeof ourChains>): (times: number) => Promise<void> {
  const chains = Array.from({ length: CHAINS }, (_, index) => make(index))
  return async (times) => {
    for (let turn = 0; turn < times; turn += 1) {
      for (let at = 0; at < CHAINS; at += 50) {
        await Promise.all(chains.slice(at, at + 50).map((refresh) => refresh()))
      }
    }
  }
}

/** Two refreshes leave two claim rows and a grant row; each later one adds a claim row. */
const BEGUN = 2
const LATER = CHAINS * (REFRESHES - BEGUN)

function figures(where: string, empty: number, begun: number, last: number): readonly Figure[] {
  const claim = (last - begun) / LATER
  const grant = (begun - empty) / CHAINS - BEGUN * claim
  return [
    { name: `a claim row in ${where}`, value: claim, unit: 'B' },
    { name: `a grant row in ${where}`, value: grant, unit: 'B' },
  ]
}

async function inRedis(origin: string): Promise<readonly Figure[]> {
  await using redis = await startRedis({
    appendfsync: 'everysec',
    config: { 'auto-aof-rewrite-percentage': '0' },
  })
  const client = await createClient({ url: redis.url }).connect()
  const read = async (section: string, name: string): Promise<number> =>
    Number(new RegExp(`${name}:(\\d+)`).exec(await redis.cli('INFO', section))![1])
  const memory = (): Promise<number> => read('memory', 'used_memory')
  const log = (): Promise<number> => read('persistence', 'aof_current_size')
  const empty = await memory()
  const refresh = refreshing(ourChains(origin, 'always', redisStore(client)))
  await refresh(BEGUN)
  const [begun, logged] = [await memory(), await log()]
  await refresh(REFRESHES - BEGUN)
  const last = await memory()
  const perRefresh = ((await log()) - logged) / LATER
  const rows = Number(await redis.cli('DBSIZE')) / CHAINS
  await client.close()
  return [
    { name: `rows of a chain after ${REFRESHES} refreshes`, value: rows, unit: '' },
    ...figures('Redis, of used_memory', empty, begun, last),
    { name: 'append-only file of Redis, per refresh', value: perRefresh, unit: 'B' },
  ]
}

async function inPostgres(origin: string): Promise<readonly Figure[]> {
  await using postgres = await startPostgres({ fsync: 'on' })
  const pool = postgres.pool({ max: 16 })
  const store = postgresStore(pool, { table: 'weight' })
  await store.migrate()
  async function ask(expression: string): Promise<number> {
    const { rows } = await pool.query(`SELECT (${expression})::float8 AS value`)
    return (rows[0] as { value: number }).value
  }
  const size = (): Promise<number> => ask(`pg_total_relation_size('weight')`)
  const log = (): Promise<number> => ask(`pg_current_wal_lsn() - '0/0'`)
  const packed = async (): Promise<number> => {
    await pool.query('VACUUM FULL weight')
    return size()
  }
  const empty = await packed()
  const refresh = refreshing(ourChains(origin, 'always', store))
  await refresh(BEGUN)
  const begun = await packed()
  const logged = await log()
  await refresh(REFRESHES - BEGUN)
  const perRefresh = ((await log()) - logged) / LATER
  const loose = await size()
  const last = await packed()
  return [
    ...figures('PostgreSQL, packed, with both indexes', empty, begun, last),
    { name: 'the table as it grew, of packed', value: loose / last, unit: '' },
    { name: 'write-ahead log of PostgreSQL, per refresh', value: perRefresh, unit: 'B' },
  ]
}
