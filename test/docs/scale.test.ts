import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { startPostgres } from '../servers/postgres.ts'

const text = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8')
const statements = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql!)

it('docs/scale.md: its partitions take the rows, and its settings are taken by them', async () => {
  await using postgres = await startPostgres()
  const [settings, partitions] = statements as [string, string]
  const pool = postgres.pool()
  await postgres.sql(partitions)
  const store = postgresStore(pool)
  await store.migrate()
  await postgres.sql(settings.replace('refresh_once', 'refresh_once_0'))

  const value = new Uint8Array([1, 2, 3])
  const rows = Array.from({ length: 20 }, (_, index) => `key-${index}`)
  for (const key of rows) {
    expect(await store.swap(key, 0, value, 60_000)).toMatchObject({ swapped: true, version: 1 })
    expect(await store.swap(key, 0, value, 60_000)).toMatchObject({ swapped: false, version: 1 })
    expect(await store.swap(key, 1, value, 60_000)).toMatchObject({ swapped: true, version: 2 })
  }

  const { rows: counts } = await postgres.sql(
    'SELECT count(*)::int AS count FROM refresh_once GROUP BY tableoid',
  )
  expect(counts).toHaveLength(2)
  expect(counts.reduce((sum, { count }) => sum + Number(count), 0)).toBe(rows.length)
}, 60_000)
