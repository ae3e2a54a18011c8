import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mysql, { type Pool, type PoolOptions } from 'mysql2/promise'
import { installed } from './debian.ts'
import { freePort, serve, temporaryDirectory, type Server } from './process.ts'

export interface MariadbServer extends Server {
  readonly url: string
  /** A pool of connections as its owner, ended before the server is. */
  pool(options?: PoolOptions): Pool
  /** Does statements on a connection of its own. */
  sql(...texts: string[]): Promise<void>
}

const run = promisify(execFile)

/** Starts Debian's MariaDB on a free port of 127.0.0.1, with a database `test`. */
export async function startMariadb(
  config: Readonly<Record<string, string>> = {},
): Promise<MariadbServer> {
  const command = await installed('mariadbd', 'mariadb-server')
  const port = await freePort()
  const directory = await temporaryDirectory('mariadb')
  const data = join(directory, 'data')
  await mkdir(data)
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const setUp = ['--no-defaults', ...user, `--datadir=${data}`, '--skip-test-db']
  await run('mariadb-install-db', [...setUp, '--auth-root-authentication-method=normal'])
  const settings = {
    datadir: data,
    port: String(port),
    socket: join(directory, 'socket'),
    'bind-address': '127.0.0.1',
    'innodb-flush-log-at-trx-commit': '1',
    'innodb-buffer-pool-size': '32M',
    'innodb-log-file-size': '8M',
    'performance-schema': 'OFF',
    ...config,
  }
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  const server = await serve(
    {
      command,
      args: ['--no-defaults', ...user, ...args],
      ready: /ready for connections/,
      isLeftover: (output) => /Unable to lock|already in use/.test(output),
    },
    port,
    directory,
  )
  const url = `mysql://root@127.0.0.1:${port}/test`
  const pools = new Set<Pool>()
  const sql = async (...texts: string[]): Promise<void> => {
    const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' })
    try {
      for (const text of texts) await connection.query(text)
    } finally {
      connection.destroy()
    }
  }
  await sql('CREATE DATABASE test')
  const stop = async (): Promise<void> => {
    await Promise.all([...pools].map((pool) => pool.end().catch(() => {})))
    await server.stop()
  }
  return {
    ...server,
    url,
    pool(options = {}) {
      const pool = mysql.createPool({ uri: url, ...options })
      pools.add(pool)
      return pool
    },
    sql,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
