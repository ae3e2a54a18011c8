import {
  boolean,
  checkOptions,
  clock,
  func,
  having,
  msAbove0,
  oneOf,
  random,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Store } from '../ledger/store.ts'
import { connectionOf, isIoRedis, isOneConnection } from './redis/clients.ts'
import type { RedisClient, RedisSubscriber } from './redis/clients.ts'
import { ownConnections, type RedisByUrl } from './redis/own-connections.ts'
import { redisRows, type Connection } from './redis/rows.ts'
import { identityOf, ofProcess, warnOnce } from './shared.ts'
import type { Listen, Wake } from './shared.ts'

export type { RedisByUrl, RedisClient, RedisSubscriber }

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

/** A store that has connections of its own. */
export interface OwnRedisStore extends Store {
  /** Ends the connections of every store of this URL in this process, for a process that ends. */
  close(): void
}

/**
 * Keeps rows in Redis 6.2 or later, or Valkey. All processes that reach the server share them, for
 * as long as the server keeps what it acknowledged (docs/stores.md has the settings).
 *
 *     import { createClient } from 'redis'
 *     const store = redisStore({ url: process.env.REDIS_URL, createClient })
 *
 * With a URL, the store connects at its first use, and all stores of a process with that URL share
 * two connections: also copies of the module, and what `next dev` makes anew at each edit. A client
 * that you pass instead stays yours, to connect, to share and to close.
 *
 * @throws {TypeError} For settings that cannot keep what they say.
 * @store Redis
 * @for several processes or hosts
 * @sharedBy all processes that reach it
 * @needs Redis 6.2 or later, or Valkey
 */
export function redisStore(
  server: RedisByUrl,
  options?: Omit<RedisStoreOptions, 'subscriber'>,
): OwnRedisStore
export function redisStore(client: RedisClient, options?: RedisStoreOptions): Store
export function redisStore(
  given: RedisByUrl | RedisClient,
  options: RedisStoreOptions = {},
): Store | OwnRedisStore {
  checkOptions('redisStore', options, OPTIONS)
  if (!isByUrl(given)) return storeOver(given, connectionOf(given), options)
  if (options.subscriber !== undefined) {
    throw new TypeError('subscriber belongs to a client: with a url, the store has its own')
  }
  const own = ownConnections(given)
  const { client, connection, subscriber } = own
  const listening = { publishes: true, listen: subscribing(subscriber, prefixOf(options)) }
  return { ...storeOver(client, connection, options, listening), close: own.close }
}

/** Either property makes it so: what is missing is then said. No client has one of them. */
function isByUrl(given: RedisByUrl | RedisClient): given is RedisByUrl {
  return typeof given === 'object' && given !== null && ('url' in given || 'createClient' in given)
}

const prefixOf = ({ prefix = 'refresh-once:' }: RedisStoreOptions): string => prefix

function storeOver(
  client: RedisClient,
  connection: Connection,
  options: RedisStoreOptions,
  listening?: { readonly publishes: boolean; readonly listen: Listen },
): Store {
  const { subscriber, durability = 'primary' } = options
  const prefix = prefixOf(options)
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
    listen: subscriber && subscribing(() => subscriber, prefix),
    ...listening,
    allowEviction: options.allowEviction ?? false,
    warn: options.onWarning ?? warnOnce,
    clock: options.clock,
    random: options.random,
  })
}

const OPTIONS: TableOf<RedisStoreOptions> = {
  prefix: text(),
  subscriber: having('a second connection: client.duplicate()', 'subscribe', 'unsubscribe'),
  durability: oneOf('primary', 'replicated'),
  replicaTimeoutMs: msAbove0,
  allowEviction: boolean,
  onWarning: func,
  clock,
  random,
}

interface Topic {
  readonly wakes: Set<Wake>
  /** Takes what the script publishes: the row's version. */
  readonly wakeAll: (message: unknown) => void
  /** Resolves when the server tells of changes from now on; never, if it does not. */
  readonly heard: Promise<unknown>
}

/** What each subscriber listens to. One table a connection, since stores may share it. */
const topicsOf = ofProcess('redis-topics/1', () => new WeakMap<object, Map<string, Topic>>())

/** Listens to the channel of a row for as long as a call waits for the row. */
function subscribing(subscriberOf: () => RedisSubscriber, prefix: string): Listen {
  return (key, wake) => {
    const channel = prefix + key
    const subscriber = subscriberOf()
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
