import { isRefreshError } from '../../core/errors.ts'
import { refuseEviction } from '../../stores/redis/rows.ts'
import type { RedisClient } from '../../stores/redis.ts'
import { findings, type Finding } from './finding.ts'
import type { Options } from './options.ts'
import { valueOf } from '../subject.ts'
import type { Surroundings } from '../surroundings.ts'

const finding = findings('redis')

/** A Redis that can be asked, and used as a store. */
export interface OpenRedis {
  readonly client: RedisClient
  info(): Promise<string>
  close(): void
}

/** Where the Redis is, if one was named. */
export function redisUrlOf(
  { redis, redisEnv }: Options,
  { env }: Surroundings,
): string | undefined {
  return redisEnv === undefined ? redis : valueOf(redisEnv, env)
}

/** Whether a Redis keeps what it acknowledged. */
export async function checkRedis(
  url: string,
  open: typeof openRedis = openRedis,
): Promise<readonly Finding[]> {
  let redis: OpenRedis | undefined
  try {
    redis = await open(url)
    return await aboutEviction(redis)
  } catch (error) {
    if (error instanceof NoClient) return [finding('open', error.message, error.fix)]
    if (error instanceof URIError) return [finding('problem', MALFORMED, MALFORMED_FIX)]
    // Its message may quote the address, and with it the password.
    const { code = 'unknown' } = error as { code?: string }
    return [finding('problem', `it cannot be used (${code})`, 'Look at its address and password.')]
  } finally {
    redis?.close()
  }
}

const MALFORMED = 'its address cannot be read: it holds a % that escapes nothing'
const MALFORMED_FIX = 'Write each % of user and password as %25.'

async function aboutEviction({ info }: OpenRedis): Promise<readonly Finding[]> {
  const warnings: string[] = []
  try {
    await refuseEviction('redis', info, (message) => warnings.push(message))
  } catch (error) {
    if (!isRefreshError(error)) throw error
    return [
      finding('problem', 'it may drop rows: a refresh token could be presented twice', error.hint),
    ]
  }
  return warnings.length === 0
    ? [finding('fine', 'it drops no rows (maxmemory-policy noeviction)')]
    : [finding('open', 'it does not say whether it drops rows', 'Make sure that it does not.')]
}

class NoClient extends Error {
  readonly fix = 'Install redis or ioredis in this folder, to ask it with.'
}

/** Connects by whichever client is installed: both are optional peers. */
export async function openRedis(url: string): Promise<OpenRedis> {
  const redis = await import('redis').catch(() => undefined)
  if (redis !== undefined) {
    const socket = { connectTimeout: CONNECT_MS, reconnectStrategy: false } as const
    const client = redis.createClient({ url, socket })
    // Told again by every command.
    client.on('error', () => {})
    await client.connect()
    return { client, info: () => client.info('memory'), close: () => client.destroy() }
  }
  const io = await import('ioredis').catch(() => undefined)
  if (io === undefined) throw new NoClient('there is no client to ask it with')
  const client = new io.Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  await client.connect()
  return { client, info: () => client.info('memory'), close: () => client.disconnect() }
}

const CONNECT_MS = 5_000
