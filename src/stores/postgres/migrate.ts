import { migrationsFor, versionsFor } from './migrations.sql.ts'
import type { PostgresPool } from './pool.ts'

/** Names the advisory lock that migrations take: `refresh` in hexadecimal digits of ASCII. */
const LOCK = '0x72656672657368'

/**
 * Brings the table to the newest version, in one transaction. Any number of processes may do it at
 * once: one does it, and the others wait for it and find it done.
 *
 * The lock ends with the transaction, so that it works through PgBouncer, too.
 */
export async function migrate(pool: PostgresPool, table: string): Promise<void> {
  const client = await pool.connect()
  let isBroken = true
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [BigInt(LOCK).toString()])
    await client.query(versionsFor(table))
    const { rows } = await client.query(`SELECT version FROM ${table}_migrations`)
    const applied = new Set(rows.map((row) => Number(row['version'])))
    for (const [index, text] of migrationsFor(table).entries()) {
      if (applied.has(index + 1)) continue
      await client.query(text)
      await client.query(`INSERT INTO ${table}_migrations (version) VALUES ($1)`, [index + 1])
    }
    await client.query('COMMIT')
    isBroken = false
  } finally {
    // A connection in a transaction that failed is closed, which rolls back.
    client.release(isBroken)
  }
}
