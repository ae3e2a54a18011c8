import { createHook } from 'node:async_hooks'
import { do_not_optimize, measure } from 'mitata'
import { createRefresher, memoryStore, oidc } from './built.ts'
import type { Figure } from './figures.ts'

/** The callback of the Auth.js guide "refresh token rotation", where nothing is to be refreshed. */
interface Jwt {
  readonly access_token: string
  readonly expires_at: number
  readonly refresh_token: string
}

async function guide({ token, account }: { token: Jwt; account?: Jwt }): Promise<Jwt> {
  if (account) return { ...token, ...account }
  if (Date.now() < token.expires_at * 1000) return token
  throw new TypeError('Missing refresh_token')
}

/** What a call costs when there is nothing to do: nearly every call. */
export async function freshPath(): Promise<readonly Figure[]> {
  const refresher = createRefresher({
    provider: oidc({ issuer: 'https://id.example.com' }),
    client: { id: 'bench' },
    ledger: { store: memoryStore({ name: 'fresh path' }) },
  })
  const now = Date.now()
  const tokens = {
    accessToken: 'a'.repeat(800),
    refreshToken: 'r'.repeat(64),
    obtainedAtMs: now,
    expiresAtMs: now + 3_600_000,
    grant: `${'g'.repeat(43)}.1`,
    scope: 'openid offline_access',
    provider: 'oidc',
  }
  const held = { access_token: 'a', refresh_token: 'r', expires_at: now / 1000 + 3600 }

  const bare = await measure(() => do_not_optimize(Date.now() < tokens.expiresAtMs))
  const callback = await measure(() => guide({ token: held }))
  const ours = await measure(() => refresher.refresh(tokens))
  return [
    { name: 'bare expiry check', value: bare.p50, unit: 'ns' },
    { name: 'jwt callback of the Auth.js guide, fresh', value: callback.p50, unit: 'ns' },
    { name: '`refresh`, fresh', value: ours.p50, unit: 'ns', atMost: 300 },
    {
      name: 'promises of a fresh `refresh`',
      value: promisesOf(() => void refresher.refresh(tokens)),
      unit: '',
      atMost: 1,
    },
    {
      name: 'bytes of a fresh `refresh`, promise and outcome',
      value: bytesOf(() => refresher.refresh(tokens)),
      unit: 'B',
    },
  ]
}

/** How many promises a call makes. */
function promisesOf(call: () => void): number {
  let count = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') count += 1
    },
  })
  hook.enable()
  call()
  hook.disable()
  return count
}

/** What a call leaves on the heap, once optimised, in runs too short to be collected in. */
function bytesOf(call: () => unknown): number {
  const calls = 1000
  const samples = Array.from({ length: 200 }, () => {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < calls; i += 1) do_not_optimize(call())
    return (process.memoryUsage().heapUsed - before) / calls
  })
  return samples.filter((bytes) => bytes > 0).toSorted((a, b) => a - b)[50] ?? NaN
}
