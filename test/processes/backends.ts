import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { startDynamodb } from '../servers/dynamodb.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startPostgres } from '../servers/postgres.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'
import type { StoreSpec } from './member-setup.ts'

/** A database of a kind, running, and how a process reaches it. */
export interface Backend extends AsyncDisposable {
  readonly spec: StoreSpec
}

export type BackendKind = StoreSpec['kind']

export const BACKENDS: readonly BackendKind[] = (process.env['BACKENDS']?.split(
  ',',
) as BackendKind[]) ?? ['redis', 'postgres', 'sqlite', 'file']

/** Those that are killed in CI, too: MariaDB is one more server of 20 s. */
export const KILLED: readonly BackendKind[] = process.env['BACKENDS']
  ? BACKENDS
  : [...BACKENDS, 'mariadb']

const START: Readonly<Record<BackendKind, () => Promise<Backend>>> = {
  async redis() {
    const server = await startRedis()
    return { spec: { kind: 'redis', url: server.url }, [Symbol.asyncDispose]: server.stop }
  },
  async postgres() {
    const server = await startPostgres()
    return { spec: { kind: 'postgres', url: server.url }, [Symbol.asyncDispose]: server.stop }
  },
  async mariadb() {
    const server = await startMariadb()
    return { spec: { kind: 'mariadb', url: server.url }, [Symbol.asyncDispose]: server.stop }
  },
  async dynamodb() {
    const server = await startDynamodb()
    await server.createTable('refresh-once')
    return { spec: { kind: 'dynamodb', url: server.url }, [Symbol.asyncDispose]: server.stop }
  },
  async sqlite() {
    const directory = await temporaryDirectory('sqlite')
    return {
      spec: { kind: 'sqlite', path: join(directory, 'ledger.db') },
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
    }
  },
  async file() {
    const directory = await temporaryDirectory('file')
    return {
      spec: { kind: 'file', path: join(directory, 'ledger') },
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
    }
  },
}

export function startBackend(kind: BackendKind): Promise<Backend> {
  return START[kind]()
}
