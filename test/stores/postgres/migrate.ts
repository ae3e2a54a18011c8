/**
 * Migrates, as one of several processes that wait for a lock first, and begin when it is let go.
 * In: url, table, the lock's number.
 */
import { Pool } from 'pg'
import { postgresStore } from '../../../src/stores/postgres.ts'

const [connectionString, table, barrier] = process.argv.slice(2)
const pool = new Pool({ connectionString: connectionString! })
await pool.query('SELECT pg_advisory_xact_lock_shared($1)', [barrier])
await postgresStore(pool, { table: table! }).migrate()
await pool.end()
console.log('migrated')
