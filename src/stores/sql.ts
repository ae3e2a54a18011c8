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
import { sleep, systemClock, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { isRecord, ownField, toBase64url } from '../core/text.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import { identityOf, storeErrors, watching } from './shared.ts'
import { DIALECTS, type DialectName, type SqlValue, type Statement } from './sql/dialects.ts'

export type { SqlValue }

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

export interface SqlStore extends Store {
  /** Makes the table if there is none. Safe from any number of processes. */
  migrate(): Promise<void>
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

/** One swap in so many deletes rows whose time is over: more than as many swaps can make. */
const SWEEP_CHANCE = 1 / 50

/** How often a statement is sent that had no effect, and for how long the first pause is. */
const TRIES_MAX = 6
const PAUSE_MS = 5

const WITHIN =
  'A transaction is open, or autocommit is off, where query() runs: give the store a pool, or a ' +
  'connection of its own.'
const STANDBY = 'This server is read-only, so its rows may be old: connect to the primary.'
const NO_ROWS =
  'query() gave no rows: let it resolve to a list of objects, or to what the client gives.'
const NO_BYTES = 'query() gave no bytes for a column of bytes: does the client make text of them?'

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
  const known = storeErrors(name, dialect.errors)
  const codeOf = (error: unknown): string | undefined =>
    causesOf(error)
      .map((each) => dialect.errors.codeOf(each))
      .find((code) => code !== undefined)

  /** @throws {unknown} What the client threw. A statement that had no effect is sent again. */
  async function send({ text, values }: Statement): Promise<readonly object[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        const sendable = values.map(asBuffer)
        const [told, given] = marks === '$1' ? [text, sendable] : spelled(text, sendable)
        return rowsOf(await options.query(told, given))
      } catch (error) {
        const isAgain = dialect.again.has(codeOf(error) ?? '')
        if (!isAgain || tries === TRIES_MAX) throw error
        await sleep(clock, PAUSE_MS * 2 ** tries * (0.5 + random.fraction()))
      }
    }
  }

  const errorFrom = (error: unknown): RefreshError => {
    const causes = causesOf(error)
    const coded = causes.find((each) => dialect.errors.codeOf(each) !== undefined)
    return known(coded ?? new Error(causes.map((each) => messageOf(each)).join(' ')))
  }
  const unavailable = (hint: string): RefreshError =>
    new RefreshError('store_unavailable', { store: name, hint })

  async function run(statement: Statement): Promise<readonly object[]> {
    try {
      return await send(statement)
    } catch (error) {
      throw errorFrom(error)
    }
  }

  /** The row, and who wrote it, where the dialect needs to know. */
  async function look(statement: Statement): Promise<{ stored: StoredRow; writer: unknown }> {
    const [row] = await run(statement)
    if (row === undefined || ownField(row, 'now_ms') === undefined) throw unavailable(NO_ROWS)
    if (isTrue(ownField(row, 'is_within'))) throw unavailable(WITHIN)
    if (isTrue(ownField(row, 'is_standby'))) throw unavailable(STANDBY)
    const value = ownField(row, 'value')
    const bytes = value == null ? undefined : bytesOf(value)
    if (value != null && bytes === undefined) throw unavailable(NO_BYTES)
    return {
      stored: {
        ...(bytes && { value: bytes }),
        version: Number(ownField(row, 'version') ?? 0),
        writtenAtMs: Number(ownField(row, 'written_ms') ?? 0),
        nowMs: Number(ownField(row, 'now_ms')),
      },
      writer: ownField(row, 'writer'),
    }
  }

  const read = async (key: string): Promise<StoredRow> => (await look(dialect.read(key))).stored

  /** The rows of a swap; none if it lost. */
  async function write(statement: Statement): Promise<readonly object[]> {
    try {
      return await send(statement)
    } catch (error) {
      if (dialect.lost.has(codeOf(error) ?? '')) return []
      throw errorFrom(error)
    }
  }

  return {
    name,
    id: `${name} ${identityOf(options.query)} ${table}`,
    read,
    async swap(key, expected, value, ttlMs) {
      const writer = toBase64url(random.bytes(12))
      const swap = { key, expected, value, ttlMs: Math.ceil(ttlMs), writer }
      const [row] = await write(dialect.write(swap))
      if (dialect.readAfter !== undefined) {
        const found = await look(dialect.readAfter(key))
        const swapped = found.writer === writer
        if (swapped) sweepSometimes()
        return { ...found.stored, swapped }
      }
      if (row === undefined) return { ...(await read(key)), swapped: false }
      sweepSometimes()
      const writtenAtMs = Number(ownField(row, 'written_ms'))
      const stored = { value: value.slice(), version: expected + 1, writtenAtMs }
      return { ...stored, nowMs: writtenAtMs, swapped: true }
    },
    changed: watching(read, { clock, random }),
    async migrate() {
      for (let tries = 1; !(await isMade()); tries += 1) {
        try {
          for (const text of dialect.schema) await send({ text, values: [] })
          return
        } catch (error) {
          // Another process may have made the table at the same time.
          if (tries === TRIES_MAX) throw errorFrom(error)
          await sleep(clock, PAUSE_MS * 2 ** tries)
        }
      }
    },
  }

  async function isMade(): Promise<boolean> {
    try {
      return (await send({ text: dialect.probe, values: [] })).length > 0
    } catch {
      return false
    }
  }

  /** No call waits for it; rows that it leaves are deleted by a later one. */
  function sweepSometimes(): void {
    if (random.fraction() < SWEEP_CHANCE) send(dialect.sweep).catch(() => {})
  }
}

/** The statement with `?` at each place of a value, and the values in that order. */
function spelled(text: string, values: SqlValue[]): [string, SqlValue[]] {
  if (!/\$\d/.test(text)) return [text, values]
  const ordered: SqlValue[] = []
  const told = text.replaceAll(/\$(\d)/g, (_, place: string) => {
    ordered.push(values[Number(place) - 1]!)
    return '?'
  })
  return [told, ordered]
}

/** Clients of Node take bytes as `Buffer` only. */
function asBuffer(value: SqlValue): SqlValue {
  if (typeof value !== 'object' || typeof Buffer === 'undefined') return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** The rows in what a client gives. A statement that gives none may be answered by anything. */
function rowsOf(result: unknown): readonly object[] {
  if (Array.isArray(result)) {
    const [first] = result as unknown[]
    if (Array.isArray(first)) return first.filter(isRecord)
    return isRecord(first) && 'affectedRows' in first ? [] : result.filter(isRecord)
  }
  const rows = isRecord(result) ? (result['rows'] ?? result['results']) : undefined
  return Array.isArray(rows) ? rows.filter(isRecord) : []
}

/** A copy of the bytes: a `Buffer`, an `ArrayBuffer` (libsql), or a list of numbers (D1). */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value).slice()
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : undefined
}

const isTrue = (value: unknown): boolean => value === true || Number(value ?? 0) === 1

const messageOf = (error: unknown): string => String(ownField(Object(error) as object, 'message'))

/** Where ORMs keep what the client threw. */
const CAUSES = ['cause', 'original', 'driverError', 'driverAdapterError', 'meta'] as const
const CAUSES_MAX = 12

/** An error, and those that it was made of. */
function causesOf(error: unknown): readonly unknown[] {
  const all = [error]
  for (let at = 0; at < all.length && all.length < CAUSES_MAX; at += 1) {
    const from = Object(all[at]) as object
    for (const name of CAUSES) {
      const value = ownField(from, name)
      if (isRecord(value) && !all.includes(value)) all.push(value)
    }
  }
  return all
}
