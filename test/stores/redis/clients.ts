import { readFile } from 'node:fs/promises'
import { Cluster, Redis as IoRedis } from 'ioredis'
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey'
import { createClient, createCluster } from 'redis'
import { describe, it } from 'vitest'
import { redisStore, type RedisClient, type RedisSubscriber } from '../../../src/stores/redis.ts'
import { storeContract } from '../../../src/testing/store-contract.ts'

export interface Connected {
  readonly client: RedisClient & RedisSubscriber
  readonly close: () => void
}

/** The clients that people have. Each reconnects by itself, as they do in production. */
export const CLIENTS: Readonly<Record<string, (url: string) => Promise<Connected>>> = {
  async 'node-redis'(url) {
    const client = await createClient({ url }).on('error', ignore).connect()
    return { client, close: () => client.destroy() }
  },
  async 'node-redis with RESP 2'(url) {
    const client = await createClient({ url, RESP: 2 }).on('error', ignore).connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis(url) {
    const client = new IoRedis(url).on('error', ignore)
    return { client, close: () => client.disconnect() }
  },
  async iovalkey(url) {
    const client = new Valkey(url).on('error', ignore)
    return { client, close: () => client.disconnect() }
  },
}

/** Those that know a cluster. */
export const CLUSTERS: Readonly<Record<string, (url: string) => Promise<Connected>>> = {
  async 'node-redis'(url) {
    const client = await createCluster({ rootNodes: [{ url }], defaults: credentials(url) })
      .on('error', ignore)
      .connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis(url) {
    const client = new Cluster([url], { redisOptions: credentials(url) }).on('error', ignore)
    return { client, close: () => client.disconnect() }
  },
  async iovalkey(url) {
    const client = new ValkeyCluster([url], { redisOptions: credentials(url) })
    client.on('error', ignore)
    return { client, close: () => client.disconnect() }
  },
}

/** A cluster's client needs them for the nodes that it is told of. */
function credentials(url: string): { username?: string; password?: string } {
  const { username, password } = new URL(url)
  return username === '' ? {} : { username, password }
}

let prefixes = 0
export const freshPrefix = (): string => `test-${(prefixes += 1)}:`

/** Tries a store over clients that are connected so. */
export function contract(
  name: string,
  connect: () => Promise<Connected>,
  isSubscribed: boolean,
): void {
  storeContract(
    name,
    async () => {
      const prefix = freshPrefix()
      const clients = await Promise.all([1, 2, 3, 4].map(connect))
      const [one, other, ear, otherEar] = clients.map(({ client }) => client)
      return {
        store: redisStore(one!, { prefix, ...(isSubscribed && { subscriber: ear! }) }),
        twin: redisStore(other!, { prefix, ...(isSubscribed && { subscriber: otherEar! }) }),
        close: () => clients.forEach(({ close }) => close()),
      }
    },
    { describe: describe.concurrent, it },
  )
}

/** A server, or all nodes of a cluster. */
interface Ruled {
  readonly url: string
  cli(...command: string[]): Promise<unknown>
}

/** Pastes the line of the docs that makes a user, who gets another name here. */
export async function allow(on: Ruled, name: string, without = ''): Promise<string> {
  const docs = await readFile(new URL('../../../docs/stores.md', import.meta.url), 'utf8')
  const line = /^ACL SETUSER refresh-once .+$/m.exec(docs)?.[0] ?? ''
  const words = line.split(' ').filter((word) => word !== without)
  await on.cli(...words.map((word) => (word === 'refresh-once' ? name : word)))
  const password = words.find((word) => word.startsWith('>'))!.slice(1)
  return on.url.replace('//', `//${name}:${password}@`)
}

function ignore(): void {}
