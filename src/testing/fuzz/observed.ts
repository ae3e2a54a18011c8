import type { Client, Provider } from '../../core/provider.ts'
import type { TokenSet } from '../../core/token-set.ts'
import type { RefreshEvent } from '../../runtime/events.ts'
import type { createRefresher } from '../../runtime/refresher.ts'
import { LATER_MS } from '../../runtime/timing.ts'
import type { createSealer } from '../../ledger/sealer.ts'
import { EXPENDABLE_MS } from '../../ledger/store.ts'
import type { memoryStore } from '../../stores/memory.ts'
import type { RevokeOutcome } from '../../core/outcome.ts'
import type { FetchOnce } from '../../transport/send.ts'
import { isExpiryTold } from '../authorization-server/description.ts'
import type { DrawnBehaviour, ServerDescription } from '../authorization-server/description.ts'
import type { NetworkFault } from '../authorization-server/fault.ts'
import type { ServerInMemory } from '../authorization-server/server.ts'
import type { LedgerReader, StoreFault } from '../held-store.ts'
import { acknowledgedBy, callLimitMs } from '../observations.ts'
import type { Observations, ObservedCall, Sending } from '../observations.ts'
import { START_MS } from '../schedule.ts'
import type { Process, Schedule } from '../schedule.ts'
import type { Judge, Violation } from '../invariants.ts'
import type { Plan } from './plan.ts'
import type { Story } from './story.ts'

/** One call of a worker. Ticks count what the world does: the clock may stand still. */
export interface FuzzCall extends ObservedCall<Process> {
  readonly startedAt: number
  endedAt?: number
}

export type Happening =
  | NetworkFault['kind']
  | StoreFault
  | 'status 429'
  | 'audience refused'
  | 'outage'
  | 'crash'
  | 'time passed'
  | 'clock set'
  | 'handed over'

/** The library, or a broken copy of it. */
export interface Library {
  readonly createRefresher: typeof createRefresher
  readonly createSealer: typeof createSealer
  readonly memoryStore: typeof memoryStore
}

/** The provider under test, and the world around it. */
export interface Simulated {
  readonly provider: Provider
  readonly description: ServerDescription
  readonly requestTimeoutMs: number
  readonly client: Client
  /** The user's wrapper of `fetch`. */
  readonly wrapFetch?: ((fetch: FetchOnce) => FetchOnce) | undefined
  /** Default: the library that this is part of. */
  readonly library?: Library | undefined
}

/** Everything that an observer above the world sees. */
export interface World {
  readonly subject: Simulated
  readonly plan: Plan
  readonly drawn: DrawnBehaviour
  readonly schedule: Schedule
  readonly server: ServerInMemory
  readonly story: Story
  readonly judge: Judge<Process>
  readonly sendings: Sending<Process>[]
  readonly calls: FuzzCall[]
  readonly events: RefreshEvent[]
  /** Every set that was handed out, the first included. */
  readonly handedOut: TokenSet[]
  readonly happened: Set<Happening>
  readonly ledger: LedgerReader
  /** When a sign-out came back with `ended`. */
  signedOut?: { readonly tick: number; readonly outcome: RevokeOutcome }
  isSignOutBegun: boolean
  /** When a call came back with `revoked`. */
  revokedAt?: number
  violation?: Violation
}

/** A world as its judge reads it, at each check. */
export function observationsOf(world: Omit<World, 'judge'>): Observations<Process> {
  const { subject, plan, schedule, server, story, sendings, calls, events, happened } = world
  const { provider, requestTimeoutMs } = subject
  const { oldAccessToken, successor, wire } = server.behaviour
  // Then a client learns from the API that an access token is over.
  const isUntold =
    !isExpiryTold(wire) &&
    subject.description.accessTokenMs === undefined &&
    provider.response.accessLifetimeMs === undefined
  const generationOf = (token: string | undefined): number =>
    server.grants.refreshTokens.get(token ?? '')?.generation ?? 0
  return {
    provider,
    requestTimeoutMs,
    // A slow store may make any call long.
    callLimitMs: plan.storeTimeoutMs === undefined ? callLimitMs(subject) : Infinity,
    get nowMs() {
      return schedule.nowMs
    },
    nameOf: story.nameOf,
    generationOf,
    sendingsOf: (token) => sendings.filter((each) => each.token === token),
    accessToken(token) {
      const made = server.grants.accessTokens.get(token)
      if (made === undefined) return undefined
      const isKilled = server.journal.some(({ kind }) => kind === 'reused' || kind === 'ended')
      return {
        // The plan says when the first one expires, not the server; of others it may say nothing.
        expiresAtMs: made.name === 'A0' || isUntold ? Infinity : made.expiresAtMs - START_MS,
        isRevoked: made.isRevoked && oldAccessToken === 'lives' && !isKilled,
      }
    },
    acknowledged: (bound) =>
      sendings.flatMap((sending) =>
        sending.ending === 'kept' || sending.ending === 'spent'
          ? acknowledgedBy(sending, generationOf(sending.token), calls, bound)
          : [],
      ),
    endedBefore(call) {
      const { startedAt } = calls.find((each) => each === call)!
      const { signedOut, revokedAt = Infinity } = world
      if (signedOut !== undefined && signedOut.tick < startedAt) return 'sign-out'
      return revokedAt < startedAt ? 'other' : undefined
    },
    get mayBeEnded() {
      const isRefused = sendings.some(({ ending }) => ending === 'dead')
      return world.isSignOutBegun || happened.has('eviction') || isRefused
    },
    get isReuseReported() {
      return events.some(({ type }) => type === 'reuse_detected')
    },
    get mayBeLost() {
      return mayLose(world)
    },
    omitsSuccessors: successor === 'omitted',
    isPastLedger: () => isPastLedger(world),
    isSkewed: () => happened.has('clock set') || happened.has('time passed'),
    mayForget: (sending) =>
      happened.has('eviction') || isForgottenSoon(world, sending, generationOf(sending.token)),
  }
}

/**
 * Whether the row of a token that was refused when the ledger first saw it is gone by now
 * (docs/decisions/0061). A set that was handed over begins a chain that the ledger does not know.
 */
function isForgottenSoon(
  { schedule, sendings, happened }: Omit<World, 'judge'>,
  { token, ending, endedAtMs = Infinity }: Sending<Process>,
  generation: number,
): boolean {
  if (ending !== 'dead' || schedule.nowMs - endedAtMs < EXPENDABLE_MS) return false
  if (generation > 0 && !happened.has('handed over')) return false
  return !sendings.some((each) => {
    return each.token === token && (each.ending === 'kept' || each.ending === 'spent')
  })
}

/** Nothing went wrong so far. */
export function isUndisturbed({ happened, sendings }: World): boolean {
  return happened.size === 0 && !sendings.some(({ ending }) => ending === 'dead')
}

/** After one of these a token may be lost, and no rule was broken. */
function mayLose({ server, sendings, happened }: Omit<World, 'judge'>): boolean {
  const { successor, wire } = server.behaviour
  if (successor === 'omitted' || sendings.some(({ ending }) => ending === 'dead')) return true
  const isKnown = wire.client.error === 'invalid_client'
  return [...happened].some(
    (each) => !HARMLESS.has(each) && !(each === 'client_refused' && isKnown),
  )
}

const HARMLESS: ReadonlySet<Happening> = new Set<Happening>([
  'connection_refused',
  'status 429',
  'error',
  'lost acknowledgement',
  'clock set',
  'handed over',
])

/**
 * Whether the ledger may not know what became of the chain. Where one storage keeps `grant` and
 * another drops it, a chain may part into two, and what ends one does not end the other.
 */
function isPastLedger({ happened, plan }: Omit<World, 'judge'>): boolean {
  const isMixed = new Set(plan.workers.map(({ carries = plan.carries }) => carries)).size > 1
  return happened.has('eviction') || happened.has('handed over') || isMixed
}

/** P3, S2 and S3, when no worker does anything any more. */
export async function checkQuiet(world: World): Promise<void> {
  const { server, sendings, happened, signedOut, handedOut, subject, judge, revokedAt } = world
  if (happened.has('eviction')) return
  const { issuer, revocationEndpoint = issuer ?? null } = subject.provider
  const canRevoke = revocationEndpoint !== null
  // A set that arrives for an ended chain is revoked, if the server can, and not kept.
  const isOver = world.isSignOutBegun || revokedAt !== undefined
  if (!isOver || (canRevoke && happened.size === 0)) {
    const known = new Set(handedOut.flatMap((set) => [set.refreshToken, set.accessToken]))
    for (const token of server.grants.refreshTokens.keys()) {
      const set = (await world.ledger.chainOf(token))?.set
      known.add(set?.refreshToken)
      for (const [, access] of set?.access ?? []) known.add(access.token)
    }
    for (const sending of sendings) {
      if (!isUnwritable(world, sending.worker)) judge.kept(sending, known, server.isLive)
    }
  }
  if (mayLose(world) || isPastLedger(world)) return
  const live = [...server.grants.refreshTokens].find(([, { state }]) => state === 'live')?.[0]
  if (signedOut?.outcome.revoked === true) judge.buried(live, 'sign-out')
  const isReused = world.events.some(({ type }) => type === 'reuse_detected')
  if (isReused && canRevoke) judge.buried(live, 'other')
}

/**
 * Whether the store was silent until a claim was over: then the set is lost, as in a crash. If all
 * callers have left with an access token that was good, the ledger gets it as long as the process
 * offers it.
 */
function isUnwritable({ calls, happened, plan }: World, worker: Process): boolean {
  const isLong = plan.jumps.some(({ ms }) => ms >= LATER_MS)
  if (happened.has('handed over') && isLong) return true
  return calls.some(
    (call) => call.worker === worker && call.outcome?.error?.code === 'store_unavailable',
  )
}
