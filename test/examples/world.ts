import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import type { Refresher, Store, TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import type { OidcServer } from '../oidc/oidc-server.ts'
import { handClock } from '../runtime/clock.ts'
import type { HandClock } from '../runtime/clock.ts'
import { loopback, say } from '../transport/loopback.ts'

const HOUR_MS = 3_600_000

/** What an application lives in: an AS, an API that takes its tokens, and time. */
export interface Surroundings {
  readonly server: OidcServer
  readonly clock: HandClock
  /** The origin of an API with `/orders`. */
  readonly api: string
  /** Access tokens that the API refuses, though they are good. */
  readonly refused: Set<string>
  /** The rows of the ledger. */
  readonly store: Store
  /** A refresher that shares nothing with others but the ledger; by default, one on the clock. */
  process(ledger?: Store): Refresher
  signIn(): Promise<TokenSet>
  /** Ages everybody's access tokens to death. */
  expire(): void
}

let names = 0

/** @param redirectUris Of the clients, for an application that signs users in by itself. */
export async function surroundings(
  redirectUris?: readonly [string, ...string[]],
): Promise<Surroundings> {
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    ...(redirectUris && { redirectUris }),
  })
  onTestFinished(server.stop)
  const clock = handClock()
  const store = memoryStore({ name: `examples-${(names += 1)}`, clock })
  const refused = new Set<string>()
  const { origin: api } = await loopback(async ({ headers }, response) => {
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    const isGood = !refused.has(token) && (await server.isLive(token))
    say(response, isGood ? 200 : 401, isGood ? { orders: [1, 2] } : { error: 'invalid_token' })
  })
  return {
    server,
    clock,
    api,
    store,
    refused,
    process: (ledger = store) =>
      createRefresher({
        provider: oidc({ issuer: server.issuer }),
        client: server.clients.public,
        ledger: { store: { ...ledger, id: `process ${(names += 1)}` } },
        clock,
        onEvent: () => {},
      }),
    signIn: async () => tokenSetOf(await server.signIn(), clock),
    expire: () => clock.advance(HOUR_MS),
  }
}

/** A server's listener for an application that takes a Request. */
export function webListener(
  answer: (request: Request) => Response | Promise<Response>,
): RequestListener {
  const listener = getRequestListener(answer)
  return (request, response) => void listener(request, response)
}
