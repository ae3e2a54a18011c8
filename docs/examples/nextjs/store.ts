import type { Store } from 'refresh-once'
import { memoryStore } from 'refresh-once/stores/memory'
import { redisStore } from 'refresh-once/stores/redis'
import { createClient } from 'redis'

const { REDIS_URL: url } = process.env

/** The ledger: a Redis that all processes share, or this process's memory. */
export const store: Store = url ? redisStore({ url, createClient }) : memoryStore()
