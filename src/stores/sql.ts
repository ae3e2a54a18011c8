import {
  checkOptions,
  clock as aClock,
  func,
  needed,
  oneOf,
  random as aRandom,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { DIALECTS, type DialectName, type SqlValue } from './sql/dialects.ts'
import { sqlRows, type SqlStore } from './sql/rows.ts'

export type { SqlStore, SqlValue }

export interface SqlStoreOptions {
  readonly dialect: DialectName
  /**
   * Runs one statement, in no transaction of the application's, and resolves to its rows: a list of
   * objects, or what the client gives that has them (`{ rows }`, `{ results }`, mysql2's `[rows,
   * fields]`). Bytes are a `Buffer` where there is one.
   */
  readonly query: (text: string, values: SqlValue[]) => unknown
  /** How `query` marks the place of a value. Default: `$1` for PostgreSQL, `?` for the others. */
  readonly placeholders?: '$1' | '?'
  /** The table, with its schema if need be, for which SQLite has none. Default `refresh_once`. */
  readonly table?: string
  readonly clock?: Clock
  readonly random?: Random
}

const TABLE = /^[a-z_][a-z0-9_]{0,39}(?:\.[a-z_][a-z0-9_]{0,39})?$/

const OPTIONS: TableOf<SqlStoreOptions> = {
  dialect: needed(oneOf('postgres', 'mysql', 'mariadb', 'sqlite')),
  query: needed(func, 'a function: (text, values) => pool.query(text, values)'),
  placeholders: oneOf('$1', '?'),
  table: text('a name of lowercase letters, digits and _', (name) => TABLE.test(name)),
  clock: aClock,
  random: aRandom,
}

/**
 * Keeps rows in a database of SQL, by a function that runs one statement: for applications that
 * have a client or an ORM already. All processes that reach the database share them, for as long as
 * the database keeps what it committed (docs/stores.md has a function for each client).
 *
 *     const store = sqlStore({
 *       dialect: 'mysql',
 *       query: (text, values) => pool.query(text, values),
 *     })
 *
 * Times are those of the database. A PostgreSQL table is the one of `postgresStore()`.
 *
 * @throws {TypeError} For options that are none, or a table name that is not allowed.
 * @store SQL
 * @for MySQL, MariaDB, Turso, and applications with Drizzle, Prisma, Knex or Kysely
 * @sharedBy all processes that reach it
 * @needs PostgreSQL 14, MySQL 8, MariaDB 10.6 or SQLite 3.35, or later
 */
export function sqlStore(options: SqlStoreOptions): SqlStore {
  checkOptions('sqlStore', options, OPTIONS)
  const { dialect: name, table = 'refresh_once', random = systemRandom } = options
  const { clock = systemClock } = options
  const dialect = DIALECTS[name](table)
  const marks = options.placeholders ?? (name === 'postgres' ? '$1' : '?')
  if (marks === '$1' && name !== 'postgres') {
    throw new TypeError(`sqlStore: placeholders '$1' are those of postgres: write '?' or nothing`)
  }
  if (name === 'sqlite' && table.includes('.')) {
    throw new TypeError('sqlStore: table has a schema, which sqlite has not: write a name alone')
  }
  return sqlRows({ name, dialect, marks, table, query: options.query, clock, random })
}
