import { createClient } from 'redis'
import type { TokenEndpointResponse } from 'oauth4webapi'
import type { TokenSet } from '../../src/index.ts'
import { createRefresher, oidc, redisStore } from './built.ts'
import { rawRefresh } from './raw.ts'

/** How a process of callers comes to the token of a round. */
export type Manner = 'ours' | 'lock'

export interface WaiterSetup {
  readonly origin: string
  readonly redisUrl: string
  readonly callers: number
}

/** A round: all callers of a process at once, with the same tokens, which were refused. */
export interface Round {
  readonly manner: Manner
  readonly tokens: TokenSet
}

/** How it went. */
export interface Waited {
  /** What each caller waited, milliseconds. */
  readonly latencies: readonly number[]
  /** What they were handed. */
  readonly tokens: TokenSet
}

const read = ({ access_token, refresh_token }: TokenEndpointResponse): TokenSet => ({
  accessToken: access_token,
  ...(refresh_token !== undefined && { refreshToken: refresh_token }),
})

const LOCK_MS = 10_000
/** As those who write it by hand do. */
const LOOK_AGAIN_MS = 50

/** A process of callers: waits what each of them waits, and tells it. */
export async function wait(text: string): Promise<void> {
  const { origin, redisUrl, callers } = JSON.parse(text) as WaiterSetup
  const client = createClient({ url: redisUrl })
  const subscriber = client.duplicate()
  await Promise.all([client.connect(), subscriber.connect()])
  const refresher = createRefresher({
    refusedFloorMs: 0,
    provider: oidc({ issuer: origin, tokenEndpoint: `${origin}/token` }),
    client: { id: 'bench' },
    ledger: { store: redisStore(client, { subscriber }) },
  })
  const raw = rawRefresh(origin, { closing: true })

  async function ours(held: TokenSet): Promise<TokenSet> {
    const { state, tokens } = await refresher.refresh(held, { refused: true })
    if (state !== 'rotated') throw new Error(`a caller ended ${state}`)
    return tokens
  }

  /** The peer: `SET NX PX`, and whoever does not get it reads the result until it is there. */
  async function lock({ refreshToken = '' }: TokenSet): Promise<TokenSet> {
    const result = `result:${refreshToken}`
    for (;;) {
      const known = await client.get(result)
      if (known !== null) return read(JSON.parse(known) as TokenEndpointResponse)
      const isMine = await client.set(`lock:${refreshToken}`, '1', {
        condition: 'NX',
        expiration: { type: 'PX', value: LOCK_MS },
      })
      if (isMine !== null) {
        const response = await raw(refreshToken)
        await client.set(result, JSON.stringify(response))
        return read(response)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  const MANNERS = { ours, lock }
  process.on('message', ({ manner, tokens }: Round) => {
    const began = performance.now()
    const calls = Array.from({ length: callers }, async () => {
      const handed = await MANNERS[manner]({ ...tokens })
      return { handed, ms: performance.now() - began }
    })
    void Promise.all(calls).then((each) => {
      const latencies = each.map(({ ms }) => ms)
      process.send!({ latencies, tokens: each[0]!.handed } satisfies Waited)
    })
  })
  process.on('disconnect', () => process.exit())
  process.send!('ready')
}
