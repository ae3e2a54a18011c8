import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { NEXT, scene } from '../processes/scene.ts'
import { startPgBouncer, type PgBouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

const value = Uint8Array.of(0, 255, 10)
const HOUR_MS = 3_600_000
/** What PgBouncer has, for any number of clients. */
const CONNECTIONS = 3

let server: PostgresServer
let bouncer: PgBouncer
let tables = 0
beforeAll(async () => {
  server = await startPostgres({ synchronousCommit: 'off' })
  bouncer = await startPgBouncer(server, CONNECTIONS)
  // On a new machine, what others install comes first.
}, 180_000)
afterAll(async () => {
  await bouncer?.stop()
  await server?.stop()
})

const freshTable = (): string => `test_${(tables += 1)}`

/** A store with a table of its own, over so many connections to PgBouncer at most. */
async function migrated({ max = 10, listen = false } = {}) {
  const pools = [1, 2].map(() => server.pool({ connectionString: bouncer.url, max }))
  const table = freshTable()
  const [store, twin] = pools.map((pool) => postgresStore(pool, { table, listen }))
  await store!.migrate()
  return {
    pool: pools[0]!,
    store: store!,
    twin: twin!,
    close: () => Promise.all(pools.map((pool) => pool.end())).then(() => {}),
  }
}

for (const listen of [false, true]) {
  storeContract(
    `postgresStore through PgBouncer${listen ? ', listening for what it cannot hear' : ''}`,
    () => migrated({ max: 4, listen }),
    { describe: describe.concurrent, it },
  )
}

describe('postgresStore through PgBouncer', () => {
  it('leaves connections, which others use next, as they were', async () => {
    const { pool, store, close } = await migrated()
    onTestFinished(close)

    const rows = Array.from({ length: 50 }, (_, index) => `row ${index}`)
    await Promise.all(rows.map((row) => store.swap(row, 0, value, HOUR_MS)))

    const state = `
      SELECT current_setting('synchronous_commit') AS commit,
        (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`
    const found = await Promise.all(rows.map(async () => (await pool.query(state)).rows[0]))
    expect(found).toEqual(rows.map(() => ({ commit: 'off', prepared: 0 })))
  })

  it('presents each token once, for four processes that begin at once', async () => {
    await using stage = await scene({ spec: { kind: 'postgres', url: bouncer.url } })
    const fleet = await stage.fleet(4)
    let tokens = await stage.signIn()

    for (let generation = 1; generation <= 5; generation += 1) {
      const outcomes = await Promise.all(
        fleet.flatMap((member) => Array.from({ length: 25 }, () => member.refresh(tokens, NEXT))),
      )

      expect(outcomes.filter(({ usable }) => !usable)).toEqual([])
      expect(new Set(outcomes.map(({ accessToken }) => accessToken)).size).toBe(1)
      expect(stage.server.counts()).toMatchObject({ presentations: generation })
      tokens = outcomes.at(-1)!.tokens
    }
    const others = `
      SELECT FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
    expect((await server.sql(others)).rowCount).toBe(CONNECTIONS)
  }, 120_000)

  it('says of a refusal of PgBouncer where to look, and goes on when it is over', async () => {
    const narrow = await startPgBouncer(server, 1, 1)
    onTestFinished(() => narrow.stop())
    const [pool, other] = [1, 2].map(() => server.pool({ connectionString: narrow.url, max: 1 }))
    const [store, crowded] = [pool!, other!].map((each) => postgresStore(each))
    await store!.migrate()

    await expect(crowded!.swap('a', 0, value, HOUR_MS)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/PgBouncer refused it/),
    })
    await pool!.end()

    await expect
      .poll(() => crowded!.swap('a', 0, value, HOUR_MS).catch(() => {}), { timeout: 30_000 })
      .toMatchObject({ swapped: true, version: 1 })
  })
})
