import { createClient } from 'redis'
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

/** A round: all callers of a process at once, with the same expired tokens. */
export interface Round {
  readonly manner: Manner
  readonly refreshToken: string
}

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
    provider: oidc({ issuer: origin, tokenEndpoint: `${origin}/token` }),
    client: { id: 'bench' },
    store: redisStore(client, { subscriber }),
  })
  const raw = rawRefresh(origin, { closing: true })

  async function ours(tokens: TokenSet): Promise<void> {
    const { state } = await refresher.refresh(tokens)
    if (state !== 'rotated') throw new Error(`a caller ended ${state}`)
  }

  /** The peer: `SET NX PX`, and whoever does not get it reads the result until it is there. */
  async function lock({ refreshToken = '' }: TokenSet): Promise<void> {
    const result = `result:${refreshToken}`
    for (;;) {
      if ((await client.get(result)) !== null) return
      const isMine = await client.set(`lock:${refreshToken}`, '1', {
        condition: 'NX',
        expiration: { type: 'PX', value: LOCK_MS },
      })
      if (isMine !== null) {
        await client.set(result, JSON.stringify(await raw(refreshToken)))
        return
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  const MANNERS = { ours, lock }
  process.on('message', ({ manner, refreshToken }: Round) => {
    const expiresAtMs = Date.now() - 1_000
    const began = performance.now()
    const latencies = Array.from({ length: callers }, async () => {
      await MANNERS[manner]({ accessToken: 'a'.repeat(800), refreshToken, expiresAtMs })
      return performance.now() - began
    })
    void Promise.all(latencies).then((each) => process.send!(each))
  })
  process.on('disconnect', () => process.exit())
  process.send!('ready')
}
