import { EXPENDABLE_MS } from '../../src/ledger/store.ts'
import type { Decision } from '../../src/testing/authorization-server/present.ts'
import { invariants, Violation } from '../../src/testing/invariants.ts'
import type { Judge } from '../../src/testing/invariants.ts'
import { mayAnyBeLate, mayBeLate } from '../../src/testing/observations.ts'
import type { Sending } from '../../src/testing/observations.ts'
import { START_MS } from '../../src/testing/schedule.ts'
import { generationOf, nameOf } from './chain.ts'
import type { Chain, KnownChain } from './chain.ts'
import type { Host } from './timeline.ts'
import { limitMs, REQUEST_TIMEOUT_MS } from './world.ts'
import type { Call, World } from './world.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const RETENTION_MS = { claim: 7 * DAY_MS, grant: 30 * DAY_MS } as const

/** The judge of one chain: what the world knows of it, and what excuses it. */
export function judgeOf(world: World, chain: KnownChain): Judge<Host> {
  const { timeline, kind, server } = world
  return invariants<Host>({
    provider: { rotation: 'sometimes', ...kind.provider },
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    callLimitMs: limitMs(kind),
    get nowMs() {
      return timeline.nowMs
    },
    nameOf,
    generationOf: (token) => generationOf(chain, token),
    sendingsOf: (token) => chain.sendings.get(token) ?? [],
    accessToken(token) {
      const made = server.accessToken(token)
      return made && { ...made, expiresAtMs: made.expiresAtMs - START_MS }
    },
    acknowledged: (bound) => chain.acknowledged[bound],
    endedBefore({ beganAtMs }) {
      if (chain.endedAtMs === undefined || chain.endedAtMs >= beganAtMs) return undefined
      return chain.causes.has('the user signs out') ? 'sign-out' : 'other'
    },
    get mayBeEnded() {
      return chain.causes.size > 0
    },
    get isReuseReported() {
      return chain.isReplayReported
    },
    get mayBeLost() {
      return chain.mayBeLost || chain.causes.size > 0
    },
    omitsSuccessors: false,
    isPastLedger: ({ startedAtMs }) =>
      chain.isPastLedger ||
      chain.causes.has('the ledger has forgotten the token') ||
      isGrantOver(chain, startedAtMs),
    isSkewed: ({ worker, pausedMs }) => chain.isSkewed || worker.clockOffMs !== 0 || pausedMs > 0,
    mayForget(sending) {
      if (isForgottenSoon(world, chain, sending)) return true
      if (!isForgotten(world, chain, sending)) return false
      chain.causes.add('the ledger has forgotten the token')
      return true
    },
  })
}

/**
 * Whether the row of a claim is past its time, and no other knows of the presentation: the grant
 * row is gone, too; or it says nothing, because the token was lost; or the holder cannot find it.
 */
function isForgotten(
  { timeline }: World,
  chain: KnownChain,
  { sentAtMs, worker, ending, token }: Sending<Host>,
): boolean {
  const claimMs = chain.drops ? RETENTION_MS.grant : RETENTION_MS.claim
  if (timeline.nowMs - sentAtMs < claimMs) return false
  const isLost = ending === 'unproven' || (ending === undefined && worker.isDead)
  const isBare = [...chain.calls].some(
    ({ came }) => came.refreshToken === token && came.grant === undefined,
  )
  return isLost || isBare || isGrantOver(chain, timeline.nowMs)
}

/**
 * Whether the rows of a token are gone that the AS refused when the ledger first saw it
 * (docs/decisions/0061).
 */
function isForgottenSoon(
  { timeline }: World,
  chain: KnownChain,
  { token, ending, endedAtMs = Infinity }: Sending<Host>,
): boolean {
  if (ending !== 'dead' || generationOf(chain, token) > 0) return false
  return timeline.nowMs - endedAtMs >= EXPENDABLE_MS
}

/** Whether the grant row of a chain is past its time, or was when calls in the air began. */
function isGrantOver({ touchedAtMs, regainedAtMs }: KnownChain, nowMs: number): boolean {
  return nowMs - touchedAtMs >= RETENTION_MS.grant || nowMs - regainedAtMs < MINUTE_MS
}

/** The grant row of a chain is written. */
export function touch(chain: Chain, nowMs: number): void {
  if (nowMs - chain.touchedAtMs >= RETENTION_MS.grant) chain.regainedAtMs = nowMs
  chain.touchedAtMs = nowMs
}

/** What the server sees: a spent token is reused for a reason, or not at all. */
export function checkHeard(chain: Chain, token: string, decision: Decision): void {
  if (decision.kind !== 'dead' || !decision.reused || chain.causes.size > 0) return
  throw new Violation('P2', `the server sees ${nameOf(token)} again, and had spent it`)
}

/** `budget`. The time that its process stood still does not count. */
export function checkTime(call: Call): void {
  call.pausedMs = call.worker.frozenMs - call.frozenMs
  call.chain.judge.tookTime(call)
}

/** When a refresh came back. */
export function checkEnd(world: World, call: Call): void {
  const { chain, outcome, by, startedAtMs } = call
  const { weather, timeline } = world
  const isLate = mayAnyBeLate(chain.acknowledged.earliest, timeline.nowMs)
  if (outcome?.error?.code === 'reuse_detected' && isLate) {
    chain.causes.add('an older holder comes too late')
  }
  call.pausedMs = call.worker.frozenMs - call.frozenMs
  chain.judge.returned(call)
  const isTroubled = startedAtMs <= Math.max(chain.troubledUntilMs, weather.pausedUntilMs)
  // What was obtained by one clock may look stale by another.
  const isMoved = call.worker.clockOffMs !== call.clockOffMs || call.pausedMs > 0
  if (!isTroubled && !isMoved) chain.judge.calmed(call, by)
}

/** P4 and S2: when a process tells of a replay. */
export function checkReplay(world: World, calls: ReadonlySet<Call>): readonly Chain[] {
  const { nowMs } = world.timeline
  const late = [...calls].filter(({ chain, came }) =>
    mayBeLate(chain.acknowledged.earliest, generationOf(chain, came.refreshToken), nowMs),
  )
  if (late.length > 0) return late.map(({ chain }) => chain)
  throw new Violation('P4', 'a chain is ended as replayed, and nobody came too late')
}
