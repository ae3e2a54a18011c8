import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from './debian.ts'
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
  const command = await installed('redis-server')
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
    { command, args, ready: /Ready to accept connections/ },
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

/** Nodes that have a share of the slots each, and no replicas. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  /** Of the first node: a client finds the others by it. */
  readonly url: string
  /** Does one command on each node, and gives what they answered. */
  cli(...command: string[]): Promise<readonly string[]>
  /**
   * Begins to move the slots of rows, each to the next node. The rows are there then, and the old
   * node answers `ASK`; from `finish` on, `MOVED`.
   */
  move(...keys: string[]): Promise<{ finish(): Promise<void> }>
  stop(): Promise<void>
}

const SLOTS = 16_384
const NODES = 3

/** Starts a cluster of three nodes. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: NODES }, startNode))
  for (const [index, { cli }] of nodes.entries()) {
    const [first, next] = [index, index + 1].map((each) => Math.floor((each * SLOTS) / NODES))
    await cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    await cli('CLUSTER', 'ADDSLOTSRANGE', String(first), String(next! - 1))
    for (const { port, busPort } of nodes.slice(0, index)) {
      await cli('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort))
    }
  }
  // Each by itself must know of the others and of their slots.
  const isWhole = (info: string): boolean =>
    info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)
  for (const { cli } of nodes) while (!isWhole(await cli('CLUSTER', 'INFO')));

  const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())))
  return {
    nodes,
    url: nodes[0]!.url,
    cli: (...command) => Promise.all(nodes.map((node) => node.cli(...command))),
    async move(...keys) {
      const slots = keys.map((key) => nodes[0]!.cli('CLUSTER', 'KEYSLOT', key))
      const moves: (() => Promise<void>)[] = []
      for (const slot of new Set(await Promise.all(slots))) moves.push(await move(nodes, slot))
      return {
        async finish() {
          for (const finish of moves) await finish()
        },
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function startNode(): Promise<RedisServer & { readonly busPort: number }> {
  // Where the nodes speak with each other. By default 10,000 above the other, whoever is there.
  const busPort = await freePort()
  const config = {
    'cluster-enabled': 'yes',
    'cluster-announce-ip': '127.0.0.1',
    'cluster-port': String(busPort),
  }
  return { ...(await startRedis({ config })), busPort }
}

/**
 * Moves a slot to the next node, but for the last step, which it returns.
 *
 * @see https://redis.io/docs/latest/commands/cluster-setslot/
 */
async function move(nodes: readonly RedisServer[], slot: string): Promise<() => Promise<void>> {
  const rows = await Promise.all(
    nodes.map(({ cli }) => cli('CLUSTER', 'GETKEYSINSLOT', slot, '1000')),
  )
  const index = rows.findIndex((each) => each !== '')
  const [from, to] = [nodes[index]!, nodes[(index + 1) % nodes.length]!]
  const [fromId, toId] = await Promise.all([from, to].map(({ cli }) => cli('CLUSTER', 'MYID')))
  const keys = rows[index]!.split('\n')

  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!)
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!)
  await from.cli('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys)
  return async () => {
    // The new owner first: nobody is sent to a node that does not know yet.
    for (const { cli } of new Set([to, from, ...nodes])) {
      await cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId!)
    }
  }
}

/** The name that the sentinel of {@link startRedisSentinel} knows the primary by. */
export const PRIMARY = 'primary'

/** How long a primary does not answer until the sentinel gives it up, milliseconds. */
const DOWN_MS = 1_000

/**
 * Starts a sentinel that watches a server.
 *
 * @param hasReplica Whether it is waited for until it knows a replica, which it makes the primary
 *   when the server is gone.
 */
export async function startRedisSentinel(
  { port: watched }: RedisServer,
  { hasReplica = false } = {},
): Promise<Server> {
  const port = await freePort()
  const directory = await temporaryDirectory('sentinel')
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${PRIMARY} 127.0.0.1 ${watched} 1`,
    `sentinel down-after-milliseconds ${PRIMARY} ${DOWN_MS}`,
  ]
  await writeFile(file, lines.join('\n'))
  const args = [file, '--sentinel']
  const ready = hasReplica ? /\+slave slave/ : /\+monitor/
  return serve({ command: 'redis-server', args, ready }, port, directory)
}
