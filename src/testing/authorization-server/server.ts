import { readRequest, readRevocation, replyTo } from './wire.ts'
import type { Arriving, Reply } from './wire.ts'
import type { Behaviour } from './description.ts'
import { ended, isLive, NO_GRANTS, nameOf } from './grants.ts'
import type { ServerGrants, Mint } from './grants.ts'
import { present, revoke, revokeOne, signIn, use } from './present.ts'
import type { Decision } from './present.ts'

/** One thing that happened at a described server. Holds no token. */
export interface DescribedEntry {
  /** Milliseconds, by the server's clock. */
  readonly atMs: number
  /**
   * `presented`: a refresh token arrived. `granted`, `refused`: what the server said. `reused`: it
   * knew the token as spent. `revoked`: a client asked for it. `ended`: the user did. `fault`: one
   * that was asked for.
   */
  readonly kind:
    'signed_in' | 'presented' | 'granted' | 'refused' | 'reused' | 'revoked' | 'ended' | 'fault'
  /** Grants count from 1, in the order of sign-ins. */
  readonly grant?: number | undefined
  /** `R0` is the first refresh token of its grant. */
  readonly token?: string | undefined
  /** HTTP status. */
  readonly status?: number | undefined
  /** A fault in plain words. */
  readonly fault?: string | undefined
}

/** The result of one request for tokens. */
export interface Received {
  /** The refresh token, if there was one where the server looks for it. */
  readonly token: string | undefined
  readonly decision: Decision
  readonly reply: Reply
}

/** A described server without a network: what it keeps, and what it says. */
export interface ServerInMemory {
  readonly behaviour: Behaviour
  readonly journal: readonly DescribedEntry[]
  /** The grants that it keeps now. */
  readonly grants: ServerGrants
  signIn(): { readonly refreshToken: string; readonly accessToken: string }
  /** A token response of the tokens of a sign-in. */
  answerTo(signedIn: { readonly refreshToken: string; readonly accessToken: string }): Reply
  receive(request: Arriving): Received
  /** RFC 7009. The answer is 200 for any token (§2.2). */
  receiveRevocation(request: Arriving): string | undefined
  /** The user ends the grant of a token. */
  withdraw(token: string): void
  /** A resource server sees an access token. @returns Whether it takes it. */
  use(accessToken: string): boolean
  isLive(token: string): boolean
  note(fault: string, token: string | undefined): void
  /** Forgets all grants, and what happened. */
  reset(): void
}

export interface ServerOptions {
  readonly behaviour: Behaviour
  readonly mint: Mint
  readonly now: () => number
  /**
   * The extent of a revocation. RFC 7009 §2.1 demands the `token` only: a client that names the
   * wrong one leaves the others alive. Default: the whole grant of a refresh token.
   */
  readonly revokes?: 'grant' | 'token'
  /** Whether the server knows an audience. Default: it knows none. */
  readonly knowsAudience?: (audience: string) => boolean
}

export function serverInMemory({
  behaviour,
  mint,
  now,
  revokes = 'grant',
  knowsAudience,
}: ServerOptions): ServerInMemory {
  let grants = NO_GRANTS
  const journal: DescribedEntry[] = []
  const write = (kind: DescribedEntry['kind'], token?: string, more: object = {}): void => {
    const held = token === undefined ? undefined : grants.refreshTokens.get(token)
    const name = token === undefined ? undefined : nameOf(grants, token)
    journal.push({ atMs: now(), kind, grant: held?.grant, token: name, ...more })
  }

  return {
    behaviour,
    journal,
    get grants() {
      return grants
    },
    signIn() {
      const { grants: next, ...tokens } = signIn(grants, behaviour, now(), mint)
      grants = next
      write('signed_in', tokens.refreshToken)
      return tokens
    },
    answerTo: (signedIn) =>
      replyTo({ kind: 'granted', consumed: false, killed: [], ...signedIn }, behaviour),
    receive(request) {
      const { refreshToken, asksForUnknown } = readRequest(request, behaviour.wire, knowsAudience)
      const token = refreshToken ?? ''
      write('presented', token)
      const arrival = { token, nowMs: now(), asksForUnknown }
      const decided = present(grants, behaviour, arrival, mint)
      grants = decided.grants
      const { decision } = decided
      const reply = replyTo(decision, behaviour)
      if (decision.kind === 'dead' && decision.reused) write('reused', token)
      const kind = decision.kind === 'granted' ? 'granted' : 'refused'
      write(kind, token, { status: reply.status })
      return { token: refreshToken, decision, reply }
    },
    receiveRevocation(request) {
      const token = readRevocation(request)
      if (token === undefined) return undefined
      grants = (revokes === 'grant' ? revoke : revokeOne)(grants, token)
      write('revoked', token)
      return token
    },
    withdraw(token) {
      const grant = grants.refreshTokens.get(token)?.grant
      if (grant === undefined) throw new Error('the refresh token is not one of this server')
      grants = ended(grants, grant, 'grant')
      write('ended', token)
    },
    use(accessToken) {
      grants = use(grants, accessToken)
      return isLive(grants, accessToken, now())
    },
    isLive: (token) => isLive(grants, token, now()),
    note: (fault, token) => write('fault', token, { fault }),
    reset() {
      grants = NO_GRANTS
      journal.length = 0
    },
  }
}
