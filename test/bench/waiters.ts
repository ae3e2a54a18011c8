import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { startRedis } from '../servers/redis.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { median, percentile } from './figures.ts'
import type { Figure } from './figures.ts'
import type { Manner, Round, WaiterSetup } from './waiter.ts'

const PROCESSES = 4
const CALLERS = 1_000
const ROUNDS = 25
const WARM_UP = 3
const AS_MS = 100

/** A thousand requests of one user at once over four processes that share a Redis. */
export async function waiters(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: AS_MS, rotates: true })
  await using redis = await startRedis()
  const setup: WaiterSetup = {
    origin: as.origin,
    redisUrl: redis.url,
    callers: CALLERS / PROCESSES,
  }
  const children = await Promise.all(Array.from({ length: PROCESSES }, () => started(setup)))
  const latencies: Record<Manner, { p50: number[]; p99: number[] }> = {
    ours: { p50: [], p99: [] },
    lock: { p50: [], p99: [] },
  }
  let presentationsMax = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const manner of ['ours', 'lock'] as const) {
      await as.presentations()
      const refreshToken = `${manner}-${round}-`.padEnd(64, 'r')
      const waited = await Promise.all(
        children.map(async (child) => {
          child.send({ manner, refreshToken } satisfies Round)
          const [each] = (await once(child, 'message')) as [number[]]
          return each
        }),
      )
      const presentations = await as.presentations()
      if (manner === 'ours') presentationsMax = Math.max(presentationsMax, presentations)
      latencies[manner].p50.push(percentile(waited.flat(), 0.5))
      latencies[manner].p99.push(percentile(waited.flat(), 0.99))
    }
  }
  for (const child of children) child.kill()
  const over = (values: readonly number[]): number => median(values.slice(WARM_UP)) - AS_MS
  const name = `${CALLERS.toLocaleString('en')} callers in ${PROCESSES} processes`
  return [
    {
      name: `presentations for ${name}, most of all rounds`,
      value: presentationsMax,
      unit: '',
      atMost: 1,
      atLeast: 1,
    },
    { name: `${name}, p50 over the AS`, value: over(latencies.ours.p50), unit: 'ms', atMost: 8 },
    { name: `${name}, p99 over the AS`, value: over(latencies.ours.p99), unit: 'ms', atMost: 25 },
    { name: 'the same behind SET NX PX, p50', value: over(latencies.lock.p50), unit: 'ms' },
    { name: 'the same behind SET NX PX, p99', value: over(latencies.lock.p99), unit: 'ms' },
  ]
}

async function started(setup: WaiterSetup): Promise<ChildProcess> {
  const child = fork(process.argv[1]!, ['waiter', JSON.stringify(setup)])
  await once(child, 'message')
  return child
}
