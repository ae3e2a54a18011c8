import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createRefresher, type ErrorCode, type Store, type TokenSet } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { httpStore } from '../../src/stores/http.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqlStore, type SqlStore } from '../../src/stores/sql.ts'
import { sqliteStore, type SqliteDatabase } from '../../src/stores/sqlite.ts'
import { startOidcServer, tokenSetOf, type OidcServer } from '../oidc/oidc-server.ts'
import { startMariadb, type MariadbServer } from '../servers/mariadb.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { startRestShim, type RestShim } from './redis-rest-shim.ts'

/** What a database can have, and how it ends. */
interface Trouble {
  /** A store that was not used yet. */
  store(): Store | Promise<Store>
  begin(store: Store): unknown
  end(store: Store): unknown
  readonly code?: ErrorCode
  readonly says: RegExp
}

/** For a store that never answers: its two tries take longer than a good token waits for. */
const STORE_TIMEOUT_MS = 300
const IS_LATE = /longer than 300 ms/
/** For all others, which answer at once unless the host is busy. */
const PATIENT_MS = 4_000
/** So long the access token is good, and a little less than it is refreshed ahead. */
const LEFT_MS = 19_000

let as: OidcServer
let redis: RedisServer
let shim: RestShim
let postgres: PostgresServer
let mariadb: MariadbServer
beforeAll(async () => {
  ;[as, redis, postgres, mariadb] = await Promise.all([
    startOidcServer(),
    startRedis(),
    startPostgres(),
    startMariadb(),
  ])
  await onMariadb().migrate()
  await mariadb.sql("CREATE USER app@'%'", "GRANT ALL ON test.* TO app@'%'")
  shim = await startRestShim(redis.port)
  const { migrate } = postgresStore(postgres.pool())
  await migrate()
  await postgres.sql("CREATE ROLE app LOGIN PASSWORD 'app'")
  await postgres.sql('GRANT ALL ON refresh_once TO app')
})
afterAll(() =>
  Promise.all([as?.stop(), shim?.stop(), redis?.stop(), postgres?.stop(), mariadb?.stop()]),
)

const set = (name: string, value: string) => () => redis.cli('CONFIG', 'SET', name, value)

async function onRedis(): Promise<Store> {
  const client = await createClient({ url: redis.url })
    .on('error', () => {})
    .connect()
  onTestFinished(() => client.destroy())
  return redisStore(client, { onWarning: () => {} })
}

const overHttp = (): Store => httpStore({ url: shim.url, token: shim.token })

const onPostgres = (): Store => postgresStore(postgres.pool({ max: 3 }))

function asRole(): Store {
  const connectionString = postgres.url.replace(/\/\/.*@/, '//app:app@')
  return postgresStore(postgres.pool({ connectionString }))
}

function onMariadb(uri = mariadb.url): SqlStore {
  const pool = mariadb.pool({ uri, connectionLimit: 3 })
  return sqlStore({ dialect: 'mariadb', query: (text, values) => pool.query(text, values) })
}

/** As its owner, who may write whatever the default is. */
async function sql(...statements: string[]): Promise<void> {
  const pool = postgres.pool({ max: 1, options: '-c default_transaction_read_only=off' })
  for (const statement of statements) await pool.query(statement)
  await pool.end()
}

type Libsql = SqliteDatabase & { close(): void }
const Database = createRequire(createRequire(import.meta.url).resolve('@libsql/client'))(
  'libsql',
) as new (path: string) => Libsql

/** The connection behind a store, and another. */
const connections = new WeakMap<Store, readonly Libsql[]>()

async function onSqlite(): Promise<Store> {
  const directory = await freshDirectory()
  const [db, other] = [1, 2].map(() => new Database(join(directory, 'rows.db')))
  onTestFinished(() => {
    db!.close()
    other!.close()
  })
  const store = sqliteStore(db!, { busyTimeoutMs: 20 })
  await store.read('a')
  connections.set(store, [db!, other!])
  return store
}

/** Does a statement with the store's connection (0), or with the other. */
const exec = (which: 0 | 1, text: string) => (store: Store) =>
  void connections.get(store)![which]!.exec(text)

/** Lets the database grow no more, and fills its pages until no row fits into any of them. */
function fill(store: Store): void {
  const [db] = connections.get(store)!
  const row = "'ro1-' || hex(randomblob(24)), 1, x'00', 0, 1e15 + random() % 1000"
  db!.exec('PRAGMA synchronous = OFF')
  db!.exec('PRAGMA max_page_count = 20')
  for (let failures = 0; failures < 200;) {
    try {
      db!.exec(`INSERT INTO refresh_once SELECT ${row}`)
    } catch {
      failures += 1
    }
  }
  db!.exec('PRAGMA synchronous = FULL')
}

const paths = new WeakMap<Store, string>()

async function onFiles(): Promise<Store> {
  const path = join(await freshDirectory(), 'ledger')
  const store = fileStore(path)
  await store.read('a')
  paths.set(store, path)
  return store
}

async function freshDirectory(): Promise<string> {
  const directory = await temporaryDirectory('trouble')
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'Redis that answers nobody': {
    store: onRedis,
    begin: () => redis.freeze(),
    end: () => redis.thaw(),
    says: IS_LATE,
  },
  'Redis that is full': {
    store: onRedis,
    begin: set('maxmemory', '1'),
    end: set('maxmemory', '0'),
    code: 'store_full',
    says: /maxmemory: raise it/,
  },
  'Redis that became a replica': {
    store: onRedis,
    begin: () => redis.cli('REPLICAOF', '127.0.0.1', '1'),
    end: () => redis.cli('REPLICAOF', 'NO', 'ONE'),
    says: /connect to the primary/,
  },
  'Redis that lost its replicas': {
    store: onRedis,
    begin: set('min-replicas-to-write', '1'),
    end: set('min-replicas-to-write', '0'),
    says: /min-replicas-to-write/,
  },
  'Redis that may evict': {
    store: onRedis,
    begin: set('maxmemory-policy', 'allkeys-lru'),
    end: set('maxmemory-policy', 'noeviction'),
    code: 'store_evicts',
    says: /set noeviction/,
  },
  'Redis that was killed': {
    store: onRedis,
    begin: () => redis.kill(),
    end: () => redis.restart(),
    says: /is it running|longer than 300 ms/,
  },
  'Redis over HTTP, and the service is down': {
    store: overHttp,
    begin: () => (shim.status = 503),
    end: () => (shim.status = undefined),
    says: /status 503/,
  },
  'Redis over HTTP, and Redis is full': {
    store: overHttp,
    begin: set('maxmemory', '1'),
    end: set('maxmemory', '0'),
    code: 'store_full',
    says: /maxmemory: raise it/,
  },
  'PostgreSQL that answers nobody': {
    store: onPostgres,
    begin: () => postgres.freeze(),
    end: () => postgres.thaw(),
    says: IS_LATE,
  },
  'PostgreSQL whose disk is full': {
    store: onPostgres,
    // What it says where a file cannot be extended.
    begin: () =>
      sql(
        `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$`,
        `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON refresh_once
         EXECUTE FUNCTION full_disk()`,
      ),
    end: () => sql('DROP TRIGGER full_disk ON refresh_once', 'DROP FUNCTION full_disk'),
    code: 'store_full',
    says: /disk is full/,
  },
  'PostgreSQL that takes no writes': {
    store: onPostgres,
    begin: () =>
      sql('ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()'),
    end: () => sql('ALTER SYSTEM RESET default_transaction_read_only', 'SELECT pg_reload_conf()'),
    says: /takes no writes/,
  },
  'PostgreSQL that has no connection left': {
    store: asRole,
    begin: () => sql('ALTER ROLE app CONNECTION LIMIT 0'),
    end: () => sql('ALTER ROLE app CONNECTION LIMIT -1'),
    says: /no connection left/,
  },
  'PostgreSQL that was never migrated': {
    store: onPostgres,
    begin: () => sql('ALTER TABLE refresh_once RENAME TO elsewhere'),
    end: () => sql('ALTER TABLE elsewhere RENAME TO refresh_once'),
    says: /migrate\(\)/,
  },
  'PostgreSQL that was killed': {
    store: onPostgres,
    begin: () => postgres.kill(),
    end: () => postgres.restart(),
    says: /is it running/,
  },
  'MariaDB that answers nobody': {
    store: onMariadb,
    begin: () => mariadb.freeze(),
    end: () => mariadb.thaw(),
    says: IS_LATE,
  },
  'MariaDB whose disk is full': {
    store: onMariadb,
    begin: () =>
      mariadb.sql(
        `CREATE TRIGGER test.full_disk BEFORE INSERT ON test.refresh_once FOR EACH ROW
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114`,
        `CREATE TRIGGER test.full_disk_2 BEFORE UPDATE ON test.refresh_once FOR EACH ROW
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114`,
      ),
    end: () => mariadb.sql('DROP TRIGGER test.full_disk', 'DROP TRIGGER test.full_disk_2'),
    code: 'store_full',
    says: /is full/,
  },
  'MariaDB that takes no writes': {
    store: onMariadb,
    begin: () => mariadb.sql('SET GLOBAL read_only = 1'),
    end: () => mariadb.sql('SET GLOBAL read_only = 0'),
    says: /connect to the primary/,
  },
  'MariaDB that locks the account': {
    store: () => onMariadb(mariadb.url.replace('root@', 'app@')),
    begin: () => mariadb.sql("ALTER USER app@'%' ACCOUNT LOCK"),
    end: () => mariadb.sql("ALTER USER app@'%' ACCOUNT UNLOCK"),
    says: /account of the user is locked/,
  },
  'MariaDB that was never migrated': {
    store: onMariadb,
    begin: () => mariadb.sql('RENAME TABLE test.refresh_once TO test.elsewhere'),
    end: () => mariadb.sql('RENAME TABLE test.elsewhere TO test.refresh_once'),
    says: /migrate\(\)/,
  },
  'MariaDB that was killed': {
    store: onMariadb,
    begin: () => mariadb.kill(),
    end: () => mariadb.restart(),
    says: /is it running|connection broke/,
  },
  'SQLite that another process locks': {
    store: onSqlite,
    begin: exec(1, 'BEGIN EXCLUSIVE'),
    end: exec(1, 'ROLLBACK'),
    says: /locked: another process/,
  },
  'SQLite whose disk is full': {
    store: onSqlite,
    begin: fill,
    end: exec(0, 'PRAGMA max_page_count = 100000'),
    code: 'store_full',
    says: /disk is full/,
  },
  'SQLite that takes no writes': {
    store: onSqlite,
    begin: exec(0, 'PRAGMA query_only = on'),
    end: exec(0, 'PRAGMA query_only = off'),
    says: /read-only/,
  },
  'a folder that is gone': {
    store: onFiles,
    async begin(store) {
      await rename(paths.get(store)!, `${paths.get(store)!}.gone`)
      await writeFile(paths.get(store)!, '')
    },
    async end(store) {
      await rm(paths.get(store)!)
      await rename(`${paths.get(store)!}.gone`, paths.get(store)!)
    },
    says: /a file/,
  },
  'a folder that others may enter': {
    async store() {
      const path = await freshDirectory()
      const store = fileStore(path)
      paths.set(store, path)
      return store
    },
    begin: (store) => chmod(paths.get(store)!, 0o755),
    end: (store) => chmod(paths.get(store)!, 0o700),
    says: /chmod 700/,
  },
}

/** The set as it is when its access token of a minute has so long to live, and is due. */
function aged(tokens: TokenSet, leftMs: number): TokenSet {
  const expiresAtMs = systemClock.now() + leftMs
  return { ...tokens, obtainedAtMs: expiresAtMs - 60_000, expiresAtMs }
}

describe('nothing is presented, nobody is signed out, and it goes on by itself, with', () => {
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    it(name, async () => {
      const { code = 'store_unavailable', says } = trouble
      const store = await trouble.store()
      const storeMs = says.source.includes(IS_LATE.source) ? STORE_TIMEOUT_MS : PATIENT_MS
      const refresher = createRefresher({
        provider: oidc({ issuer: as.issuer, rotation: 'always' }),
        client: as.clients.public,
        ledger: { store },
        refreshAheadMs: 20_000,
        timeouts: { storeMs },
        onEvent: () => {},
      })
      const tokens = aged(tokenSetOf(await as.signIn()), LEFT_MS)
      const before = as.counts().presentations
      const message = expect.stringMatching(new RegExp(`^${store.name}: .*(?:${says.source})`))
      const error = { code, store: store.name, message }

      await trouble.begin(store)
      try {
        const served = await refresher.refresh(tokens)
        expect(served, served.error?.message).toMatchObject({
          usable: true,
          accessToken: tokens.accessToken,
          changed: false,
          needsSignIn: false,
          state: 'error',
          error,
        })
        const unserved = await refresher.refresh(aged(tokens, -1_000))
        expect(unserved, unserved.error?.message).toMatchObject({
          state: 'error',
          usable: false,
          changed: false,
          needsSignIn: false,
          error,
        })
        expect(as.counts().presentations).toBe(before)
      } finally {
        await trouble.end(store)
      }

      let outcome = await refresher.refresh(tokens)
      while (['error', 'expiring'].includes(outcome.state) && !outcome.needsSignIn)
        outcome = await refresher.refresh(tokens)
      const why = outcome.error?.code ?? 'no error'
      expect(outcome, why).toMatchObject({ state: 'rotated', usable: true, needsSignIn: false })
      expect(as.counts()).toMatchObject({ presentations: before + 1, presentedTwice: 0 })
    })
  }
})
