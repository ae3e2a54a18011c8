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
