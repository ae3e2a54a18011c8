import { migrationsFor, versionsFor } from './statements.sql.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'
import { sqlStateOf } from './pool.ts'

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
export async function migrate(pool: PostgresPool, table: string): Promise<void> {
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
