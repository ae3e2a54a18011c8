import { replyTo } from '../../src/testing/authorization-server/wire.ts'
import type { Reply } from '../../src/testing/authorization-server/wire.ts'
import type { Behaviour } from '../../src/testing/authorization-server/description.ts'
import { ended } from '../../src/testing/authorization-server/grants.ts'
import type { AccessToken } from '../../src/testing/authorization-server/grants.ts'
import { present, revokeOne, signIn } from '../../src/testing/authorization-server/present.ts'
import type { Decision } from '../../src/testing/authorization-server/present.ts'
import { MARK } from '../../src/testing/fuzz/secrets.ts'
import { createChain } from './chain.ts'
import type { Judge } from '../../src/testing/invariants.ts'
import type { Chain, KnownChain } from './chain.ts'
import type { Host } from './timeline.ts'

export interface Received {
  readonly decision: Decision
  readonly reply: Reply
}

/**
 * The described server, for a world of many grants that lives for long: each grant is kept by
 * itself. A revocation ends the token that it names and no other, as RFC 7009 §2.1 demands of the
 * least of servers: a client that names the wrong one leaves the others alive.
 */
export interface AuthorizationServer {
  signIn(
    user: string,
    drops: boolean,
  ): {
    readonly chain: Chain
    readonly refreshToken: string
    readonly accessToken: string
  }
  receive(token: string): Received
  revoke(token: string): void
  /** The user ends the grant of a chain. */
  withdraw(chain: Chain): void
  /** The sign-in that a token comes from. */
  chainOf(token: string | undefined): Chain | undefined
  accessToken(token: string): AccessToken | undefined
  /** Refresh tokens of a chain that the server would take now. */
  liveOf(chain: Chain): readonly string[]
}

const DAY_MS = 86_400_000

/** Of older access tokens nobody asks any more; so many are worth to be dropped. */
const ACCESS_TOKENS_MAX = 40

export function createAuthorizationServer(
  behaviour: Behaviour,
  now: () => number,
  judgeFor: (chain: KnownChain) => Judge<Host>,
): AuthorizationServer {
  const chains = new Map<string, Chain>()
  let signIns = 0

  function mintFor(chain: Chain) {
    return (kind: 'refresh' | 'access'): string => {
      const token = `${MARK}${chain.number}.${kind === 'refresh' ? 'R' : 'A'}${chain.minted++}`
      chains.set(token, chain)
      return token
    }
  }

  function prune(chain: Chain): void {
    if (chain.grants.accessTokens.size <= ACCESS_TOKENS_MAX) return
    const old = ([, { expiresAtMs }]: readonly [string, AccessToken]): boolean =>
      expiresAtMs + DAY_MS < now()
    const { accessTokens } = chain.grants
    for (const [token] of [...accessTokens].filter(old)) chains.delete(token)
    const kept = [...accessTokens].filter((entry) => !old(entry))
    chain.grants = { ...chain.grants, accessTokens: new Map(kept) }
  }

  return {
    signIn(user, drops) {
      const chain = createChain((signIns += 1), user, drops, now(), judgeFor)
      const { grants, ...tokens } = signIn(chain.grants, behaviour, now(), mintFor(chain))
      chain.grants = grants
      return { chain, ...tokens }
    },
    receive(token) {
      const chain = chains.get(token)
      if (chain === undefined) {
        const decision = { kind: 'dead', reused: false } as const
        return { decision, reply: replyTo(decision, behaviour) }
      }
      prune(chain)
      const decided = present(chain.grants, behaviour, { token, nowMs: now() }, mintFor(chain))
      chain.grants = decided.grants
      return { decision: decided.decision, reply: replyTo(decided.decision, behaviour) }
    },
    revoke(token) {
      const chain = chains.get(token)
      if (chain !== undefined) chain.grants = revokeOne(chain.grants, token)
    },
    withdraw(chain) {
      chain.grants = ended(chain.grants, 1, 'grant')
    },
    chainOf: (token) => chains.get(token ?? ''),
    accessToken: (token) => chains.get(token)?.grants.accessTokens.get(token),
    liveOf: ({ grants }) =>
      [...grants.refreshTokens].flatMap(([token, { state }]) => (state === 'live' ? [token] : [])),
  }
}
