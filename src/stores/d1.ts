import { checkOptions, clock as aClock, random as aRandom, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { DIALECTS } from './sql/dialects.ts'
import { sqlRows, type SqlStore } from './sql/rows.ts'

/** What is asked of a D1 database. */
export interface D1Database {
  prepare(text: string): { bind(...values: unknown[]): { all(): Promise<unknown> } }
}

export interface D1StoreOptions {
  /** Default `refresh_once`. */
  readonly table?: string
  readonly clock?: Clock
  readonly random?: Random
}

const TABLE = /^[a-z_][a-z0-9_]{0,39}$/

const OPTIONS: TableOf<D1StoreOptions> = {
  table: text('a name of lowercase letters, digits and _', (name) => TABLE.test(name)),
  clock: aClock,
  random: aRandom,
}

/**
 * Keeps rows in a D1 database of Cloudflare. All workers that are bound to it share them; it runs
 * the statements one after the other, in one place.
 *
 * @param db A binding: `env.DB`. A session of it (`withSession()`) may read what is old.
 * @throws {TypeError} For an object that is no binding, or a table name that is not allowed.
 * @store D1
 * @for Cloudflare Workers with a D1 database
 * @sharedBy all workers that are bound to it
 * @needs a D1 binding
 */
export function d1Store(db: D1Database, options: D1StoreOptions = {}): SqlStore {
  checkOptions('d1Store', options, OPTIONS)
  if (typeof db?.prepare !== 'function') {
    throw new TypeError('d1Store() takes a D1 binding: write d1Store(env.DB)')
  }
  if ('getBookmark' in db) {
    throw new TypeError('d1Store: a session may read from a replica: write env.DB')
  }
  const { table = 'refresh_once', clock = systemClock, random = systemRandom } = options
  return sqlRows({
    name: 'd1',
    dialect: DIALECTS.sqlite(table),
    query: (statement, values) =>
      db
        .prepare(statement)
        .bind(...values)
        .all(),
    connection: db,
    marks: '?',
    table,
    clock,
    random,
  })
}
