import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Store } from '../ledger/store.ts'
import { identityOf, warnOnce } from './shared.ts'
import { redisRows } from './redis/rows.ts'
import type { Listen, Wake } from './shared.ts'
import type { Connection } from './redis/rows.ts'

export interface RedisStoreOptions {
  /** The beginning of every key and channel. Default `refresh-once:`. */
  readonly prefix?: string
  /**
   * A second connection (`client.duplicate()`), which the store subscribes with: it wakes calls
   * that wait for another holder. Every process that has one tells the others. Without it, a
   * waiting call reads the row again and again.
   */
  readonly subscriber?: RedisSubscriber
  /**
   * What a claim waits for. `primary`: for the primary. `replicated`: for a replica as well, and
   * the claim fails if none acknowledges it in time; a failover to that replica then forgets
   * nothing. Costs a round trip to the replica. Default `primary`.
   */
  readonly durability?: 'primary' | 'replicated'
  /** For how long a replica is waited for, milliseconds. Default 1,000. */
  readonly replicaTimeoutMs?: number
  /**
   * Whether a server is put up with that may drop rows before their time. It gives the promise up:
   * a token whose claim was dropped may be presented twice. Default `false`.
   */
  readonly allowEviction?: boolean
  /** Told what could not be checked, once. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Keeps rows in Redis 6.2 or later, or Valkey. All processes that reach the server share them, for
 * as long as the server keeps what it acknowledged (docs/stores.md has the settings).
 *
 * The client stays the caller's, to connect, to share and to close.
 *
 * @throws {TypeError} For settings that cannot keep what they say.
 * @store Redis
 * @for several processes or hosts
 * @sharedBy all processes that reach it
 * @needs Redis 6.2 or later, or Valkey
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix = 'refresh-once:', subscriber, durability = 'primary' } = options
  const connection = connectionOf(client)
  if (durability !== 'primary' && durability !== 'replicated') {
    throw new TypeError(`durability is 'primary' or 'replicated', not ${String(durability)}`)
  }
  if (durability === 'replicated' && !isOneConnection(client)) {
    throw new TypeError(
      "durability: 'replicated' needs a client of one connection: on a cluster, a pool or " +
        'createSentinel, WAIT may go another way than the claim; set min-replicas-to-write there',
    )
  }
  if (subscriber !== undefined && (subscriber as object) === client) {
    throw new TypeError('subscriber is a connection of its own: client.duplicate()')
  }
  return redisRows(connection, {
    name: 'redis',
    id: `redis ${identityOf(client)} ${prefix}`,
    prefix,
    replicas: durability === 'replicated' ? 1 : 0,
    replicasTimeoutMs: options.replicaTimeoutMs ?? 1_000,
    publishes: subscriber !== undefined,
    listen: subscriber && subscribing(subscriber, prefix),
    allowEviction: options.allowEviction ?? false,
    warn: options.onWarning ?? warnOnce,
    clock: options.clock,
    random: options.random,
  })
}

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
function connectionOf(client: RedisClient): Connection {
  if (isIoRedis(client)) {
    return {
      bytes: 'raw',
      send: ([command, ...args]) =>
        client.callBuffer(String(command), ...(args.map(sendable) as never[])),
    }
  }
  if (!isNodeRedis(client)) {
    throw new TypeError(
      'redisStore() takes a client of node-redis (5 or later), ioredis or iovalkey; for Redis ' +
        'over HTTP there is httpStore()',
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
function isOneConnection(client: object): boolean {
  const several = ['nodeClient', 'getSentinelNode', 'nodes', 'execute']
  const hasSeveral = several.some((method) => method in client)
  return !hasSeveral
}

function isNodeRedis(client: RedisClient): client is Exclude<RedisClient, IoRedis> {
  return typeof (client as Partial<NodeRedis> | undefined)?.sendCommand === 'function'
}

function isIoRedis(client: RedisClient | RedisSubscriber): client is IoRedis & IoRedisSubscriber {
  return typeof (client as Partial<IoRedis> | undefined)?.callBuffer === 'function'
}

/** Clients take bytes as `Buffer` only. */
function sendable(each: string | Uint8Array): string | Uint8Array {
  return typeof each === 'string'
    ? each
    : Buffer.from(each.buffer, each.byteOffset, each.byteLength)
}

interface Topic {
  readonly wakes: Set<Wake>
  /** Takes what the script publishes: the row's version. */
  readonly wakeAll: (message: unknown) => void
  /** Resolves when the server tells of changes from now on; never, if it does not. */
  readonly heard: Promise<unknown>
}

/** What each subscriber listens to. One table a connection, since stores may share it. */
const topicsOf = new WeakMap<RedisSubscriber, Map<string, Topic>>()

/** Listens to the channel of a row for as long as a call waits for the row. */
function subscribing(subscriber: RedisSubscriber, prefix: string): Listen {
  return (key, wake) => {
    const channel = prefix + key
    const topics = topicsOf.get(subscriber) ?? newTopics(subscriber)
    const topic = topics.get(channel) ?? newTopic(subscriber, channel)
    topics.set(channel, topic)
    topic.wakes.add(wake)
    topic.heard.then(
      () => wake(),
      () => {},
    )
    return () => {
      topic.wakes.delete(wake)
      if (topic.wakes.size > 0) return
      topics.delete(channel)
      // A client that cannot unsubscribe is not connected.
      leave(subscriber, channel, topic.wakeAll).catch(() => {})
    }
  }
}

function newTopics(subscriber: RedisSubscriber): Map<string, Topic> {
  const topics = new Map<string, Topic>()
  topicsOf.set(subscriber, topics)
  if (isIoRedis(subscriber)) {
    subscriber.on('message', (channel, message) => topics.get(channel)?.wakeAll(message))
  }
  return topics
}

function newTopic(subscriber: RedisSubscriber, channel: string): Topic {
  const wakes = new Set<Wake>()
  const wakeAll = (message: unknown): void => {
    for (const wake of wakes) wake(Number(message))
  }
  return { wakes, wakeAll, heard: join(subscriber, channel, wakeAll) }
}

/** A function after the channel is to ioredis no listener: it is called with the reply. */
const join = (subscriber: RedisSubscriber, channel: string, listener: Topic['wakeAll']) =>
  isIoRedis(subscriber) ? subscriber.subscribe(channel) : subscriber.subscribe(channel, listener)

const leave = (subscriber: RedisSubscriber, channel: string, listener: Topic['wakeAll']) =>
  isIoRedis(subscriber)
    ? subscriber.unsubscribe(channel)
    : subscriber.unsubscribe(channel, listener)
