import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Presentation } from '../../src/core/failure.ts'
import type { Client, Overrides, ProviderDescription } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { createTransport } from '../../src/transport/transport.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import type { Transport } from '../../src/transport/transport.ts'
import type { PresentedTokens } from '../../src/transport/token-response.ts'

/** A refresh token `rt-1`, for no audience. */
export const PRESENTED: PresentedTokens = { refreshToken: new Secret('rt-1'), audience: {} }

export interface Setup {
  readonly provider?: Overrides
  readonly client?: Client
  readonly fetch?: FetchOnce
  readonly clock?: Clock
  readonly timeoutMs?: number
  /** Default: silent paths are not asked. */
  readonly idlePathMs?: number
}

/** A transport to `<origin>/token` and `<origin>/revoke`, unless told otherwise. */
export function transportTo(origin: string, setup: Setup = {}): Transport {
  const description: ProviderDescription = {
    id: 'test',
    tokenEndpoint: `${origin}/token`,
    revocationEndpoint: `${origin}/revoke`,
  }
  return createTransport({
    provider: defineProvider(description, setup.provider),
    client: setup.client ?? { id: 'app', secret: 'client-secret' },
    fetch: setup.fetch,
    clock: setup.clock ?? systemClock,
    requestTimeoutMs: setup.timeoutMs ?? 5_000,
    idlePathMs: setup.idlePathMs,
  })
}

/** A transport to an AS whose endpoints are discovered. */
export function discovering(issuer: string, setup: Setup = {}): Transport {
  return createTransport({
    provider: defineProvider({ id: 'test', issuer }, setup.provider),
    client: setup.client ?? { id: 'app', secret: 'client-secret' },
    fetch: setup.fetch,
    clock: setup.clock ?? systemClock,
    requestTimeoutMs: setup.timeoutMs ?? 5_000,
  })
}

/** Presents once; `presented` adds to a refresh token `rt-1` without audience. */
export async function presentTo(
  origin: string,
  setup: Setup = {},
  presented: Partial<PresentedTokens> = {},
): Promise<Presentation> {
  const prepared = await transportTo(origin, setup).prepare({ ...PRESENTED, ...presented })
  if (!prepared.ready) throw new Error(`not prepared: ${prepared.code} ${prepared.hint}`)
  return prepared.present()
}

/** A `granted` in plain text, to compare; anything else as it is. */
export function shown(presentation: Presentation): unknown {
  if (presentation.outcome !== 'granted') return presentation
  const { response } = presentation
  const { token, expiresAtMs, obtainedAtMs, ...access } = response.access
  return {
    outcome: 'granted',
    accessToken: token.expose(),
    ...access,
    ...(expiresAtMs !== undefined && { expiresInMs: expiresAtMs - (obtainedAtMs ?? 0) }),
    ...(response.refreshToken && { refreshToken: response.refreshToken.expose() }),
    ...(response.idToken && { idToken: response.idToken.expose() }),
    ...(response.isWithout && { isWithout: true }),
    ...(response.withheld && { withheld: response.withheld }),
  }
}
