/**
 * Epoch milliseconds on the clock of the server. `UNIX_TIMESTAMP(NOW(3))` would be read in the time
 * zone of the session, where an hour comes twice a year.
 */
const NOW = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000"

const SWEEP_ROWS = 200

/** The statements for one table. Each is one round trip, and a transaction of its own. */
export interface MysqlStatements {
  readonly read: string
  readonly readLocked: string
  readonly insert: string
  readonly update: string
  readonly sweep: string
}

export function statementsFor(table: string, knowsTransaction: boolean): MysqlStatements {
  const inTransaction = knowsTransaction ? '@@in_transaction' : '0'
  const isOver = `${table}.expires_ms <= VALUES(written_ms)`
  const ifOver = (column: string): string =>
    `${column} = IF(${isOver}, VALUES(${column}), ${table}.${column})`
  const read = `
SELECT r.version, r.value, r.written_ms, r.writer,
  GREATEST(clock.now, COALESCE(r.written_ms, 0)) AS now_ms,
  @@autocommit = 0 OR ${inTransaction} AS is_within,
  CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS is_standby
FROM (SELECT ${NOW} AS now) AS clock
LEFT JOIN ${table} AS r ON r.row_key = ? AND r.expires_ms > clock.now`
  return {
    /**
     * In: key. Out: one row, in any case: `now_ms`, `is_within` (a transaction), `is_standby`
     * (whose rows may be old), and, if the row is there, `version`, `written_ms`, `writer`,
     * `value`.
     */
    read,

    /**
     * The same, of what is committed last: `REPEATABLE READ` shows a transaction the row as it was
     * before another process wrote it, and a proxy may send a plain `SELECT` to a replica.
     */
    readLocked: `${read} FOR UPDATE`,

    /**
     * Writes version 1, where there is no row, or one whose time is over. Assignments are made from
     * left to right, so that `expires_ms`, which decides, comes last.
     *
     * In: key, value, time to live in milliseconds, writer.
     */
    insert: `
INSERT INTO ${table} (row_key, version, value, written_ms, expires_ms, writer)
SELECT ?, 1, ?, clock.now, clock.now + ?, ? FROM (SELECT ${NOW} AS now) AS clock
ON DUPLICATE KEY UPDATE
  ${['version', 'value', 'writer', 'written_ms', 'expires_ms'].map(ifOver).join(',\n  ')}`,

    /**
     * Writes the version after the one expected.
     *
     * In: value, time to live in milliseconds, writer, key, the version expected.
     */
    update: `
UPDATE ${table} SET version = version + 1, value = ?, written_ms = GREATEST(${NOW}, written_ms),
  expires_ms = ${NOW} + ?, writer = ?
WHERE row_key = ? AND version = ? AND expires_ms > ${NOW}`,

    /** Deletes rows whose time is over, the oldest first. A prepared `LIMIT` takes no double. */
    sweep: `
DELETE FROM ${table} WHERE expires_ms <= ${NOW} ORDER BY expires_ms LIMIT ${SWEEP_ROWS}`,
  }
}

/** One statement, so that the table is never there without its index. */
export const schemaFor = (table: string): readonly string[] => [
  `
CREATE TABLE IF NOT EXISTS ${table} (
  row_key varchar(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  version bigint NOT NULL,
  value mediumblob NOT NULL,
  written_ms bigint NOT NULL,
  expires_ms bigint NOT NULL,
  writer varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  KEY expires_ms (expires_ms)
) ENGINE = InnoDB`,
]
