import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, serve, temporaryDirectory, type Server } from './process.ts'

export interface RedisOptions {
  /** When the append-only file reaches the disk. Default: there is no such file. */
  readonly appendfsync?: 'always' | 'everysec' | 'no'
  /** Snapshots, as in redis.conf: `'1 1'`. Default: none. */
  readonly save?: string
  /** The primary that it follows. */
  readonly replicaOf?: { readonly port: number }
  /** Bytes, or `'2mb'`. Default: no limit. */
  readonly maxmemory?: string
  readonly maxmemoryPolicy?: string
  /** Any other lines of redis.conf. */
  readonly config?: Readonly<Record<string, string>>
}

export interface RedisServer extends Server {
  readonly url: string
  /** Does one command with redis-cli, and gives its words. */
  cli(...command: string[]): Promise<string>
}

const run = promisify(execFile)

/** Starts `redis-server` on a free port of 127.0.0.1, with no persistence unless asked. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  await installRedis()
  const port = await freePort()
  const directory = await temporaryDirectory('redis')
  const { appendfsync, save = '', replicaOf, maxmemory, maxmemoryPolicy, config = {} } = options
  const settings: Record<string, string | undefined> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save,
    appendonly: appendfsync === undefined ? 'no' : 'yes',
    appendfsync,
    replicaof: replicaOf && `127.0.0.1 ${replicaOf.port}`,
    'repl-diskless-sync-delay': '0',
    maxmemory,
    'maxmemory-policy': maxmemoryPolicy,
    ...config,
  }
  const args = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, ...(value.includes(' ') ? value.split(' ') : [value])],
  )
  const server = await serve(
    { command: 'redis-server', args, ready: /Ready to accept connections/ },
    port,
    directory,
  )
  return {
    ...server,
    url: `redis://127.0.0.1:${port}`,
    async cli(...command) {
      const { stdout } = await run('redis-cli', [
        '-e',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        ...command,
      ])
      return stdout.trim()
    },
  }
}

/** Starts a cluster of one node that has all slots: keys of two slots in a command are refused. */
export async function startRedisCluster(): Promise<RedisServer> {
  const server = await startRedis({
    config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' },
  })
  await server.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!(await server.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  return server
}

/** The name that the sentinel of {@link startRedisSentinel} knows the primary by. */
export const PRIMARY = 'primary'

/** Starts a sentinel that watches a server. */
export async function startRedisSentinel({ port: watched }: RedisServer): Promise<Server> {
  const port = await freePort()
  const directory = await temporaryDirectory('sentinel')
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${PRIMARY} 127.0.0.1 ${watched} 1`,
  ]
  await writeFile(file, lines.join('\n'))
  const args = [file, '--sentinel']
  return serve({ command: 'redis-server', args, ready: /\+monitor/ }, port, directory)
}

/** Does nothing where `redis-server` is on the PATH, else installs Debian's, as root only can. */
async function installRedis(): Promise<void> {
  if (await run('redis-server', ['--version']).catch(() => undefined)) return
  if (process.getuid?.() !== 0) {
    throw new Error('redis-server is not on the PATH: install it (apt-get install redis-server)')
  }
  // One at a time. RUNLEVEL tells Debian's scripts not to start a service.
  const install =
    'command -v redis-server || { apt-get update && apt-get install -y --no-install-recommends ' +
    'redis-server; }'
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
  await run('flock', [join(tmpdir(), 'refresh-once-apt.lock'), 'sh', '-c', install], { env })
}
