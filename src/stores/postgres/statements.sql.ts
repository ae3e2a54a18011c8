/**
 * Epoch milliseconds of a time, rounded down so that what is not before something else stays so.
 * Whole numbers of them fit into what JavaScript counts exactly.
 */
const ms = (time: string): string => `floor(extract(epoch FROM ${time}) * 1000)::float8`

/**
 * What every statement that writes ends with. A swap that lost wrote nothing, and gets no row.
 *
 * `synchronous_commit` is turned on for this write where it is off: a claim that the server forgets
 * when it crashes lets a token be presented twice.
 *
 * Out: `written_ms`. If the channel is empty, no process is told. A listener hears the key and the
 * version, with a blank between them. It becomes a text, because Prisma reads no `void`.
 */
const written = (channel: string): string => `
SELECT ${ms('written_at')} AS written_ms,
  CASE WHEN current_setting('synchronous_commit') = 'off'
    THEN set_config('synchronous_commit', 'on', true) END AS durable,
  CASE WHEN ${channel} <> ''
    THEN pg_notify(${channel}, $1::text || ' ' || version)::text END AS told
FROM swapped`

/** The statements for one table. Each is one round trip, and a transaction of its own. */
export interface PostgresStatements {
  readonly read: string
  readonly insert: string
  readonly update: string
  readonly sweep: string
}

export function statementsFor(table: string): PostgresStatements {
  return {
    /**
     * Reads a row.
     *
     * In: key. Out: one row, in any case: `now_ms`, `is_standby` (whose rows may be old), and, if
     * the row is there, `version`, `written_ms`, `value`.
     */
    read: `
SELECT r.version::float8 AS version, r.value, ${ms('r.written_at')} AS written_ms,
  ${ms('greatest(clock.at, r.written_at)')} AS now_ms, pg_is_in_recovery() AS is_standby
FROM (SELECT clock_timestamp() AS at) AS clock
LEFT JOIN ${table} AS r ON r.key = $1::text AND r.expires_at > clock.at`,

    /**
     * Writes version 1, where there is no row, or one whose time is over.
     *
     * In: key, value, time to live in milliseconds, channel. The first `WHERE` spares the row a
     * lock when it is there for all to see; the last decides.
     */
    insert: `
WITH swapped AS (
  INSERT INTO ${table} AS r (key, version, value, written_at, expires_at)
  SELECT $1::text, 1, $2::bytea, clock.at, clock.at + $3::float8 * interval '1 millisecond'
  FROM (SELECT clock_timestamp() AS at) AS clock
  WHERE NOT EXISTS (SELECT FROM ${table} WHERE key = $1::text AND expires_at > clock.at)
  ON CONFLICT (key) DO UPDATE SET version = 1, value = excluded.value,
    written_at = excluded.written_at, expires_at = excluded.expires_at
  WHERE r.expires_at <= excluded.written_at
  RETURNING r.written_at, r.version
)${written('$4::text')}`,

    /**
     * Writes the version after the one expected.
     *
     * In: key, value, time to live in milliseconds, channel, the version expected.
     */
    update: `
WITH swapped AS (
  UPDATE ${table} AS r SET version = r.version + 1, value = $2::bytea,
    written_at = greatest(clock.at, r.written_at),
    expires_at = clock.at + $3::float8 * interval '1 millisecond'
  FROM (SELECT clock_timestamp() AS at) AS clock
  WHERE r.key = $1::text AND r.version = $5::bigint AND r.expires_at > clock.at
  RETURNING r.written_at, r.version
)${written('$4::text')}`,

    /**
     * Deletes rows whose time is over, the oldest first, at most so many; those that another
     * transaction is deleting are left to it.
     *
     * In: how many.
     */
    sweep: `
DELETE FROM ${table} WHERE key = ANY (ARRAY (
  SELECT key FROM ${table} WHERE expires_at <= clock_timestamp()
  ORDER BY expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
))`,
  }
}

/**
 * What makes the table, one text a version. What was published is never changed: a later version
 * comes after it. Each can be run again, so that pasting and `migrate()` go together.
 *
 * Values are encrypted, so that to compress them (what `EXTERNAL` spares) would be in vain.
 */
export function migrationsFor(table: string): readonly string[] {
  const name = table.split('.').at(-1)!
  return [
    `
CREATE TABLE IF NOT EXISTS ${table} (
  key text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  value bytea NOT NULL,
  written_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
ALTER TABLE ${table} ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS ${name}_expires_at ON ${table} (expires_at);
`,
  ]
}

/** Which versions were applied. */
export const versionsFor = (table: string): string => `
CREATE TABLE IF NOT EXISTS ${table}_migrations (
  version int PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);
`
