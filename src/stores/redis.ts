import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Store } from '../ledger/store.ts'
import { identityOf, warnOnce } from './shared.ts'
import {
  connectionOf,
  isOneConnection,
  subscribing,
  type RedisClient,
  type RedisSubscriber,
} from './redis/client.ts'
import { redisRows } from './redis/rows.ts'

export type { RedisClient, RedisSubscriber }

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
