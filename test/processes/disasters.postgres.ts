import { expect } from 'vitest'
import { openDoor } from '../servers/door.ts'
import { startPostgres, type PostgresOptions, type PostgresServer } from '../servers/postgres.ts'
import { until } from './chains.ts'
import type { Disaster } from './disaster.ts'

const specOf = ({ port }: { readonly port: number }, { url }: PostgresServer) =>
  ({ kind: 'postgres', url: url.replace(/:\d+\//, `:${port}/`) }) as const

export const killed = (options: PostgresOptions): Disaster['start'] => {
  return async () => {
    const server = await startPostgres({ fsync: 'on', ...options })
    return {
      spec: specOf(server, server),
      mark: async () => {},
      strike: () => server.restart(),
      [Symbol.asyncDispose]: server.stop,
    }
  }
}

/** Commits of others are acknowledged long before they reach the disk, and are gone. */
export const killedBeforeWriting: Disaster['start'] = async () => {
  const config = { wal_writer_delay: '10s', shared_buffers: '16MB' }
  const server = await startPostgres({ fsync: 'on', synchronousCommit: 'off', config })
  await server.sql('CREATE TABLE others (at timestamptz)')
  await server.sql('CHECKPOINT')
  return {
    spec: specOf(server, server),
    mark: async () => {},
    async strike() {
      await server.sql('INSERT INTO others VALUES (now())')
      await server.restart()
      expect((await server.sql('SELECT FROM others')).rowCount).toBe(0)
    },
    [Symbol.asyncDispose]: server.stop,
  }
}

/** A server and its asynchronous standby, whose link breaks before the server fails. */
export const promoted: Disaster['start'] = async () => {
  const primary = await startPostgres()
  const link = await openDoor(primary.port)
  await primary.kill()
  const standby = await startPostgres({ copyOf: primary, standbyOf: link })
  await primary.restart()
  const address = await openDoor(primary.port)
  const all = [address, standby, link, primary]
  return {
    spec: specOf(address, primary),
    async mark() {
      const { rows } = await primary.sql('SELECT pg_current_wal_flush_lsn() AS at')
      const [{ at }] = rows as [{ at: string }]
      await until(async () => {
        const received = await standby.sql(`SELECT pg_last_wal_replay_lsn() >= '${at}' AS is_there`)
        return received.rows[0]!['is_there'] === true
      })
      link.shut()
    },
    async strike() {
      await primary.kill()
      await standby.sql('SELECT pg_promote()')
      address.leadTo(standby.port)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((each) => each[Symbol.asyncDispose]()))
    },
  }
}

/** Three generations later the data come back as they were copied. */
export const restored: Disaster['start'] = async () => {
  const server = await startPostgres()
  const address = await openDoor(server.port)
  let backup: PostgresServer | undefined
  return {
    spec: specOf(address, server),
    async mark() {
      await server.kill()
      backup = await startPostgres({ copyOf: server })
      await server.restart()
    },
    async strike() {
      await server.kill()
      address.leadTo(backup!.port)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [address, server, backup].map(async (each) => each?.[Symbol.asyncDispose]()),
      )
    },
  }
}
