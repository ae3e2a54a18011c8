import { checkOptions, clock as aClock, number, random as aRandom } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import { checkDescription, drawBehaviour } from './authorization-server/description.ts'
import type {
  Behaviour,
  DrawnBehaviour,
  ServerDescription,
} from './authorization-server/description.ts'
import { minting } from './authorization-server/grants.ts'
import { numbersFrom } from './authorization-server/numbers.ts'
import { serve } from './authorization-server/serve.ts'
import type { ExchangeFault } from './authorization-server/serve.ts'
import { serverInMemory } from './authorization-server/server.ts'
import type { DescribedEntry } from './authorization-server/server.ts'

export type { Behaviour, DescribedEntry, ExchangeFault, ServerDescription }
export type { ErrorAnswer, ReuseWindow, Wire } from './authorization-server/description.ts'

export interface AuthorizationServerOptions {
  /** Rules what is drawn for what the description leaves open. Default 0: the plainest of each. */
  readonly seed?: number
  readonly clock?: Clock
  /** The source of tokens. */
  readonly random?: Random
}

const OPTIONS: TableOf<AuthorizationServerOptions> = {
  seed: number('a whole number', Number.isSafeInteger),
  clock: aClock,
  random: aRandom,
}

/** A described authorization server on loopback. */
export interface AuthorizationServer extends AsyncDisposable {
  /** Serves its metadata, too (RFC 8414). */
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  /** The server's behaviour. `drawn` names the axes that the description left open. */
  readonly behaviour: Behaviour
  readonly drawn: DrawnBehaviour['drawn']
  /** A user signs in: the first token set of a new grant. */
  signIn(): TokenSet & { refreshToken: string }
  /** The token response that a sign-in would have brought, as this server writes it. */
  signInAnswer(): Response
  /** How often a refresh token arrived. */
  presentations(refreshToken: string): number
  /** Whether the server takes the token now: an access token, or a refresh token not yet spent. */
  isLive(token: string): boolean
  /** A resource server sees the access token. @returns Whether it takes it. */
  use(accessToken: string): boolean
  /** The user ends the grant of a refresh token. */
  endGrant(refreshToken: string): void
  /** Makes the next exchanges fail, one fault each, in this order. */
  failNext(...faults: readonly ExchangeFault[]): void
  /** The events at the server, in order. No entry holds a token. */
  readonly journal: readonly DescribedEntry[]
  stop(): Promise<void>
}

/**
 * Starts a server on a free port of 127.0.0.1 that behaves as it is described.
 *
 * What the description leaves open is drawn: read `drawn`, and try several seeds. Only a pace that
 * is described is kept: a draw never makes a client wait.
 *
 * ```ts
 * await using server = await authorizationServer(presets.logto, { seed: 7 })
 * const tokens = server.signIn()
 * server.failNext({ kind: 'reset', when: 'after_consuming' })
 * ```
 *
 * @throws {TypeError} For a description that no server can be; says what to write instead.
 */
export async function authorizationServer(
  description: ServerDescription,
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  checkOptions('authorizationServer', options, OPTIONS)
  const { seed = 0, clock = systemClock, random = systemRandom } = options
  const next = seed === 0 ? () => 0 : numbersFrom(seed)
  const { pace = { headersMs: 0, bodyMs: 0 } } = checkDescription(description)
  const { behaviour, drawn } = drawBehaviour({ ...description, pace }, next)
  const now = (): number => clock.now()
  const { accessToken } = behaviour.wire
  const mint = minting({ random, accessToken, now })
  const server = serverInMemory({ behaviour, mint, now })
  const faults: ExchangeFault[] = []
  const { origin, stop } = await serve({ server, clock, takeFault: () => faults.shift() })

  return {
    issuer: origin,
    tokenEndpoint: `${origin}/token`,
    revocationEndpoint: `${origin}/revoke`,
    behaviour,
    drawn,
    signIn() {
      const obtainedAtMs = now()
      const expiresAtMs = obtainedAtMs + behaviour.accessTokenMs
      return { ...server.signIn(), obtainedAtMs, expiresAtMs }
    },
    signInAnswer() {
      const { status, headers, body } = server.answerTo(server.signIn())
      return new Response(body, {
        status,
        headers: headers.map(([name, value]) => [name, value] as [string, string]),
      })
    },
    presentations: (token) => server.grants.refreshTokens.get(token)?.presentations ?? 0,
    isLive: server.isLive,
    use: server.use,
    endGrant: server.withdraw,
    failNext: (...asked) => void faults.push(...asked),
    journal: server.journal,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
