import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { startRedis } from '../servers/redis.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { median, percentile } from './figures.ts'
import type { Figure } from './figures.ts'
import type { TokenSet } from '../../src/index.ts'
import type { Manner, Round, Waited, WaiterSetup } from './waiter.ts'

const PROCESSES = 4
const CALLERS = 1_000
const ROUNDS = 100
/** Rounds in which V8 still compiles: servers live longer. */
const WARM_UP = 40
const AS_MS = 100

/**
 * A thousand requests of one user at once over four processes that share a Redis. Their set carries
 * its `grant`, as it does from its first refresh on.
 */
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
  const held: Record<Manner, TokenSet> = { ours: signedIn('ours'), lock: signedIn('lock') }
  const presentations: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const manner of ['ours', 'lock'] as const) {
      await as.presentations()
      const all = await Promise.all(
        children.map(async (child) => {
          child.send({ manner, tokens: held[manner] } satisfies Round)
          const [each] = (await once(child, 'message')) as [Waited]
          return each
        }),
      )
      held[manner] = all[0]!.tokens
      const waited = all.flatMap((each) => each.latencies)
      const count = await as.presentations()
      if (manner === 'ours') presentations.push(count)
      latencies[manner].p50.push(percentile(waited, 0.5))
      latencies[manner].p99.push(percentile(waited, 0.99))
    }
  }
  for (const child of children) child.kill()
  const over = (values: readonly number[]): number => median(values.slice(WARM_UP)) - AS_MS
  const name = `${CALLERS.toLocaleString('en')} callers in ${PROCESSES} processes`
  return [
    {
      name: `presentations for ${name}, least of all rounds`,
      value: Math.min(...presentations),
      unit: '',
      atLeast: 1,
    },
    {
      name: `presentations for ${name}, most of all rounds`,
      value: Math.max(...presentations),
      unit: '',
      atMost: 1,
    },
    { name: `${name}, p50 over the AS`, value: over(latencies.ours.p50), unit: 'ms', atMost: 8 },
    { name: `${name}, p99 over the AS`, value: over(latencies.ours.p99), unit: 'ms', atMost: 25 },
    { name: 'the same behind SET NX PX, p50', value: over(latencies.lock.p50), unit: 'ms' },
    { name: 'the same behind SET NX PX, p99', value: over(latencies.lock.p99), unit: 'ms' },
  ]
}

const signedIn = (name: Manner): TokenSet => ({
  accessToken: 'a'.repeat(800),
  refreshToken: `${name}-`.padEnd(64, 'r'),
})

async function started(setup: WaiterSetup): Promise<ChildProcess> {
  const child = fork(process.argv[1]!, ['waiter', JSON.stringify(setup)])
  await once(child, 'message')
  return child
}
