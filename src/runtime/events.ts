import type { Clock } from '../core/clock.ts'
import { retiredAddress } from '../core/endpoint.ts'
import type { ErrorCode, Evidence, Reason } from '../core/errors.ts'
import type { OutcomeState } from '../core/outcome.ts'
import type { Presentation } from '../core/failure.ts'
import type { Provider } from '../core/provider.ts'

interface Common {
  /** Epoch milliseconds. */
  readonly atMs: number
  readonly provider: string
  /** Fingerprint of the refresh token it is about: a keyed digest, the same in every process. */
  readonly token: string | undefined
}

interface Chained {
  /** Fingerprint of the chain that the token belongs to, the same in every process. */
  readonly grant: string | undefined
}

interface Standing extends Chained {
  /** Of the token, or of what was served for it: how many rotations lie behind. */
  readonly generation: number
}

/** What a refresher tells its owner. Nothing here holds a token. */
export type RefreshEvent = Common &
  (
    | ({ readonly type: 'claimed' } & Standing)
    | ({
        readonly type: 'presented'
        readonly outcome: Presentation['outcome']
        readonly code: ErrorCode | undefined
        readonly status: number | undefined
        /** Whether the token is spent now, or may be: then nobody presents it again. */
        readonly isSpent: boolean
        /**
         * Counts the presentations of one claim from 1: more than 1 only with a provider whose
         * `reuse` allows it.
         */
        readonly times: number
        readonly durationMs: number
      } & Standing)
    /**
     * The AS was asked whether a token is good whose presentation was lost (RFC 7662). `active`: it
     * is presented again. `inactive`: it is spent. `unknown`: the answer says nothing, so that the
     * token is lost. `later`: there was no answer, and the AS is asked again.
     */
    | ({
        readonly type: 'introspected'
        readonly says: 'active' | 'inactive' | 'unknown' | 'later'
        readonly status: number | undefined
        readonly durationMs: number
      } & Standing)
    /** A newer set of the chain, of this generation, was handed out: nothing was presented. */
    | ({ readonly type: 'served' } & Standing)
    /** A spent token came back after a later one had been seen; the chain has been ended. */
    | ({ readonly type: 'reuse_detected' } & Chained & Evidence)
    /** The application ended the chain by `revoke`; the ledger hands out nothing of it any more. */
    | ({ readonly type: 'revoked' } & Chained)
    /**
     * The AS asked to wait, or did not answer. Until it is over, no call of this process waits for
     * the AS: it gets the access token while that is good, else this code at once.
     */
    | {
        readonly type: 'paused'
        readonly code: 'rate_limited' | 'unreachable'
        /** For how long all users of this client leave the AS alone: 60,000 at most. */
        readonly pauseMs: number
        /** How long the AS asked this token to wait. `undefined`: it did not say. */
        readonly retryAfterMs: number | undefined
      }
    /**
     * The set named a chain that its tokens are not part of: tokens of a new sign-in beside the old
     * `grant`, or a name that was made up. The name was ignored; `grant` is the chain of the
     * tokens.
     */
    | ({ readonly type: 'grant_ignored' } & Chained)
    /** The ledger could not be written: the set went to its caller all the same. */
    | { readonly type: 'handed_over' }
    /** The ledger knows nothing of a chain that was refreshed before. */
    | { readonly type: 'ledger_lost' }
    /**
     * The metadata of the AS names another endpoint than this process knew: tokens go there from
     * now on. Told by their origins; `undefined`: none that may be used. `token` is `undefined`.
     */
    | {
        readonly type: 'endpoint_changed'
        readonly endpoint: 'tokenEndpoint' | 'revocationEndpoint' | 'introspectionEndpoint'
        readonly before: string | undefined
        readonly after: string | undefined
      }
    /** Tokens of an ended chain were revoked at the AS, or could not be. */
    | ({ readonly type: 'tokens_revoked'; readonly revoked: boolean } & Chained)
    /**
     * A set was renewed whose refresh token expires soon, at `refreshExpiresAtMs`, and refreshing
     * does not put that off: ask the resource owner to authorize again. Told at most once per
     * refresh, when less than 14 days are left, or less than a tenth of the time since the
     * authorization to the end if that is shorter.
     */
    | { readonly type: 'expires_soon'; readonly refreshExpiresAtMs: number }
    /** A call that was not fresh has ended, or a keeper's renewal. */
    | ({
        readonly type: 'ended'
        readonly state: OutcomeState
        readonly code: ErrorCode | undefined
        /** Why the user has to sign in again. `undefined`: the user need not. */
        readonly reason: Reason | undefined
        /** What to do about it, in our own words. */
        readonly hint: string | undefined
        /** How many callers of this process shared the run: all but one of them were coalesced. */
        readonly callers: number
        readonly durationMs: number
      } & Chained)
  )

export type OnEvent = (event: RefreshEvent) => unknown

/** An event without what every event has. */
export type EventBody = RefreshEvent extends infer E
  ? E extends RefreshEvent
    ? Omit<E, 'atMs' | 'provider'>
    : never
  : never

export type Emit = (event: EventBody) => void

/** How long a code that was logged is not logged again, milliseconds. */
const QUIET_MS = 60_000

/**
 * The default observer: one line of the server's log for a failed refresh, at most once a minute
 * per code, and one in all for refresh tokens that expire soon. It says nothing that an error would
 * not.
 */
export function logLine(clock: Clock): OnEvent {
  const lastAt = new Map<string, number>()
  let isWarned = false
  return (event) => {
    const { provider, type, token = '-' } = event
    if (type === 'expires_soon' && !isWarned) {
      isWarned = true
      const end = new Date(event.refreshExpiresAtMs).toISOString()
      console.warn(`refresh-once: provider=${provider} event=${type} at=${end} token=${token}`)
    }
    if (type === 'endpoint_changed') {
      const { endpoint, before = '-', after = '-' } = event
      console.warn(
        `refresh-once: provider=${provider} event=${type} ${endpoint}=${after} before=${before}`,
      )
    }
    const isFailure = type === 'ended' && event.code !== undefined
    if (!isFailure && type !== 'grant_ignored') return
    const about = isFailure ? event.code : type
    const now = clock.monotonic()
    const last = lastAt.get(about)
    if (last !== undefined && now - last < QUIET_MS) return
    lastAt.set(about, now)
    if (!isFailure) {
      console.warn(`refresh-once: provider=${provider} event=${type} token=${token}`)
      return
    }
    const { state, code, reason, hint } = event
    const why = reason === undefined ? '' : ` reason=${reason}`
    const advice = hint === undefined ? '' : ` ${hint}`
    console.warn(
      `refresh-once: provider=${provider} state=${state} code=${code}${why} ` +
        `token=${token}${advice}`,
    )
  }
}

const warnedOf = new Set<string>()

/** Says once in a process that the AS gives up an endpoint that is in use. */
export function warnOfRetired(provider: Provider): void {
  const ends = retiredAddress(provider)
  if (ends === undefined || warnedOf.has(ends.address)) return
  warnedOf.add(ends.address)
  console.warn(
    `refresh-once: provider=${provider.id} ${ends.address} ends on ${ends.from}: write ${ends.use}`,
  )
}
