import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installed } from './debian.ts'
import { account, PASSWORD, USER, type PostgresServer } from './postgres.ts'
import { freePort, serve, temporaryDirectory, type Server } from './process.ts'

export interface PgBouncer extends Server {
  /** For the owner of the database behind it. */
  readonly url: string
}

/**
 * Starts PgBouncer before a server, in transaction pooling: a client has a connection to the server
 * for as long as a transaction takes, and another one for the next.
 *
 * @param connections How many it has to the server.
 * @param clientsMax How many clients it takes at once.
 */
export async function startPgBouncer(
  { port: behind }: PostgresServer,
  connections: number,
  clientsMax = 1_000,
): Promise<PgBouncer> {
  const command = await installed('pgbouncer')
  const port = await freePort()
  const directory = await temporaryDirectory('pgbouncer')
  // The account that it runs as must find its files.
  await chmod(directory, 0o711)
  const [users, file] = ['users.txt', 'pgbouncer.ini'].map((name) => join(directory, name))
  await writeFile(users!, `"${USER}" "${PASSWORD}"\n`)
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${behind}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'pool_mode = transaction',
    `default_pool_size = ${connections}`,
    `max_client_conn = ${clientsMax}`,
  ]
  await writeFile(file!, `${lines.join('\n')}\n`)
  const server = await serve(
    { command, args: [file!], ready: /process up/, owner: await account() },
    port,
    directory,
  )
  return { ...server, url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres` }
}
