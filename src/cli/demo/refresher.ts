import { oidc } from '../../../providers/oidc.ts'
import { createRefresher } from '../../index.ts'
import type { LineInspector } from '../../inspect/index.ts'
import { memoryStore } from '../../stores/memory.ts'
import type { OidcServer } from '../../testing/oidc-server.ts'
import type { Refreshing } from './act-two.ts'

/** As in the README; only the times fit a demo: a token counts as lost after `claimMs`. */
export function demoRefresher(
  { issuer, clients }: OidcServer,
  inspect?: LineInspector,
): Refreshing {
  return createRefresher({
    provider: oidc({ issuer }),
    client: clients.public,
    store: memoryStore({ name: 'demo' }),
    requestTimeoutMs: 1_000,
    claimMs: 2_500,
    ...(inspect && { inspect }),
  })
}
