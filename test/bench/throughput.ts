import { startAuthorizationServer } from './authorization-server.ts'
import type { Store } from '../../src/index.ts'
import type { LineInspector } from '../../src/inspect/index.ts'
import { createRefresher, memoryStore, oidc } from './built.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { rawRefresh } from './raw.ts'

const CONCURRENT = 64
const WARM_UP_MS = 1_500
const SLICE_MS = 700
const ROUNDS = 11

/** One way of refreshing: a chain of tokens that goes on and on. */
export type Chain = () => Promise<void>

interface Way {
  readonly name: string
  readonly make: (index: number) => Chain
  readonly perSecond: number[]
}

/** Refreshes a second, ours and the raw peer's, in turn and against the same processes. */
export async function throughput(): Promise<readonly Figure[]> {
  await using rotating = await startAuthorizationServer({ delayMs: 0, rotates: true })
  await using keeping = await startAuthorizationServer({ delayMs: 0, rotates: false })
  const ways = {
    rawClose: way('raw, `connection: close`', rawChains(rotating.origin, true)),
    rawAlive: way('raw, keep-alive', rawChains(keeping.origin, false)),
    oursClose: way('ours, rotating (a connection each)', ourChains(rotating.origin)),
    oursByFetch: way(
      'ours, rotating, by `fetch`',
      ourChains(rotating.origin, 'always', newMemory(), undefined, (url, init) => fetch(url, init)),
    ),
    oursAlive: way("ours, `rotation: 'never'` (keep-alive)", ourChains(keeping.origin, 'never')),
  }
  for (const { make } of Object.values(ways)) await perSecond(make, WARM_UP_MS)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of Object.values(ways))
      each.perSecond.push(await perSecond(each.make, SLICE_MS))
  }
  const ratio = (ours: Way, raw: Way): number =>
    median(ours.perSecond.map((value, round) => value / raw.perSecond[round]!))
  const { rawClose, rawAlive, oursClose, oursByFetch, oursAlive } = ways
  return [
    ...Object.values(ways).map(({ name, perSecond }) => ({
      name: `refreshes a second: ${name}`,
      value: median(perSecond),
      unit: '/s',
    })),
    {
      name: 'rotating, of raw with `connection: close`',
      value: ratio(oursClose, rawClose),
      unit: '',
      atLeast: 0.45,
    },
    {
      name: 'rotating, of the same by `fetch`',
      value: ratio(oursClose, oursByFetch),
      unit: '',
    },
    {
      name: "`rotation: 'never'`, of raw with keep-alive",
      value: ratio(oursAlive, rawAlive),
      unit: '',
      atLeast: 0.45,
    },
    { name: 'rotating, of raw with keep-alive', value: ratio(oursClose, rawAlive), unit: '' },
    {
      name: "`rotation: 'never'`, of raw with `connection: close`",
      value: ratio(oursAlive, rawClose),
      unit: '',
    },
  ]
}

const way = (name: string, make: Way['make']): Way => ({ name, make, perSecond: [] })

/** Each refresher has rows of its own: authorization servers give out the same tokens again. */
let stores = 0

const newMemory = (): Store =>
  memoryStore({ name: `throughput ${(stores += 1)}`, rowsMax: 10_000_000 })

/** Chains of sets that carry their `grant`, as they do after their first refresh. */
export function ourChains(
  origin: string,
  rotation: 'always' | 'never' = 'always',
  store: Store = newMemory(),
  inspect?: LineInspector,
  ownFetch?: (url: string, init: RequestInit) => Promise<Response>,
): Way['make'] {
  const refresher = createRefresher({
    refusedFloorMs: 0,
    provider: oidc({ issuer: origin, tokenEndpoint: `${origin}/token`, rotation }),
    client: { id: 'bench' },
    ledger: { store },
    onEvent() {},
    ...(inspect && { inspect }),
    ...(ownFetch && { fetch: ownFetch }),
  })
  let made = 0
  return () => {
    made += 1
    let tokens = {
      accessToken: 'a'.repeat(800),
      refreshToken: `${rotation}-${made}-`.padEnd(64, 'r'),
    }
    return async () => {
      const outcome = await refresher.refresh(tokens, { refused: true })
      if (outcome.state !== 'rotated') throw new Error(`a refresh ended ${outcome.state}`)
      tokens = outcome.tokens
    }
  }
}

export function rawChains(origin: string, closing: boolean): Way['make'] {
  const refresh = rawRefresh(origin, { closing })
  return (index) => {
    let refreshToken = `raw-${index}-`.padEnd(64, 'r')
    return async () => {
      const response = await refresh(refreshToken)
      refreshToken = response.refresh_token ?? refreshToken
    }
  }
}

/** How often a second 64 chains together are refreshed. */
export async function perSecond(make: Way['make'], forMs: number): Promise<number> {
  const began = performance.now()
  let count = 0
  const go = async (chain: Chain): Promise<void> => {
    while (performance.now() - began < forMs) {
      await chain()
      count += 1
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, (_, index) => go(make(index))))
  return (count / (performance.now() - began)) * 1000
}
