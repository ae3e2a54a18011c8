import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { migrationsFor, versionsFor } from '../../src/stores/postgres/statements.sql.ts'
import {
  postgresStore,
  type PostgresClient,
  type PostgresPool,
  type PostgresStoreOptions,
} from '../../src/stores/postgres.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { runTypeScript } from './child.ts'

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000
const READ_ONLY = '-c default_transaction_read_only=on'
const seldom = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0.999 }
const always = { ...seldom, fraction: () => 0 }

let server: PostgresServer
let pool: pg.Pool
let tables = 0
beforeAll(async () => {
  server = await startPostgres()
  pool = server.pool()
})
afterAll(() => server?.stop())

const freshTable = (): string => `test_${(tables += 1)}`

async function migrated(options: PostgresStoreOptions = {}, of: PostgresPool = pool) {
  const table = freshTable()
  const store = postgresStore(of, { table, random: seldom, ...options })
  await store.migrate()
  return { store, table }
}

for (const listen of [false, true]) {
  storeContract(
    `postgresStore${listen ? ', listening' : ''}`,
    async () => {
      const other = server.pool({ max: 3 })
      const { store, table } = await migrated({ listen })
      return {
        store,
        twin: postgresStore(other, { table, listen }),
        close: () => other.end(),
      }
    },
    { describe: describe.concurrent, it },
  )
}

storeContract(
  'postgresStore at the isolation level SERIALIZABLE',
  async () => {
    const options = '-c default_transaction_isolation=serializable'
    const [one, other] = [server.pool({ options }), server.pool({ options })]
    const { store, table } = await migrated({}, one)
    return {
      store,
      twin: postgresStore(other, { table }),
      close: () => Promise.all([one.end(), other.end()]).then(() => {}),
    }
  },
  { describe: describe.concurrent, it },
)

describe('postgresStore', () => {
  it('writes nothing for a swap that loses', async () => {
    const { store, table } = await migrated()
    await store.swap('a', 0, value, HOUR_MS)
    const row = `SELECT xmin, xmax, ctid FROM ${table}`
    const { rows: before } = await pool.query(row)

    await store.swap('a', 0, value, HOUR_MS)
    await store.swap('a', 7, value, HOUR_MS)

    expect((await pool.query(row)).rows).toEqual(before)
  })

  it('lets a claim outlive a crash, although synchronous_commit is off', async () => {
    // Nobody but the commit itself would write the log to disk for ten seconds.
    const config = { wal_writer_delay: '10s' }
    const careless = await startPostgres({ synchronousCommit: 'off', config })
    onTestFinished(() => careless.stop())
    const { store, table } = await migrated({}, careless.pool())
    await careless.sql('CHECKPOINT')

    for (const expected of [0, 1]) await store.swap('a', expected, value, HOUR_MS)
    await careless.kill()
    await careless.restart()

    const again = postgresStore(careless.pool(), { table })
    expect(await again.read('a')).toMatchObject({ version: 2, value })
  })

  it('deletes rows whose time is over, a bounded number with a swap now and then', async () => {
    const running: Promise<unknown>[] = []
    const watched: PostgresPool = {
      connect: () => pool.connect(),
      query(text, values) {
        const result = pool.query(text, values)
        running.push(result)
        return result
      },
    }
    const { store, table } = await migrated({ random: always }, watched)
    await pool.query(
      `INSERT INTO ${table} SELECT 'old ' || n, 1, '', now(), now() - n * interval '1 second'
       FROM generate_series(1, 450) AS n`,
    )
    const left: unknown[] = []

    for (let expected = 0; expected < 3; expected += 1) {
      await store.swap('live', expected, value, HOUR_MS)
      await Promise.all(running)
      const { rows } = await pool.query(`SELECT key FROM ${table} WHERE key <> 'live'`)
      left.push(rows.length)
    }

    expect(left).toEqual([250, 50, 0])
    expect(await store.read('live')).toMatchObject({ version: 3 })
  })

  it('reads nothing from a standby, whose rows may be old', async () => {
    const standby = await startPostgres()
    onTestFinished(() => standby.stop())
    const { table } = await migrated({}, standby.pool())
    await standby.kill()
    await writeFile(join(standby.directory, 'data', 'standby.signal'), '')
    await standby.restart()
    const store = postgresStore(standby.pool(), { table })

    await expect(store.read('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/standby.*primary/),
    })
  })

  it.each(['', 'a b', 'a;b', 'A', 'a.b.c', '1a'])('takes no table of the name %j', (table) => {
    expect(() => postgresStore(pool, { table })).toThrow(TypeError)
  })

  it('takes no pool that is none', () => {
    expect(() => postgresStore({} as PostgresPool)).toThrow(/new pg.Pool/)
  })
})

describe('migrate', () => {
  it('is done once when four processes do it at once', async () => {
    const table = freshTable()
    const barrier = await pool.connect()
    await barrier.query('SELECT pg_advisory_lock(1)')
    const processes = Array.from({ length: 4 }, () =>
      runTypeScript('test/stores/postgres/migrate.ts', [server.url, table, '1']),
    )
    const waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while ((await pool.query(waiting)).rowCount !== processes.length);

    await barrier.query('SELECT pg_advisory_unlock(1)')
    barrier.release()
    const ends = await Promise.all(processes)

    for (const end of ends) expect(end).toMatchObject({ stdout: 'migrated\n', stderr: '' })
    const { rows } = await pool.query(`SELECT version FROM ${table}_migrations`)
    expect(rows).toEqual([{ version: 1 }])
  })

  it('finds a table of a schema, and does nothing the second time', async () => {
    await pool.query('CREATE SCHEMA auth')
    const store = postgresStore(pool, { table: 'auth.tokens' })

    await store.migrate()
    await store.migrate()

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('gives the connection back, and leaves nothing, when it fails', async () => {
    const one = server.pool({ max: 1, options: READ_ONLY })
    const table = freshTable()

    await expect(postgresStore(one, { table }).migrate()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/takes no writes/),
    })

    expect((await one.query('SELECT to_regclass($1) AS found', [table])).rows).toEqual([
      { found: null },
    ])
  })
})

describe('docs/stores.md', () => {
  const docs = readFile(new URL('../../docs/stores.md', import.meta.url), 'utf8')
  const table = 'refresh_once'

  it('has the SQL that migrate() runs', async () => {
    const record = `INSERT INTO ${table}_migrations (version) VALUES (1) ON CONFLICT DO NOTHING;`
    const sql = [versionsFor(table), ...migrationsFor(table)].map((text) => text.trim())

    for (const text of [...sql, record]) expect(await docs).toContain(text)
  })

  it('has SQL that can be pasted twice, and migrate() finds it done', async () => {
    const sql = /```sql\n(CREATE TABLE .+?)```/s.exec(await docs)![1]!

    for (const text of [sql, sql]) await pool.query(text)
    await postgresStore(server.pool({ options: READ_ONLY })).migrate()

    const { rows } = await pool.query(`SELECT version FROM ${table}_migrations`)
    expect(rows).toEqual([{ version: 1 }])
  })

  it('has the GRANTs that are enough, and says so where one is missing', async () => {
    const store = postgresStore(pool)
    await store.migrate()
    await pool.query("CREATE ROLE app LOGIN PASSWORD 'app'")
    const grants = [...(await docs).matchAll(/^GRANT .+;$/gm)].map(([grant]) => grant)
    const connectionString = server.url.replace(/\/\/.*@/, '//app:app@')
    const mine = postgresStore(server.pool({ connectionString }), { random: always, listen: true })

    await expect(mine.read('a')).rejects.toMatchObject({
      message: expect.stringMatching(/GRANT/),
    })
    for (const grant of grants) await pool.query(grant)

    await mine.migrate()
    expect(await mine.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
    expect(await mine.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true })
    expect(await mine.read('a')).toMatchObject({ version: 2 })
    expect((await pool.query('DELETE FROM refresh_once RETURNING key')).rows).toEqual([
      { key: 'a' },
    ])
  })
})

describe('listen', () => {
  /** Nobody looks a second time on a clock that stands still: only a message can wake. */
  async function still(of: PostgresPool, options: PostgresStoreOptions = {}) {
    const { table } = await migrated()
    const clock = manualClock()
    const store = postgresStore(of, { table, listen: true, clock, ...options })
    return { store, table, twin: postgresStore(pool, { table, listen: true }) }
  }

  it('wakes who waits, and gives the connection back when nobody does', async () => {
    const own = server.pool({ max: 2 })
    const { store, twin } = await still(own)
    const { signal } = new AbortController()

    const waits = [store.changed('a', 0, signal), store.changed('b', 0, signal)]
    await listeners(1)
    await twin.swap('a', 0, value, HOUR_MS)
    await waits[0]
    await twin.swap('b', 0, value, HOUR_MS)
    await waits[1]

    await listeners(0)
    await expect(own.end()).resolves.toBeUndefined()
  })

  it('hears which version stands there, and asks no more', async () => {
    const own = server.pool({ max: 2 })
    const { store, twin } = await still(own)
    const asked = vi.spyOn(own, 'query')
    for (const version of [0, 1]) {
      asked.mockClear()
      const woken = store.changed('a', version, new AbortController().signal)
      await expect.poll(() => asked.mock.calls.length).toBe(2)

      await twin.swap('a', version, value, HOUR_MS)
      await woken

      expect(asked).toHaveBeenCalledTimes(2)
    }
    await listeners(0)
    await own.end()
  })

  it('goes on looking when the connection is lost, and listens on another', async () => {
    const own = server.pool({ max: 2 })
    const { store, table, twin } = await still(own, { clock: systemClock })
    const woken = store.changed('a', 0, new AbortController().signal)
    await listeners(1)
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN ${table}'`,
    )
    await listeners(0)
    await twin.swap('a', 0, value, HOUR_MS)
    await woken

    const again = store.changed('a', 1, new AbortController().signal)
    await listeners(1)
    await twin.swap('a', 1, value, HOUR_MS)

    await expect(again).resolves.toBeUndefined()
  })

  it('goes on looking through a pooler that hears nothing, like PgBouncer', async () => {
    const deaf: PostgresPool = {
      query: (text, values) => pool.query(text, values),
      // Each transaction has another connection: nobody listens when it is over.
      async connect() {
        const client: PostgresClient = await pool.connect()
        await client.query('UNLISTEN *')
        return {
          ...client,
          on: () => {},
          query: async () => ({ rows: [] }),
          release: () => client.release(),
          removeListener: () => {},
        }
      },
    }
    const { store, twin } = await still(deaf, { clock: systemClock })
    const woken = store.changed('a', 0, new AbortController().signal)

    await twin.swap('a', 0, value, HOUR_MS)

    await expect(woken).resolves.toBeUndefined()
  })

  it('takes a table as long as the name of a channel may be, and none that is longer', async () => {
    const schema = 's'.repeat(22)
    const table = (length: number): string => `${schema}.${'t'.repeat(length)}`
    await pool.query(`CREATE SCHEMA ${schema}`)
    const store = postgresStore(pool, { table: table(40), listen: true })
    await store.migrate()

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
    const longer = { table: `s${table(40)}` }
    expect(() => postgresStore(pool, { ...longer, listen: true })).toThrow(/at most 63/)
    expect(() => postgresStore(pool, longer)).not.toThrow()
  })

  it('takes no pool of one connection, which it would take for itself', () => {
    expect(() => postgresStore(server.pool({ max: 1 }), { listen: true })).toThrow(/max/)
  })

  /** Resolves when so many connections listen. */
  async function listeners(count: number): Promise<void> {
    const query = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
    while ((await pool.query(query)).rowCount !== count);
  }
})
