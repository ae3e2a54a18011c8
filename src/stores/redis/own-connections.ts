import { ofProcess } from '../shared.ts'
import { connectionOf, isIoRedis, type RedisClient, type RedisSubscriber } from './clients.ts'
import type { Connection } from './rows.ts'

/** A server, and how a store makes its own connections to it. */
export interface RedisByUrl {
  /**
   * Where the server is, and everything by which its data differs from other data: the number of
   * the database as well. Stores of one URL share their connections.
   */
  readonly url: string
  /**
   * `createClient` of node-redis. For ioredis and iovalkey: `({ url }) => new Redis(url)`. For a
   * cluster: `({ url }) => createCluster({ rootNodes: [{ url }] })`.
   */
  readonly createClient: (options: { readonly url: string }) => RedisClient & RedisSubscriber
}

interface Own {
  readonly client: RedisClient
  /** Made by the first call that waits for another holder. */
  subscriber?: RedisSubscriber
  /** The clients of node-redis that are connected, or connecting. */
  readonly opened: Set<object>
}

/** Next.js builds a module several times, and makes it anew at each edit: connections stay. */
const byUrl = ofProcess('redis-connections/1', () => new Map<string, Own>())

/** The methods of clients that are called here. A client of ioredis connects by itself. */
interface Lifecycle {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy?(): void
  disconnect(): unknown
}

/** What a store with a URL works with. */
interface OwnConnections {
  readonly client: RedisClient
  /** Connects when it is first used: `next build` loads the store, and has no Redis. */
  readonly connection: Connection
  subscriber(): RedisSubscriber
  close(): void
}

/**
 * Makes the connections to a URL, or finds those that this process has already.
 *
 * @throws {TypeError} Without a URL, or without a function that makes a client.
 */
export function ownConnections({ url, createClient }: RedisByUrl): OwnConnections {
  if (typeof url !== 'string' || url.trim() === '') {
    throw new TypeError('redisStore() needs the url of a Redis: is REDIS_URL set where this runs?')
  }
  if (typeof createClient !== 'function') {
    throw new TypeError(
      'redisStore({ url }) needs createClient: that of node-redis, or, for ioredis, ' +
        '({ url }) => new Redis(url)',
    )
  }
  const made = (): RedisClient & RedisSubscriber => {
    const client = createClient({ url })
    connectionOf(client)
    // Without a listener, a connection that breaks ends the process. It connects again by itself.
    lifecycleOf(client).on('error', () => {})
    return client
  }
  const own = (): Own => {
    const found = byUrl.get(url) ?? { client: made(), opened: new Set() }
    byUrl.set(url, found)
    return found
  }
  const { client } = own()
  const { bytes } = connectionOf(client)

  return {
    client,
    connection: {
      bytes,
      send(command, key) {
        const { client, opened } = own()
        open(client, opened)
        return connectionOf(client).send(command, key)
      },
    },
    subscriber() {
      const shared = own()
      shared.subscriber ??= made()
      open(shared.subscriber, shared.opened)
      return shared.subscriber
    },
    close() {
      const { client, subscriber } = own()
      byUrl.delete(url)
      for (const each of [client, subscriber]) if (each !== undefined) end(lifecycleOf(each))
    },
  }
}

const lifecycleOf = (client: RedisClient | RedisSubscriber): Lifecycle =>
  client as unknown as Lifecycle

/** Connects a client of node-redis. Commands wait until it is; if it cannot be, they fail. */
function open(client: RedisClient | RedisSubscriber, opened: Set<object>): void {
  if (isIoRedis(client) || opened.has(client)) return
  opened.add(client)
  // Rejects where it does not try again, as with a wrong password: the next command does.
  lifecycleOf(client)
    .connect()
    .catch(() => opened.delete(client))
}

function end(client: Lifecycle): void {
  try {
    if (client.destroy) client.destroy()
    else client.disconnect()
  } catch {
    // It was never connected.
  }
}
