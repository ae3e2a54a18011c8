import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { measure } from 'mitata'
import type { LineInspector } from '../../src/inspect/index.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { createRefresher, memoryStore, oidc, pageInspector, recorder } from './built.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { ourChains, perSecond, type Chain } from './throughput.ts'

const WARM_UP_MS = 1_500
const SLICE_MS = 600
const ROUNDS = 25
const ALONE_COUNT = 100
const NOBODY = 'nobody'

/** One measured way of being looked at. */
interface Way {
  readonly name: string
  readonly make: (index: number) => Chain
  readonly perSecond: number[]
  /** CPU time of this process for one refresh, microseconds. */
  readonly cpuUs: number[]
  /** How long a refresh takes that is alone, microseconds: the median of a slice. */
  readonly aloneUs: number[]
}

/** What it costs to be looked at: 64 chains, in turn with nobody looking. */
export async function inspect(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: 0, rotates: true })
  const page = spawn(process.execPath, [
    fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url)),
    'inspect',
  ])
  const [said] = (await once(page.stdout, 'data')) as [Buffer]
  const url = /http:\S+/.exec(said.toString())![0]
  const way = (name: string, inspector?: LineInspector): Way => ({
    name,
    make: ourChains(as.origin, 'always', undefined, inspector),
    perSecond: [],
    cpuUs: [],
    aloneUs: [],
  })
  const ways = [
    way(NOBODY),
    way(
      'a recorder',
      recorder(() => {}),
    ),
    way('the page', pageInspector({ url, allowInProduction: true })),
  ]
  for (const { make } of ways) await perSecond(make, WARM_UP_MS)
  for (let round = 0; round < ROUNDS; round += 1) for (const each of ways) await slice(each)
  page.kill()
  return [...(await freshPath()), ...ways.flatMap((each) => figuresOf(each, ways[0]!))]
}

/** A fresh set is asked about nowhere, whoever looks on. */
async function freshPath(): Promise<Figure[]> {
  const options = {
    provider: oidc({ issuer: 'https://id.example.com' }),
    client: { id: 'bench' },
    ledger: { store: memoryStore({ name: 'inspect, fresh' }) },
  }
  const tokens = { accessToken: 'a', refreshToken: 'r', expiresAtMs: Date.now() + 3_600_000 }
  const alone = createRefresher(options)
  const inspected = createRefresher({ ...options, inspect: recorder(() => {}) })
  const bare = await measure(() => alone.refresh(tokens))
  const looked = await measure(() => inspected.refresh(tokens))
  return [
    { name: '`refresh`, fresh, inspected by nobody', value: bare.p50, unit: 'ns' },
    { name: '`refresh`, fresh, inspected by a recorder', value: looked.p50, unit: 'ns' },
  ]
}

async function slice({ make, perSecond: rates, cpuUs, aloneUs }: Way): Promise<void> {
  const before = process.cpuUsage()
  const rate = await perSecond(make, SLICE_MS)
  const { user, system } = process.cpuUsage(before)
  rates.push(rate)
  cpuUs.push((user + system) / (rate * (SLICE_MS / 1000)))
  aloneUs.push(await oneByOne(make(0)))
}

async function oneByOne(chain: Chain): Promise<number> {
  const us: number[] = []
  for (let count = 0; count < ALONE_COUNT; count += 1) {
    const beganAt = performance.now()
    await chain()
    us.push((performance.now() - beganAt) * 1000)
  }
  return median(us)
}

/** Of the least disturbed round: what others do on this machine only ever takes from it. */
function figuresOf({ name, perSecond: rates, cpuUs, aloneUs }: Way, nobody: Way): Figure[] {
  const [rate, cpu, aloneTakes] = [Math.max(...rates), Math.min(...cpuUs), Math.min(...aloneUs)]
  const figures = [
    { name: `refreshes a second, inspected by ${name}`, value: rate, unit: '/s' },
    { name: `CPU time of a refresh, inspected by ${name}`, value: cpu, unit: 'µs' },
    { name: `a refresh that is alone, inspected by ${name}`, value: aloneTakes, unit: 'µs' },
  ]
  if (name === NOBODY) return figures
  const more = cpu / Math.min(...nobody.cpuUs) - 1
  const less = 1 - rate / Math.max(...nobody.perSecond)
  const longer = aloneTakes / Math.min(...nobody.aloneUs) - 1
  return [
    ...figures,
    { name: `longer alone, inspected by ${name}`, value: longer * 100, unit: '%', atMost: 10 },
    { name: `more CPU time, inspected by ${name}`, value: more * 100, unit: '%', atMost: 10 },
    { name: `fewer refreshes, inspected by ${name}`, value: less * 100, unit: '%', atMost: 10 },
  ]
}
