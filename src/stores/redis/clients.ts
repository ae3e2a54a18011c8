import type { Connection } from './rows.ts'

/**
 * What is asked of a client: node-redis 5 and later, ioredis and iovalkey, their clusters, and what
 * finds the primary by Sentinel.
 */
export type RedisClient = NodeRedis | NodeRedisCluster | NodeRedisSentinel | IoRedis
/** What is asked of the second connection. */
export type RedisSubscriber = NodeRedisSubscriber | IoRedisSubscriber

interface NodeRedis {
  sendCommand(args: readonly (string | Uint8Array)[], options?: object): Promise<unknown>
}

interface NodeRedisCluster {
  nodeClient(node: never): unknown
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: (string | Uint8Array)[],
    options?: object,
  ): Promise<unknown>
}

interface NodeRedisSentinel {
  getSentinelNode(): unknown
  sendCommand(
    isReadonly: boolean | undefined,
    args: (string | Uint8Array)[],
    options?: object,
  ): Promise<unknown>
}

interface IoRedis {
  /** Takes texts and bytes; typed by no more than its name, because it has many signatures. */
  callBuffer(command: string, ...args: never[]): Promise<unknown>
}

interface NodeRedisSubscriber {
  subscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
}

interface IoRedisSubscriber {
  callBuffer: IoRedis['callBuffer']
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: unknown) => void): unknown
}

/** RESP's `$`, a string of bytes, as node-redis numbers it: to be left as it is. */
const AS_BYTES = { typeMapping: { 36: Buffer } }

/** @throws {TypeError} For an object that is not one of the clients. */
export function connectionOf(client: RedisClient): Connection {
  if (isIoRedis(client)) {
    return {
      bytes: 'raw',
      send: ([command, ...args]) =>
        client.callBuffer(String(command), ...(args.map(sendable) as never[])),
    }
  }
  if (!isNodeRedis(client)) {
    throw new TypeError(
      'redisStore() takes { url, createClient }, or a client of node-redis (5 or later), ioredis ' +
        'or iovalkey; for Redis over HTTP there is httpStore()',
    )
  }
  if ('nodeClient' in client) {
    return {
      bytes: 'raw',
      send: (command, key) => client.sendCommand(key, false, command.map(sendable), AS_BYTES),
    }
  }
  if ('getSentinelNode' in client) {
    return {
      bytes: 'raw',
      send: (command) => client.sendCommand(false, command.map(sendable), AS_BYTES),
    }
  }
  return { bytes: 'raw', send: (command) => client.sendCommand(command.map(sendable), AS_BYTES) }
}

/** Whether two commands sent one after the other go over one connection, in that order. */
export function isOneConnection(client: object): boolean {
  const several = ['nodeClient', 'getSentinelNode', 'nodes', 'execute']
  const hasSeveral = several.some((method) => method in client)
  return !hasSeveral
}

function isNodeRedis(client: RedisClient): client is Exclude<RedisClient, IoRedis> {
  return typeof (client as Partial<NodeRedis> | undefined)?.sendCommand === 'function'
}

export function isIoRedis(
  client: RedisClient | RedisSubscriber,
): client is IoRedis & IoRedisSubscriber {
  return typeof (client as Partial<IoRedis> | undefined)?.callBuffer === 'function'
}

/** Clients take bytes as `Buffer` only. */
function sendable(each: string | Uint8Array): string | Uint8Array {
  return typeof each === 'string'
    ? each
    : Buffer.from(each.buffer, each.byteOffset, each.byteLength)
}
