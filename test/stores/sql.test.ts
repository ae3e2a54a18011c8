import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { CompiledQuery, Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import knexOf, { type Knex } from 'knex'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { drizzle as drizzleLibsql } from 'drizzle-orm/libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { sqlStore, type SqlStore, type SqlStoreOptions } from '../../src/stores/sql.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { startMariadb, type MariadbServer } from '../servers/mariadb.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { temporaryDirectory } from '../servers/process.ts'

const value = Uint8Array.of(0, 255, 10)
const nothing = (): unknown => undefined
const HOUR_MS = 3_600_000
const always = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 }

let mariadb: MariadbServer
let postgres: PostgresServer
beforeAll(async () => {
  ;[mariadb, postgres] = await Promise.all([startMariadb(), startPostgres()])
}, 120_000)
afterAll(() => Promise.all([mariadb?.stop(), postgres?.stop()]))

let tables = 0
/** A table of its own, lowercase. */
const freshTable = (): string => `rows_${(tables += 1)}`

/** How each client is passed: two connections a contender. */
interface Door {
  readonly open: () => Omit<SqlStoreOptions, 'table'>
}

const DOORS: Readonly<Record<string, Door>> = {
  'mysql2 on MariaDB': {
    open() {
      const pool = mariadb.pool()
      return { dialect: 'mariadb', query: (text, values) => pool.query(text, values) }
    },
  },
  'mysql2, prepared, REPEATABLE READ, as MySQL': {
    open() {
      const pool = mariadb.pool()
      return { dialect: 'mysql', query: (text, values) => pool.execute(text, values) }
    },
  },
  'knex on MariaDB': {
    open() {
      const knex = knexOf({ client: 'mysql2', connection: mariadb.url })
      closing.push(() => knex.destroy())
      return { dialect: 'mariadb', query: (text, values) => knex.raw(text, values as Knex.Value[]) }
    },
  },
  'kysely on MariaDB': {
    open() {
      const db = new Kysely({ dialect: new MysqlDialect({ pool: mariadb.pool().pool }) })
      return {
        dialect: 'mariadb',
        query: (text, values) => db.executeQuery(CompiledQuery.raw(text, values)),
      }
    },
  },
  'drizzle on MariaDB': {
    open() {
      const db = drizzleMysql({ client: mariadb.pool() })
      return { dialect: 'mariadb', query: (text, values) => db.$client.query(text, values) }
    },
  },
  'drizzle on PostgreSQL': {
    open() {
      const db = drizzlePostgres({ client: postgres.pool() })
      return { dialect: 'postgres', query: (text, values) => db.$client.query(text, values) }
    },
  },
  'knex on PostgreSQL': {
    open() {
      const knex = knexOf({ client: 'pg', connection: postgres.url })
      closing.push(() => knex.destroy())
      return {
        dialect: 'postgres',
        placeholders: '?',
        query: (text, values) => knex.raw(text, values as Knex.Value[]),
      }
    },
  },
  'kysely on PostgreSQL': {
    open() {
      const db = new Kysely({ dialect: new PostgresDialect({ pool: postgres.pool() }) })
      return {
        dialect: 'postgres',
        query: (text, values) => db.executeQuery(CompiledQuery.raw(text, values)),
      }
    },
  },
}
const closing: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closing.map((close) => close())))

for (const [name, { open }] of Object.entries(DOORS)) {
  let doors: readonly ReturnType<typeof open>[] | undefined
  storeContract(
    `sqlStore over ${name}`,
    async () => {
      const table = freshTable()
      doors ??= [open(), open()]
      const [store, twin] = doors.map((each) => sqlStore({ ...each, table }))
      await Promise.all([store!.migrate(), twin!.migrate()])
      return { store: store!, twin: twin! }
    },
    { describe: describe.concurrent, it },
  )
}

for (const [name, queryOf] of Object.entries({
  'libsql on a local file': (url: string): SqlStoreOptions['query'] => {
    const client = createClient({ url })
    return (sql, args) => client.execute({ sql, args })
  },
  'drizzle over libsql': (url: string): SqlStoreOptions['query'] => {
    const db = drizzleLibsql({ connection: { url } })
    return (sql, args) => db.$client.execute({ sql, args })
  },
})) {
  storeContract(
    `sqlStore over ${name}`,
    async () => {
      const directory = await temporaryDirectory('sql')
      const url = `file:${join(directory, 'rows.db')}`
      const [store, twin] = [1, 2].map(() => sqlStore({ dialect: 'sqlite', query: queryOf(url) }))
      await Promise.all([store!.migrate(), twin!.migrate()])
      return {
        store: store!,
        twin: twin!,
        close: () => rm(directory, { recursive: true }),
      }
    },
    { describe: describe.concurrent, it },
  )
}

describe('sqlStore', () => {
  const overPool = (
    pool: ReturnType<MariadbServer['pool']>,
    options: Partial<SqlStoreOptions> = {},
  ): SqlStore =>
    sqlStore({ dialect: 'mariadb', query: (text, values) => pool.query(text, values), ...options })

  async function made(options: Partial<SqlStoreOptions> = {}): Promise<SqlStore> {
    const store = overPool(mariadb.pool(), { table: freshTable(), ...options })
    await store.migrate()
    return store
  }

  it('makes its table once, whichever process comes first', async () => {
    const table = freshTable()
    const stores = [1, 2, 3, 4, 5, 6].flatMap(() => {
      const [mine, theirs] = [mariadb.pool(), postgres.pool()]
      return [
        overPool(mine, { table }),
        sqlStore({ dialect: 'postgres', table, query: (text, args) => theirs.query(text, args) }),
      ]
    })

    await Promise.all(stores.map((store) => store.migrate()))

    for (const store of stores) expect(await store.read('a')).toMatchObject({ version: 0 })
  })

  it('shares the table of postgresStore, whichever of them made it', async () => {
    const table = freshTable()
    const pool = postgres.pool()
    const store = sqlStore({
      dialect: 'postgres',
      table,
      query: (text, values) => pool.query(text, values),
    })
    const other = postgresStore(pool, { table })

    await store.migrate()
    await other.migrate()
    await store.swap('a', 0, value, HOUR_MS)

    expect(await other.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true, version: 2 })
    expect(await store.read('a')).toMatchObject({ version: 2 })
  })

  it.each(['READ UNCOMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
    'lets one of many win, and tells all of them who, at %s',
    async (level) => {
      const table = freshTable()
      const stores = await Promise.all(
        [1, 2, 3].map(async () => {
          const pool = mariadb.pool({ connectionLimit: 1 })
          await pool.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`)
          const store = overPool(pool, { table })
          await store.migrate()
          return store
        }),
      )

      for (let expected = 0; expected < 10; expected += 1) {
        const found = await Promise.all(
          stores.map((store, index) => store.swap('a', expected, Uint8Array.of(index), HOUR_MS)),
        )
        const winner = found.findIndex(({ swapped }) => swapped)
        expect(found.filter(({ swapped }) => swapped)).toHaveLength(1)
        for (const each of found) {
          expect(each).toMatchObject({ version: expected + 1, value: Uint8Array.of(winner) })
        }
      }
    },
  )

  it('tells the time of the server, whatever the time zone of a session is', async () => {
    const table = freshTable()
    const zones = ['+00:00', '+09:30', '-08:00']
    const stores = await Promise.all(
      zones.map(async (zone) => {
        const pool = mariadb.pool({ connectionLimit: 1 })
        await pool.query(`SET time_zone = '${zone}'`)
        return overPool(pool, { table })
      }),
    )
    await stores[0]!.migrate()
    await stores[0]!.swap('a', 0, value, HOUR_MS)

    const times = await Promise.all(stores.map((store) => store.read('a')))

    const nowMs = times.map((each) => each.nowMs)
    expect(Math.max(...nowMs) - Math.min(...nowMs)).toBeLessThan(30_000)
    expect(Math.abs(nowMs[0]! - systemClock.now())).toBeLessThan(30_000)
  })

  it.each([
    ['a transaction of the application', 'BEGIN'],
    ['a connection that commits nothing by itself', 'SET autocommit = 0'],
  ])('writes no claim into %s', async (_, statement) => {
    const pool = mariadb.pool({ connectionLimit: 1 })
    const store = overPool(pool, { table: freshTable() })
    await store.migrate()
    await pool.query(statement)

    for (const call of [store.read('a'), store.swap('a', 0, value, HOUR_MS)]) {
      await expect(call).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('autocommit'),
      })
    }
  })

  it('reads from no server that is read-only, as replicas are', async () => {
    const store = await made()
    await mariadb.sql('SET GLOBAL read_only = 1')
    try {
      await expect(store.read('a')).rejects.toMatchObject({
        message: expect.stringContaining('connect to the primary'),
      })
    } finally {
      await mariadb.sql('SET GLOBAL read_only = 0')
    }

    expect(await store.read('a')).toMatchObject({ version: 0 })
  })

  it('sends a statement again that a deadlock undid, and gives up at last', async () => {
    const pool = mariadb.pool()
    let deadlocks = 3
    const table = freshTable()
    const store = overPool(pool, {
      table,
      random: { ...always, bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
      query: async (text, values) => {
        if (!/^\s*(INSERT|UPDATE)/.test(text) || (deadlocks -= 1) < 0)
          return pool.query(text, values)
        // As an ORM wraps it.
        const cause = Object.assign(new Error('Deadlock found'), { errno: 1213, sqlState: '40001' })
        throw new Error(`Failed query: ${text} ${String(values)}`, { cause })
      },
    })
    await store.migrate()

    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true, version: 1 })
    deadlocks = Infinity
    const error = await store.swap('a', 1, value, HOUR_MS).catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'store_unavailable', store: 'mariadb' })
    expect(String(error)).toMatch(/Deadlocks: look for an open transaction/)
    expect(String(error)).not.toMatch(/Failed query|255/)
  })

  it('outlives deadlocks that the server finds', async () => {
    const table = freshTable()
    const store = overPool(mariadb.pool(), { table })
    await store.migrate()
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`)

    const found = await Promise.all(
      keys.flatMap((key) =>
        [1, 2, 3].map((each) => store.swap(key, 0, Uint8Array.of(each), HOUR_MS)),
      ),
    )

    expect(found.filter(({ swapped }) => swapped)).toHaveLength(keys.length)
  })

  it('says that another session locks the row', async () => {
    const table = freshTable()
    const pool = mariadb.pool({ connectionLimit: 1 })
    const store = overPool(pool, { table })
    await store.migrate()
    await store.swap('a', 0, value, HOUR_MS)
    await pool.query('SET innodb_lock_wait_timeout = 0')
    const other = await mariadb.pool().getConnection()
    await other.query('BEGIN')
    await other.query(`SELECT * FROM ${table} FOR UPDATE`)

    const locked = store.swap('a', 1, value, HOUR_MS)

    await expect(locked).rejects.toMatchObject({
      message: expect.stringContaining('Another session locks the row'),
    })
    await other.query('COMMIT')
    other.release()
    expect(await store.swap('a', 1, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('says that a connection was killed, and goes on with another', async () => {
    const table = freshTable()
    const pool = mariadb.pool({ connectionLimit: 1 })
    const store = overPool(pool, { table })
    await store.migrate()
    const [[row]] = (await pool.query('SELECT CONNECTION_ID() AS id')) as unknown as [
      { id: number }[],
    ]
    const blocker = await mariadb.pool().getConnection()
    await blocker.query(`LOCK TABLES ${table} WRITE`)
    const waiting = store.swap('a', 0, value, HOUR_MS).catch((reason: unknown) => reason)
    let isWaiting = false
    while (!isWaiting) {
      const [list] = (await blocker.query('SHOW PROCESSLIST')) as unknown as [
        { Id: number; State: string | null }[],
      ]
      isWaiting = list.some(({ Id, State }) => Id === row!.id && /lock/i.test(State ?? ''))
    }

    await blocker.query(`KILL ${row!.id}`)

    expect(await waiting).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/connection broke|killed/),
    })
    await blocker.query('UNLOCK TABLES')
    blocker.release()
    expect(await store.swap('a', 0, value, HOUR_MS)).toMatchObject({ swapped: true })
  })

  it('deletes rows whose time is over, a bounded number with a swap now and then', async () => {
    const table = freshTable()
    const pool = mariadb.pool()
    const deleted: Promise<unknown>[] = []
    const store = overPool(pool, {
      table,
      random: always,
      query(text, values) {
        const answer = pool.query(text, values)
        if (text.includes('DELETE')) deleted.push(answer)
        return answer
      },
    })
    await store.migrate()
    await pool.query(
      `INSERT INTO ${table} SELECT CONCAT('old-', seq), 1, 'x', 0, seq, '' FROM seq_1_to_450`,
    )
    const left: unknown[] = []

    for (let expected = 0; expected < 3; expected += 1) {
      await store.swap('live', expected, value, HOUR_MS)
      await Promise.all(deleted)
      const [rows] = await pool.query(`SELECT COUNT(*) AS n FROM ${table} WHERE row_key <> 'live'`)
      left.push(rows)
    }

    expect(left).toEqual([[{ n: 250 }], [{ n: 50 }], [{ n: 0 }]])
  })

  it('says that the table is missing, also through an ORM', async () => {
    const table = freshTable()
    const drizzle = drizzleLibsql({ connection: { url: 'file::memory:' } })
    const stores = [
      overPool(mariadb.pool(), { table }),
      sqlStore({
        dialect: 'sqlite',
        table,
        query: (sql, args) => drizzle.$client.execute({ sql, args }),
      }),
    ]

    for (const store of stores) {
      await expect(store.read('a')).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('await store.migrate()'),
      })
    }
  })

  it.each([
    ['no rows', () => undefined, /gave no rows/],
    ['a count', () => ({ rowCount: 1 }), /gave no rows/],
    [
      'bytes as text',
      () => [{ now_ms: 1, version: 1, written_ms: 1, value: String.raw`\x00` }],
      /gave no bytes/,
    ],
  ])('says what is wrong with a function that gives %s', async (_, query, says) => {
    const store = sqlStore({ dialect: 'postgres', query })

    await expect(store.read('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(says),
    })
  })

  it.each([
    [{}, /dialect is missing: write 'postgres' or/],
    [{ dialect: 'mssql' }, /dialect is 'mssql'/],
    [{ dialect: 'mysql' }, /query is missing: write a function/],
    [{ dialect: 'mysql', query: nothing, table: 'a; DROP' }, /table is a text|write a name/],
    [{ dialect: 'mysql', query: nothing, placeholders: '$1' }, /those of postgres/],
    [{ dialect: 'sqlite', query: nothing, table: 'a.b' }, /which sqlite has not/],
    [{ dialect: 'mysql', query: nothing, tabel: 'a' }, /did you mean table/],
  ])('takes no options like %j', (options, says) => {
    expect(() => sqlStore(options as unknown as SqlStoreOptions)).toThrow(TypeError)
    expect(() => sqlStore(options as unknown as SqlStoreOptions)).toThrow(says)
  })
})
