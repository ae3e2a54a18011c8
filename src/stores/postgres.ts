import {
  boolean,
  checkOptions,
  text,
  clock as aClock,
  random as aRandom,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { systemRandom, type Random } from '../core/random.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import { identityOf, watching } from './shared.ts'
import type { PostgresClient, PostgresPool, PostgresResult } from './postgres/pool.ts'
import { migrationsFor, statementsFor, versionsFor } from './postgres/statements.sql.ts'
import { errorFrom, sqlStateOf } from './postgres/pool.ts'
import type { Listen, Wake } from './shared.ts'

export type { PostgresClient, PostgresPool, PostgresResult }

export interface PostgresStoreOptions {
  /** The table, with its schema if need be: `auth.refresh_once`. Default `refresh_once`. */
  readonly table?: string
  /**
   * Whether swaps are told by `NOTIFY`, and waiting calls listen: all of them on one connection of
   * the pool, which must have more than one. It costs each swap a lock that the whole database
   * shares, and hears nothing through PgBouncer's transaction pooling. Default `false`: a waiting
   * call reads the row again and again.
   */
  readonly listen?: boolean
  readonly clock?: Clock
  readonly random?: Random
}

export interface PostgresStore extends Store {
  /** Makes the table, or brings it to the newest version. Safe from any number of processes. */
  migrate(): Promise<void>
}

const TABLE = /^[a-z_][a-z0-9_]{0,39}(?:\.[a-z_][a-z0-9_]{0,39})?$/

const OPTIONS: TableOf<PostgresStoreOptions> = {
  table: text('a name of lowercase letters, digits and _', (name) => TABLE.test(name)),
  listen: boolean,
  clock: aClock,
  random: aRandom,
}

/** How long the name of a channel may be, bytes (`NAMEDATALEN`). */
const CHANNEL_MAX = 63

/** One swap in so many deletes rows whose time is over: more than as many swaps can make. */
const SWEEP_CHANCE = 1 / 50
const SWEEP_ROWS = 200

/** A transaction that would have lost: at isolation levels above `READ COMMITTED`. */
const LOST = '40001'

/**
 * Keeps rows in PostgreSQL 14 or later. All processes that reach the database share them, for as
 * long as the database keeps what it committed (docs/stores.md has the settings).
 *
 * @param pool A `Pool` of `pg`; it stays the caller's, to share and to end.
 * @throws {TypeError} For an object that is no pool, or a table name that is not allowed.
 * @store PostgreSQL
 * @for several processes or hosts, where there is PostgreSQL and no Redis
 * @sharedBy all processes that reach it
 * @needs PostgreSQL 14 or later, `pg`
 */
export function postgresStore(
  pool: PostgresPool,
  options: PostgresStoreOptions = {},
): PostgresStore {
  checkOptions('postgresStore', options, OPTIONS)
  const { table = 'refresh_once', listen = false, clock, random = systemRandom } = options
  if (typeof pool?.query !== 'function' || typeof pool.connect !== 'function') {
    throw new TypeError('postgresStore() takes a Pool of pg: new pg.Pool({ connectionString })')
  }
  if (listen && pool.options?.max === 1) {
    throw new TypeError('listen needs a pool of more than one connection: raise its max')
  }
  const channel = table.replace('.', '_')
  if (listen && channel.length > CHANNEL_MAX) {
    throw new TypeError(`listen needs a table of at most ${CHANNEL_MAX} characters with its schema`)
  }
  const sql = statementsFor(table)

  async function query(text: string, values: unknown[]): Promise<PostgresResult['rows']> {
    try {
      return (await pool.query(text, values)).rows
    } catch (error) {
      throw errorFrom(error)
    }
  }

  async function read(key: string): Promise<StoredRow> {
    const [row = {}] = await query(sql.read, [key])
    if (row['is_standby'] === true) {
      const hint = 'This PostgreSQL is a standby, whose rows may be old: connect to the primary.'
      throw new RefreshError('store_unavailable', { store: 'postgres', hint })
    }
    return {
      ...(row['value'] != null && { value: new Uint8Array(row['value'] as Uint8Array) }),
      version: Number(row['version'] ?? 0),
      writtenAtMs: Number(row['written_ms'] ?? 0),
      nowMs: Number(row['now_ms']),
    }
  }

  /** No call waits for it; rows that it leaves are deleted by a later one. */
  function sweepSometimes(): void {
    if (random.fraction() < SWEEP_CHANCE) query(sql.sweep, [SWEEP_ROWS]).catch(() => {})
  }

  async function write(
    key: string,
    expected: number,
    value: Uint8Array,
    ttlMs: number,
  ): Promise<PostgresResult['rows'][number] | undefined> {
    const values = [key, value, ttlMs, listen ? channel : '']
    try {
      const { rows } = await (expected === 0
        ? pool.query(sql.insert, values)
        : pool.query(sql.update, [...values, expected]))
      return rows[0]
    } catch (error) {
      if (sqlStateOf(error) === LOST) return undefined
      throw errorFrom(error)
    }
  }

  return {
    name: 'postgres',
    id: `postgres ${identityOf(pool)} ${table}`,
    read,
    async swap(key, expected, value, ttlMs) {
      const row = await write(key, expected, value, ttlMs)
      if (row === undefined) return { ...(await read(key)), swapped: false }
      sweepSometimes()
      const writtenAtMs = Number(row['written_ms'])
      const stored = { value: value.slice(), version: expected + 1, writtenAtMs }
      return { ...stored, nowMs: writtenAtMs, swapped: true }
    },
    changed: watching(read, {
      clock,
      random,
      ...(listen && { listen: listening(pool, channel) }),
    }),
    async migrate() {
      try {
        await migrate(pool, table)
      } catch (error) {
        throw errorFrom(error)
      }
    },
  }
}

/** A connection that listens. */
interface Ear {
  readonly wakes: Map<string, Set<Wake>>
  /** Resolves when it hears all that is told from now on; never, if it does not. */
  readonly open: Promise<void>
  close(): void
}

/**
 * Takes one connection of the pool to `LISTEN`, while any call waits. When the connection ends,
 * waiting calls go on reading the row, and the next call takes another connection.
 */
function listening(pool: PostgresPool, channel: string): Listen {
  let ear: Ear | undefined
  return (key, wake) => {
    ear ??= listen(pool, channel, () => (ear = undefined))
    const { wakes, open, close } = ear
    const waiting = wakes.get(key) ?? new Set()
    wakes.set(key, waiting.add(wake))
    open.then(
      () => wake(),
      () => {},
    )
    return () => {
      waiting.delete(wake)
      if (waiting.size === 0) wakes.delete(key)
      if (wakes.size === 0) close()
    }
  }
}

function listen(pool: PostgresPool, channel: string, forget: () => void): Ear {
  const wakes: Ear['wakes'] = new Map()
  let client: PostgresClient | undefined
  let isClosed = false
  const hear = ({ payload = '' }: { payload?: string | undefined }): void => {
    const [key = '', version] = payload.split(' ')
    for (const wake of wakes.get(key) ?? []) wake(Number(version))
  }
  const give = (isBroken: boolean): void => {
    if (client === undefined) return
    client.removeListener('notification', hear)
    client.removeListener('error', lose)
    client.removeListener('end', lose)
    client.release(isBroken)
    client = undefined
  }
  const lose = (): void => {
    close()
    give(true)
  }
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    forget()
    client?.query(`UNLISTEN ${channel}`).then(
      () => give(false),
      () => give(true),
    )
  }

  async function open(): Promise<void> {
    const connected = await pool.connect()
    if (isClosed) return connected.release()
    client = connected
    client.on('notification', hear)
    client.on('error', lose)
    client.on('end', lose)
    await client.query(`LISTEN ${channel}`)
  }
  const opening = open()
  opening.catch(lose)
  return { wakes, open: opening, close }
}

/** Names the advisory lock that migrations take: `refresh` in hexadecimal digits of ASCII. */
const LOCK = '0x72656672657368'

const UNDEFINED_TABLE = '42P01'

/**
 * Brings the table to the newest version, in one transaction. Any number of processes may do it at
 * once: one does it, and the others wait for it and find it done.
 *
 * Where it is done, nothing but `SELECT` is needed: `CREATE TABLE IF NOT EXISTS` asks for the
 * privilege to create even where the table exists. The lock ends with the transaction, so that it
 * works through PgBouncer, too.
 */
async function migrate(pool: PostgresPool, table: string): Promise<void> {
  const client = await pool.connect()
  let isBroken = true
  try {
    const applied = await appliedTo(table, client).catch(noneIfUndefined)
    if (applied.size < migrationsFor(table).length) await applyRest(table, client)
    isBroken = false
  } finally {
    // A connection in a transaction that failed is closed, which rolls back.
    client.release(isBroken)
  }
}

async function applyRest(table: string, client: PostgresClient): Promise<void> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [BigInt(LOCK).toString()])
  await client.query(versionsFor(table))
  const applied = await appliedTo(table, client)
  for (const [index, text] of migrationsFor(table).entries()) {
    if (applied.has(index + 1)) continue
    await client.query(text)
    await client.query(`INSERT INTO ${table}_migrations (version) VALUES ($1)`, [index + 1])
  }
  await client.query('COMMIT')
}

async function appliedTo(table: string, client: PostgresClient): Promise<ReadonlySet<number>> {
  const { rows } = await client.query(`SELECT version FROM ${table}_migrations`)
  return new Set(rows.map((row) => Number(row['version'])))
}

function noneIfUndefined(error: unknown): ReadonlySet<number> {
  if (sqlStateOf(error) === UNDEFINED_TABLE) return new Set()
  throw error
}
