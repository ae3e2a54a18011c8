/** Epoch milliseconds. One time for all of a statement. Needs no recent SQLite. */
const NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

/** Sets up a connection: a commit reaches the disk, and a locked statement waits. */
export const prepareFor = (table: string, busyTimeoutMs: number): readonly string[] => [
  `PRAGMA busy_timeout = ${busyTimeoutMs}`,
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = FULL',
  ...schemaFor(table),
]

/** Makes the table. */
export const schemaFor = (table: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${table} (
  key TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  value BLOB NOT NULL,
  written_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS ${table}_expires_ms ON ${table} (expires_ms)`,
]

/** The statements for one table. */
export interface SqliteStatements {
  readonly read: string
  readonly insert: string
  readonly update: string
  readonly sweep: string
}

export function statementsFor(table: string): SqliteStatements {
  return {
    /**
     * In: key. Out: one row, in any case: `now_ms`, and, if the row is there, `version`,
     * `written_ms`, `value`.
     */
    read: `
SELECT r.version, r.value, r.written_ms, max(clock.now, coalesce(r.written_ms, 0)) AS now_ms
FROM (SELECT ${NOW} AS now) AS clock
LEFT JOIN ${table} AS r ON r.key = ? AND r.expires_ms > clock.now`,

    /**
     * Writes version 1, where there is no row, or one whose time is over.
     *
     * In: key, value, time to live in milliseconds. Out: `written_ms`; no row if it did not write.
     */
    insert: `
INSERT INTO ${table} (key, version, value, written_ms, expires_ms)
SELECT ?, 1, ?, clock.now, clock.now + ? FROM (SELECT ${NOW} AS now) AS clock WHERE true
ON CONFLICT (key) DO UPDATE SET version = 1, value = excluded.value,
  written_ms = excluded.written_ms, expires_ms = excluded.expires_ms
WHERE ${table}.expires_ms <= excluded.written_ms
RETURNING written_ms`,

    /**
     * Writes the version after the one expected.
     *
     * In: value, time to live in milliseconds, key, the version expected. Out: as above.
     */
    update: `
UPDATE ${table} SET version = version + 1, value = ?,
  written_ms = max(${NOW}, written_ms), expires_ms = ${NOW} + ?
WHERE key = ? AND version = ? AND expires_ms > ${NOW}
RETURNING written_ms`,

    /**
     * Deletes rows whose time is over, the oldest first. In: how many at most. Out: something, for
     * better-sqlite3, which gets nothing from a statement that returns nothing.
     */
    sweep: `
DELETE FROM ${table} WHERE key IN (
  SELECT key FROM ${table} WHERE expires_ms <= ${NOW} ORDER BY expires_ms LIMIT ?
) RETURNING 1 AS deleted`,
  }
}
