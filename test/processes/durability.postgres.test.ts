import { describe, it } from 'vitest'
import { isLong } from '../runs.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { NOTHING_LOST, ROWS_LOST } from './chains.ts'
import { suffer, type Disaster } from './disaster.ts'
import { killed, killedBeforeWriting, promoted, restored } from './disasters.postgres.ts'
import { beKilled, outlast, type Trouble } from './trouble.ts'

const LONG: readonly Disaster[] = [
  { what: 'restored from a backup three generations old', start: restored, leaves: ROWS_LOST },
]

const DISASTERS: readonly Disaster[] = [
  { what: 'killed, synchronous_commit on', start: killed({}), leaves: NOTHING_LOST },
  {
    what: 'killed, synchronous_commit off, which the store turns on for its own writes',
    start: killedBeforeWriting,
    leaves: NOTHING_LOST,
  },
  { what: 'failed over to an asynchronous standby that lags', start: promoted, leaves: ROWS_LOST },
  ...(isLong ? LONG : []),
]

describe.concurrent('a ledger in PostgreSQL that loses rows, or does not', () => {
  it.each(DISASTERS)('$what: serves and presents what is written down', suffer, 60_000)
})

/** For every connection, also those that stand. */
async function setReadOnly(server: PostgresServer, value: 'on' | 'off'): Promise<void> {
  await server.sql(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
  await server.sql('SELECT pg_reload_conf()')
}

const TROUBLES: readonly Trouble<PostgresServer>[] = [
  {
    what: 'frozen',
    begin: (server) => server.freeze(),
    end: (server) => server.thaw(),
    code: 'store_unavailable',
  },
  {
    what: 'read-only',
    begin: (server) => setReadOnly(server, 'on'),
    end: (server) => setReadOnly(server, 'off'),
    code: 'store_unavailable',
  },
  {
    what: 'gone',
    begin: (server) => server.kill(),
    end: (server) => server.restart(),
    code: 'store_unavailable',
  },
]

describe.concurrent('a PostgreSQL that is in trouble', () => {
  const names = TROUBLES.map(({ what }) => what).join(', ')

  it(`${names}: costs nobody a token or a session, and is made up for`, async () => {
    await using server = await startPostgres({ fsync: 'on' })

    await outlast(TROUBLES, { spec: { kind: 'postgres', url: server.url }, server })
  }, 60_000)

  it('killed again and again: loses nothing that it committed', async () => {
    await using server = await startPostgres({ fsync: 'on' })

    await beKilled({ spec: { kind: 'postgres', url: server.url }, server }, isLong ? 60 : 3)
  }, 300_000)
})
