import { Session } from 'node:inspector/promises'
import type { Profiler } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { createActor, fromPromise } from 'xstate'
import { failedPresentation } from '../../src/core/failure.ts'
import type {
  ClaimOutput,
  PresentOutput,
  RefreshContext,
  SettleOutput,
} from '../../machines/index.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { refreshMachine } from './built.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { ourChains, perSecond } from './throughput.ts'

const PROFILED_MS = 6_000
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Whose time it is: of the innermost caller that is owned. Node's own modules are nobody's. */
const OWNERS: readonly (readonly [name: string, where: RegExp])[] = [
  ['`fetch`: undici', /^node:internal\/deps\/undici/],
  ['sealing: the sealer and WebCrypto', /dist\/src\/ledger\/sealer|^node:internal\/crypto/],
  ['chart: xstate and machines/', /node_modules\/xstate|dist\/machines/],
  ['ledger: rows, protocol, store', /dist\/src\/(?:ledger|stores)/],
  ['transport: ours and oauth4webapi', /dist\/src\/transport|node_modules\/oauth4webapi/],
  ['runtime and core', /dist\/(?:src|providers)/],
  ['garbage collection', /^\(garbage collector\)$/],
  ['the benchmark', /test\/bench/],
]
const NOBODY = 'sockets, streams, microtasks: nobody told apart'

/** Where the time of a refresh goes: the event loop's CPU time, profiled at 64 concurrent. */
export async function breakdown(): Promise<readonly Figure[]> {
  await using as = await startAuthorizationServer({ delayMs: 0, rotates: true })
  const make = ourChains(as.origin)
  await perSecond(make, 2_000)
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 250 })
  await session.post('Profiler.start')
  const rate = await perSecond(make, PROFILED_MS)
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const refreshes = (rate * PROFILED_MS) / 1000
  const times = [...timesOf(profile)].map(([name, us]) => ({
    name,
    value: us / refreshes,
    unit: 'µs',
  }))
  return [
    ...times,
    { name: 'all of them', value: times.reduce((sum, { value }) => sum + value, 0), unit: 'µs' },
    { name: 'the chart alone, claimed and granted at once', value: await chartUs(), unit: 'µs' },
  ]
}

/** Microseconds by owner, the idle ones left out. */
function timesOf({ nodes, samples, timeDeltas }: Profiler.Profile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])))
  const times = new Map([...OWNERS.map(([name]) => name), NOBODY].map((name) => [name, 0]))
  for (const [index, id] of (samples ?? []).entries()) {
    if (byId.get(id)!.callFrame.functionName === '(idle)') continue
    let owner: string | undefined
    for (let at: number | undefined = id; at !== undefined && !owner; at = callers.get(at)) {
      owner = ownerOf(byId.get(at)!.callFrame)
    }
    owner ??= NOBODY
    times.set(owner, times.get(owner)! + timeDeltas![index]!)
  }
  return times
}

function ownerOf({ url, functionName }: Profiler.ProfileNode['callFrame']): string | undefined {
  const place = url === '' ? functionName : url.replace(`file://${ROOT}`, '')
  return OWNERS.find(([, where]) => where.test(place))?.[0]
}

/** A run of the chart whose actors answer at once, microseconds. */
async function chartUs(): Promise<number> {
  const now = { nowMs: 0, elapsedMs: 0 }
  const position = { secret: undefined as never, generation: 0 }
  const machine = refreshMachine.provide({
    actors: {
      claim: fromPromise<ClaimOutput, RefreshContext>(async () => ({
        ...now,
        type: 'won',
        claim: {},
        position,
      })),
      present: fromPromise<PresentOutput, RefreshContext>(async () => ({
        ...now,
        type: 'sent',
        sending: {
          presentation: failedPresentation('unknown'),
          sentAtMs: 0,
          endedAtMs: 0,
        },
      })),
      settle: fromPromise<SettleOutput, RefreshContext>(async () => ({
        ...now,
        type: 'granted',
        tokens: { access: new Map() },
        position,
      })),
    },
  })
  const demand = { audience: '' }
  const tokens = { access: new Map<string, never>() }
  const input = { demand, budgetMs: 1, maxAdoptions: 1, recheckMs: 1, tokens, nowMs: 0 }
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const actor = createActor(machine, { input })
      actor.subscribe((snapshot) => {
        if (!snapshot.hasTag('settled')) return
        actor.stop()
        resolve()
      })
      actor.start()
    })
  const samples: number[] = []
  for (let round = 0; round < 40; round += 1) {
    const began = performance.now()
    for (let i = 0; i < 100; i += 1) await once()
    samples.push((performance.now() - began) * 10)
  }
  return median(samples.slice(10))
}
