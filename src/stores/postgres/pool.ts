import { ownField } from '../../core/text.ts'
import { storeErrors, type KnownErrors } from '../shared.ts'

/** What is asked of a pool of `pg`. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  connect(): Promise<PostgresClient>
  readonly options?: { readonly max?: number }
}

export interface PostgresResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** A connection that was taken out of the pool, until it is released. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** @param destroy Whether it is closed instead of given back. */
  release(destroy?: boolean): void
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  removeListener(event: string, listener: (message: { payload?: string }) => void): unknown
}

/**
 * What a SQLSTATE, or its class of two characters, means and what to do. Our own words: PostgreSQL
 * names rows in its.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const HINTS: Readonly<Record<string, string>> = {
  '08': 'The connection broke, or a pooler like PgBouncer refused it: look into its log.',
  '25006': 'PostgreSQL takes no writes (a standby, or default_transaction_read_only).',
  '28': 'PostgreSQL refuses the user or the password.',
  '3D000': 'There is no such database.',
  '40': 'Another transaction was in the way: use the isolation level READ COMMITTED.',
  '42501': 'The user lacks a privilege: docs/stores.md has the GRANT that is needed.',
  '42P01': 'The table is missing: await store.migrate() once, or paste the SQL of docs/stores.md.',
  '42703': 'The table has other columns: await store.migrate().',
  '53200': 'PostgreSQL is out of memory.',
  '53300': 'PostgreSQL has no connection left: lower max of the pool, or pool with PgBouncer.',
  '55P03': 'Another session locks the table.',
  '57014': 'PostgreSQL cancelled the statement: statement_timeout is too short.',
  '57P': 'PostgreSQL is being restarted.',
}

/** What a pool says that has no connection to give: pg knows no code for it. */
const POOL_IS_BUSY = /timeout exceeded when trying to connect/

/** What a SQLSTATE looks like: not as `EPIPE` of Node does, nor as Prisma's own `P2010`. */
const SQLSTATE = /^(?=.*\d)(?!P[1-9])[0-9A-Z]{5}$/

/** The SQLSTATE of an error of PostgreSQL. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error ? ownField(error, 'code') : undefined
  return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined
}

export const POSTGRES_ERRORS: KnownErrors = {
  codeOf: sqlStateOf,
  hints: HINTS,
  full: { 53100: "PostgreSQL's disk is full." },
  otherwise(state, error) {
    if (state !== undefined) {
      return HINTS[state.slice(0, 3)] ?? HINTS[state.slice(0, 2)] ?? unnamed(state)
    }
    return error instanceof Error && POOL_IS_BUSY.test(error.message)
      ? 'Every connection of the pool is taken: raise its max.'
      : 'It cannot be reached: is it running?'
  },
}

export const errorFrom = storeErrors('postgres', POSTGRES_ERRORS)

const unnamed = (state: string): string => `PostgreSQL answered with SQLSTATE ${state}.`
