import type { Store } from 'refresh-once'
import { memoryStore } from 'refresh-once/stores/memory'
import { redisStore } from 'refresh-once/stores/redis'
import { createClient } from 'redis'

/** The ledger: a Redis that all processes share, or this process's memory. */
export const store: Store = process.env.REDIS_URL ? inRedis(process.env.REDIS_URL) : memoryStore()

function inRedis(url: string): Store {
  const [client, subscriber] = [createClient({ url }), createClient({ url })]
  for (const each of [client, subscriber]) {
    // Without a listener, a connection that breaks ends the process. It connects again by itself.
    each.on('error', () => {})
    void each.connect()
  }
  return redisStore(client, { subscriber })
}
