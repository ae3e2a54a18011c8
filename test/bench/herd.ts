import { startAuthorizationServer } from './authorization-server.ts'
import { createRefresher, memoryStore, oidc } from './built.ts'
import { median, percentile } from './figures.ts'
import type { Figure } from './figures.ts'
import { rawRefresh } from './raw.ts'

const CALLERS = 1000
const ROUNDS = 25
const AS_MS = 100

/** A thousand requests of one user at once, all with the same expired tokens. */
export async function herd(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: AS_MS, rotates: true })
  const refresher = createRefresher({
    provider: oidc({ issuer: as.origin, tokenEndpoint: `${as.origin}/token` }),
    client: { id: 'bench' },
    ledger: { store: memoryStore({ name: 'herd' }) },
  })
  const raw = rawRefresh(as.origin, { closing: true })
  const ours: number[] = []
  const map: number[] = []
  const alone: number[] = []
  let presentationsMax = 0

  for (let round = 0; round < ROUNDS; round += 1) {
    const refreshToken = `herd-${round}-`.padEnd(64, 'r')
    const began = performance.now()
    await raw(refreshToken)
    alone.push(performance.now() - began)

    let flight: Promise<unknown> | undefined
    map.push(percentile(await latencies(() => (flight ??= raw(refreshToken))), 0.99))

    await as.presentations()
    const expiresAtMs = Date.now() - 1000
    const one = async (): Promise<void> => {
      const tokens = { accessToken: 'a'.repeat(800), refreshToken, expiresAtMs }
      const { state } = await refresher.refresh(tokens)
      if (state !== 'rotated') throw new Error(`a caller of the herd ended ${state}`)
    }
    ours.push(percentile(await latencies(one), 0.99))
    presentationsMax = Math.max(presentationsMax, await as.presentations())
  }
  const steady = (p99s: readonly number[]): number => median(p99s.slice(3)) - AS_MS
  return [
    {
      name: 'presentations for 1,000 callers, most of all rounds',
      value: presentationsMax,
      unit: '',
      atMost: 1,
      atLeast: 1,
    },
    { name: 'one caller, raw, over the AS', value: steady(alone), unit: 'ms' },
    {
      name: '1,000 callers, raw behind one shared promise, p99 over the AS',
      value: steady(map),
      unit: 'ms',
    },
    { name: '1,000 callers, p99 over the AS', value: steady(ours), unit: 'ms', atMost: 10 },
    {
      name: '1,000 callers, p99 over the AS, best round (the least disturbed)',
      value: Math.min(...ours) - AS_MS,
      unit: 'ms',
    },
    {
      name: 'raw behind one shared promise, p99 over the AS, best round',
      value: Math.min(...map) - AS_MS,
      unit: 'ms',
    },
    {
      name: '1,000 callers, p99 over the AS, first round (cold)',
      value: ours[0]! - AS_MS,
      unit: 'ms',
    },
  ]
}

/** What each of a herd waits, milliseconds, from the moment that all of them start. */
function latencies(one: () => Promise<unknown>): Promise<number[]> {
  const began = performance.now()
  return Promise.all(
    Array.from({ length: CALLERS }, async () => {
      await one()
      return performance.now() - began
    }),
  )
}
