import { chmodSync, statSync } from 'node:fs'
import {
  checkOptions,
  clock as aClock,
  ms,
  random as aRandom,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { ownField } from '../core/text.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import { identityOf, storeErrors, watching } from './shared.ts'
import { SQLITE_ERRORS } from './sqlite/errors.ts'
import { prepareFor, statementsFor, type SqliteStatements } from './sqlite/statements.sql.ts'

/** What is asked of a database: `DatabaseSync` of `node:sqlite`, or better-sqlite3's. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** As `node:sqlite` names it. */
  readonly isTransaction?: boolean
  /** As better-sqlite3 names it. */
  readonly inTransaction?: boolean
}

interface SqliteStatement {
  get(...values: (string | number | Uint8Array)[]): unknown
}

export interface SqliteStoreOptions {
  /** Default `refresh_once`. */
  readonly table?: string
  /**
   * How long a write waits for another process that is writing, milliseconds. The event loop is
   * blocked meanwhile, as SQLite's calls are synchronous. Default 1,000.
   */
  readonly busyTimeoutMs?: number
  readonly clock?: Clock
  readonly random?: Random
}

const STORE = 'sqlite'
const TABLE = /^[a-z_][a-z0-9_]{0,39}$/

const OPTIONS: TableOf<SqliteStoreOptions> = {
  table: text('a name of lowercase letters, digits and _', (name) => TABLE.test(name)),
  busyTimeoutMs: ms,
  clock: aClock,
  random: aRandom,
}

const errorFrom = storeErrors(STORE, SQLITE_ERRORS)

const SWEEP_CHANCE = 1 / 50
const SWEEP_ROWS = 200

/**
 * Keeps rows in a SQLite database. All processes of one host that open the same file on a local
 * disk share them, also across a crash of the host.
 *
 * Give the store a connection of its own: an open transaction of the application would hold the
 * claims back, and would take them away if it is rolled back. When it is first used, the store
 * turns on WAL and `synchronous = FULL`, makes its table, and takes the files away from other users
 * of the host (mode 0600).
 *
 * @throws {TypeError} For an object that is no database, or a table name that is not allowed.
 * @store SQLite
 * @for several processes of one host
 * @sharedBy all processes that open it
 * @needs `node:sqlite` (Node 22.13), or better-sqlite3
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): Store {
  checkOptions('sqliteStore', options, OPTIONS)
  const { table = 'refresh_once', busyTimeoutMs = 1_000, clock, random = systemRandom } = options
  if (typeof db?.prepare !== 'function' || typeof db.exec !== 'function') {
    throw new TypeError(
      "sqliteStore() takes a database of node:sqlite (new DatabaseSync('refresh-once.db')) or " +
        'better-sqlite3',
    )
  }
  let statements: ReturnType<typeof prepare> | undefined

  function prepare(): Readonly<Record<keyof SqliteStatements, SqliteStatement>> {
    keepPrivate(db)
    for (const text of prepareFor(table, Math.ceil(busyTimeoutMs))) db.exec(text)
    const { read, insert, update, sweep } = statementsFor(table)
    return {
      read: db.prepare(read),
      insert: db.prepare(insert),
      update: db.prepare(update),
      sweep: db.prepare(sweep),
    }
  }

  async function call<R>(work: () => R): Promise<R> {
    try {
      if (db.isTransaction === true || db.inTransaction === true) {
        const hint = 'A transaction is open on this connection: give the store one of its own.'
        throw new RefreshError('store_unavailable', { store: STORE, hint })
      }
      return work()
    } catch (error) {
      throw errorFrom(error)
    }
  }

  const look = (key: string): StoredRow => {
    const row = Object((statements ??= prepare()).read.get(key)) as object
    const value = ownField(row, 'value')
    return {
      ...(value != null && { value: new Uint8Array(value as Uint8Array) }),
      version: Number(ownField(row, 'version') ?? 0),
      writtenAtMs: Number(ownField(row, 'written_ms') ?? 0),
      nowMs: Number(ownField(row, 'now_ms')),
    }
  }
  const read = (key: string): Promise<StoredRow> => call(() => look(key))

  return {
    name: STORE,
    id: `sqlite ${identityOf(db)} ${table}`,
    read,
    swap(key, expected, value, ttlMs) {
      return call(() => {
        const { insert, update, sweep } = (statements ??= prepare())
        const ttl = Math.ceil(ttlMs)
        const row =
          expected === 0 ? insert.get(key, value, ttl) : update.get(value, ttl, key, expected)
        if (row == null) return { ...look(key), swapped: false }
        if (random.fraction() < SWEEP_CHANCE) sweep.get(SWEEP_ROWS)
        const writtenAtMs = Number(ownField(row, 'written_ms'))
        const stored = { value: value.slice(), version: expected + 1, writtenAtMs }
        return { ...stored, nowMs: writtenAtMs, swapped: true }
      })
    },
    changed: watching(read, { clock, random }),
  }
}

/**
 * Takes the files of a database away from other users. SQLite makes new ones beside it with the
 * permissions of the database, which it makes readable for everybody.
 */
function keepPrivate(db: SqliteDatabase): void {
  const main = "SELECT file FROM pragma_database_list WHERE name = 'main'"
  const file = ownField(Object(db.prepare(main).get()) as object, 'file')
  // Empty for a database in memory.
  if (typeof file !== 'string' || file === '') return
  for (const each of [file, `${file}-journal`, `${file}-wal`, `${file}-shm`]) {
    try {
      if ((statSync(each).mode & 0o077) !== 0) chmodSync(each, 0o600)
    } catch {
      // It is not there, or belongs to another user, who decides about it.
    }
  }
}
