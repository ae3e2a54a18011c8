import { ownField } from '../../core/text.ts'
import { POSTGRES_ERRORS } from '../postgres/pool.ts'
import * as postgres from '../postgres/statements.sql.ts'
import type { KnownErrors } from '../shared.ts'
import { SQLITE_ERRORS } from '../sqlite/errors.ts'
import * as sqlite from '../sqlite/statements.sql.ts'
import * as mysql from './mysql.sql.ts'

export type SqlValue = string | number | Uint8Array

export interface Statement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** A swap as it is asked for. */
export interface Swap {
  readonly key: string
  readonly expected: number
  readonly value: Uint8Array
  /** Whole milliseconds. */
  readonly ttlMs: number
  /** Tells this swap from all others, where a statement cannot say whether it wrote. */
  readonly writer: string
}

/** What the store says to a database of one kind. */
export interface Dialect {
  read(key: string): Statement
  write(swap: Swap): Statement
  /** Reads the row after a swap, where the swap itself does not say whether it wrote. */
  readonly readAfter?: (key: string) => Statement
  readonly sweep: Statement
  /** Gives a row if the table is made; else none, or it fails. */
  readonly probe: string
  /** Makes the table, one statement after the other. Each may be run again. */
  readonly schema: readonly string[]
  readonly errors: KnownErrors
  /** Codes of a swap that would have lost: another process wrote the row. */
  readonly lost: ReadonlySet<string>
  /** Codes of a statement that had no effect, and may have one if it is sent again. */
  readonly again: ReadonlySet<string>
}

export type DialectName = 'postgres' | 'mysql' | 'mariadb' | 'sqlite'

const SWEEP_ROWS = 200

const POSTGRES_LOCK = '0x72656672657368'

function postgresDialect(table: string): Dialect {
  const sql = postgres.statementsFor(table)
  const versions = postgres.versionsFor(table)
  return {
    read: (key) => ({ text: sql.read, values: [key] }),
    write: ({ key, expected, value, ttlMs }) =>
      expected === 0
        ? { text: sql.insert, values: [key, value, ttlMs, ''] }
        : { text: sql.update, values: [key, value, ttlMs, '', expected] },
    sweep: { text: sql.sweep, values: [SWEEP_ROWS] },
    probe: `SELECT version FROM ${table}_migrations WHERE version = 1`,
    // One statement, so that it is a transaction of its own, whichever connection it meets.
    schema: [
      `DO $$ BEGIN
PERFORM pg_advisory_xact_lock(${BigInt(POSTGRES_LOCK)});
${versions}${postgres.migrationsFor(table).join('')}
INSERT INTO ${table}_migrations (version) VALUES (1) ON CONFLICT DO NOTHING;
END $$`,
    ],
    errors: {
      ...POSTGRES_ERRORS,
      // As Prisma hands on what the server said.
      codeOf: (error) =>
        POSTGRES_ERRORS.codeOf(error) ?? textOf(ownField(Object(error) as object, 'originalCode')),
    },
    lost: new Set(['40001']),
    again: new Set(['40P01']),
  }
}

function sqliteDialect(table: string): Dialect {
  const sql = sqlite.statementsFor(table)
  return {
    read: (key) => ({ text: sql.read, values: [key] }),
    write: ({ key, expected, value, ttlMs }) =>
      expected === 0
        ? { text: sql.insert, values: [key, value, ttlMs] }
        : { text: sql.update, values: [value, ttlMs, key, expected] },
    sweep: { text: sql.sweep, values: [SWEEP_ROWS] },
    // The index, which is made last.
    probe: `SELECT name FROM sqlite_master WHERE name = '${table}_expires_ms'`,
    schema: sqlite.schemaFor(table),
    errors: {
      ...SQLITE_ERRORS,
      // D1 has the name of the code in its message only.
      codeOf: (error) =>
        SQLITE_ERRORS.codeOf(error) ??
        SQLITE_ERRORS.codeOf({ code: /SQLITE_[A-Z]+/.exec(messageOf(error))?.[0] }),
      otherwise: (code, error) =>
        /no such table/.test(messageOf(error))
          ? 'The table is missing: await store.migrate() once, or paste the SQL of docs/stores.md.'
          : SQLITE_ERRORS.otherwise(code, error),
    },
    lost: new Set(),
    // Busy, and locked.
    again: new Set(['5', '6']),
  }
}

function mysqlDialect(table: string, knowsTransaction: boolean): Dialect {
  const sql = mysql.statementsFor(table, knowsTransaction)
  return {
    read: (key) => ({ text: sql.read, values: [key] }),
    write: ({ key, expected, value, ttlMs, writer }) =>
      expected === 0
        ? { text: sql.insert, values: [key, value, ttlMs, writer] }
        : { text: sql.update, values: [value, ttlMs, writer, key, expected] },
    readAfter: (key) => ({ text: sql.readLocked, values: [key] }),
    sweep: { text: sql.sweep, values: [] },
    probe: `SELECT COUNT(*) AS n FROM ${table} WHERE row_key = ''`,
    schema: mysql.schemaFor(table),
    errors: MYSQL_ERRORS,
    lost: new Set(),
    // A deadlock, and MariaDB's word for a row that changed since it was read.
    again: new Set(['1213', '1020']),
  }
}

/** Makes the dialect of one table. */
export const DIALECTS: Readonly<Record<DialectName, (table: string) => Dialect>> = {
  postgres: postgresDialect,
  sqlite: sqliteDialect,
  mysql: (table) => mysqlDialect(table, false),
  mariadb: (table) => mysqlDialect(table, true),
}

const BROKE = 'The connection broke: is the server being restarted, or was the session killed?'
const READ_ONLY = 'The server takes no writes (a replica, or read_only): connect to the primary.'
const NO_CONNECTION = 'The server has no connection left: lower the limit of the pool.'
const PRIVILEGE = 'The user lacks a privilege: docs/stores.md has the GRANT that is needed.'
const LOCKED = 'The account of the user is locked.'
const FULL = 'The disk, or the space of the table, is full.'

/**
 * Error numbers of MySQL and MariaDB, the names that clients have for a broken connection, and what
 * to do.
 *
 * @see https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference
 */
const MYSQL_ERRORS: KnownErrors = {
  codeOf(error) {
    const from = Object(error) as object
    for (const name of ['errno', 'originalCode', 'code']) {
      const value = String(ownField(from, name))
      if (/^\d{4}$/.test(value) || Object.hasOwn(MYSQL_ERRORS.hints, value)) return value
    }
    return undefined
  },
  hints: {
    1020: 'The row is written by too many at once.',
    1040: NO_CONNECTION,
    1044: PRIVILEGE,
    1045: 'The server refuses the user or the password.',
    1049: 'There is no such database.',
    1053: 'The server is being shut down.',
    1054: 'The table has other columns than docs/stores.md says: is it another one?',
    1142: PRIVILEGE,
    1143: PRIVILEGE,
    1146: 'The table is missing: await store.migrate() once, or paste the SQL of docs/stores.md.',
    1153: 'The value is larger than max_allowed_packet: raise it to 1M at least.',
    1193: "The server is no MariaDB: write dialect: 'mysql'.",
    1203: NO_CONNECTION,
    1205: 'Another session locks the row or the table: look for an open transaction.',
    1213: 'Deadlocks: look for an open transaction that writes the table.',
    1226: NO_CONNECTION,
    1290: READ_ONLY,
    1317: 'The statement was killed.',
    1792: READ_ONLY,
    1836: READ_ONLY,
    3118: LOCKED,
    4151: LOCKED,
    1927: BROKE,
    1969: 'The server cancelled the statement: max_statement_time is too short.',
    3024: 'The server cancelled the statement: max_execution_time is too short.',
    ECONNRESET: BROKE,
    EPIPE: BROKE,
    PROTOCOL_CONNECTION_LOST: BROKE,
    ER_SOCKET_UNEXPECTED_CLOSE: BROKE,
  },
  full: { 1021: FULL, 1114: FULL, 1041: 'The server is out of memory.' },
  otherwise: (code) =>
    code === undefined
      ? 'It cannot be reached: is it running?'
      : `The server answered with error ${code}.`,
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')
