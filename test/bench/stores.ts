import { createClient } from 'redis'
import type { Store, TokenSet } from '../../src/index.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { createRefresher, memoryStore, oidc, postgresStore, redisStore } from './built.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { ourChains, perSecond } from './throughput.ts'

const WARM_UP_MS = 1_500
const SLICE_MS = 700
const ROUNDS = 11
/** Enough for pages and their headers to come out even. */
const CHAINS = 500

/** Refreshes a second over databases, of what the memory store does; and what rows weigh. */
export async function stores(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: 0, rotates: true })
  await using redis = await startRedis()
  await using postgres = await startPostgres({ fsync: 'on' })
  const client = createClient({ url: redis.url })
  await client.connect()
  const pool = postgres.pool({ max: 16 })
  const inPostgres = postgresStore(pool)
  await inPostgres.migrate()
  const inMemory = memoryStore({ name: 'bench stores', rowsMax: 10_000_000 })
  const rows = { memory: inMemory, redis: redisStore(client), postgres: inPostgres }

  const rates = { memory: [] as number[], redis: [] as number[], postgres: [] as number[] }
  const kinds = ['memory', 'redis', 'postgres'] as const
  const ways = kinds.map((kind) => [kind, ourChains(as.origin, 'always', rows[kind])] as const)
  for (const [, make] of ways) await perSecond(make, WARM_UP_MS)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [kind, make] of ways) rates[kind].push(await perSecond(make, SLICE_MS))
  }
  const ratio = (kind: 'redis' | 'postgres'): number =>
    median(rates[kind].map((rate, round) => rate / rates.memory[round]!))
  const figures: Figure[] = [
    ...kinds.map((kind) => ({
      name: `refreshes a second over ${kind}`,
      value: median(rates[kind]),
      unit: '/s',
    })),
    { name: 'redis, of memory', value: ratio('redis'), unit: '', atLeast: 0.75 },
    { name: 'postgres, of memory', value: ratio('postgres'), unit: '', atLeast: 0.5 },
    ...(await operations(as.origin)),
    ...(await bytesInRedis(as.origin, redis.url)),
    ...(await bytesInPostgres(as.origin, postgres)),
  ]
  await client.close()
  return figures
}

const SLOW_MS = 40

/**
 * Calls of the store and round trips, one after the other, for one refresh and for a holder who
 * comes late: at a store that is so slow that nothing else counts.
 */
async function operations(origin: string): Promise<readonly Figure[]> {
  let calls = 0
  const inner = memoryStore({ name: 'bench operations' })
  async function slowly<R>(work: () => Promise<R>): Promise<R> {
    calls += 1
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
    return work()
  }
  const refresher = createRefresher({
    refusedFloorMs: 0,
    provider: oidc({ issuer: origin, tokenEndpoint: `${origin}/token`, rotation: 'always' }),
    client: { id: 'bench' },
    ledger: {
      store: {
        ...inner,
        read: (key) => slowly(() => inner.read(key)),
        swap: (...row) => slowly(() => inner.swap(...row)),
      },
    },
  })
  async function counted(
    tokens: TokenSet,
  ): Promise<{ next: TokenSet; calls: number; trips: number }> {
    calls = 0
    const began = performance.now()
    const { tokens: next } = await refresher.refresh(tokens, { refused: true })
    return { next, calls, trips: Math.floor((performance.now() - began) / SLOW_MS) }
  }
  const first = await counted({ accessToken: 'a', refreshToken: 'operations'.padEnd(64, 'r') })
  const second = await counted(first.next)
  const usual = await counted(second.next)
  const late = await counted(second.next)
  return [
    { name: 'operations of a refresh', value: usual.calls, unit: '', atMost: 3 },
    { name: 'round trips of a refresh', value: usual.trips, unit: '', atMost: 2 },
    { name: 'round trips of a holder who comes late', value: late.trips, unit: '', atMost: 1 },
  ]
}

async function bytesInRedis(origin: string, url: string): Promise<readonly Figure[]> {
  const client = createClient({ url })
  await client.connect()
  await client.flushAll()
  const prefix = 'weight:'
  await chainsOnce(origin, redisStore(client, { prefix }))
  const bytes: number[] = []
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*` })) {
    for (const key of keys) bytes.push((await client.memoryUsage(key)) ?? 0)
  }
  await client.close()
  const [small, large] = [Math.min(...bytes), Math.max(...bytes)]
  const isClaim = (each: number): boolean => each - small < large - each
  const mean = (each: readonly number[]): number => each.reduce((a, b) => a + b, 0) / each.length
  return [
    { name: 'a claim row in Redis', value: mean(bytes.filter(isClaim)), unit: 'B' },
    {
      name: 'a grant row in Redis (access token of 800 bytes)',
      value: mean(bytes.filter((each) => !isClaim(each))),
      unit: 'B',
    },
  ]
}

async function bytesInPostgres(
  origin: string,
  postgres: Awaited<ReturnType<typeof startPostgres>>,
): Promise<readonly Figure[]> {
  const pool = postgres.pool({ max: 4 })
  const store = postgresStore(pool, { table: 'weight' })
  await store.migrate()
  await chainsOnce(origin, store)
  const { rows } = await pool.query(
    `select count(*)::int as count, pg_total_relation_size('weight')::int as bytes from weight`,
  )
  const { count, bytes } = rows[0] as { count: number; bytes: number }
  return [
    {
      name: 'a row in PostgreSQL, claim or grant, with its index',
      value: bytes / count,
      unit: 'B',
    },
  ]
}

/** So many chains, refreshed once each. */
async function chainsOnce(origin: string, store: Store): Promise<void> {
  const make = ourChains(origin, 'always', store)
  for (let index = 0; index < CHAINS; index += 1) await make(index)()
}
