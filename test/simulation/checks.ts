import { reuseWindowMs } from '../../src/core/provider.ts'
import type { Decision } from '../../src/testing/authorization-server/present.ts'
import {
  Violation,
  contradictionOf,
  isSurelyLate,
  mayAnyBeLate,
  mayBeLate,
} from '../../src/testing/invariants.ts'
import { inUnits } from '../../src/testing/fuzz/story.ts'
import { START_MS } from '../../src/testing/schedule.ts'
import { generationOf, nameOf } from './chain.ts'
import type { Chain, Sending } from './chain.ts'
import type { Host } from './timeline.ts'
import { budgetMs, REQUEST_TIMEOUT_MS } from './world.ts'
import type { Call, World } from './world.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const RETENTION_MS = { claim: 7 * DAY_MS, grant: 30 * DAY_MS } as const

/** P1 and P2: before a refresh token is sent. */
export function checkSend(world: World, chain: Chain, token: string, host: Host): void {
  const { timeline, kind } = world
  const before = chain.sendings.get(token) ?? []
  if (before.some((each) => isAwaited(each, timeline.nowMs))) {
    const what = `${nameOf(token)} is presented while another presentation of it is awaited`
    throw new Violation('P1', what)
  }
  if (kind.provider.rotation === 'never') return
  const spending = before.filter(({ ending }) => ending !== 'unspent' && ending !== 'kept')
  if (spending.length === 0 || isInWindow(world, spending, host)) return
  if (isForgotten(world, chain, spending.at(-1)!)) {
    chain.causes.add('the ledger has forgotten the token')
    return
  }
  const ago = inUnits(timeline.nowMs - spending.at(-1)!.sentAtMs)
  throw new Violation('P2', `${nameOf(token)} is presented again, ${ago} after the last time`)
}

/** A process that stands still awaits nothing once its time is over. */
function isAwaited({ isAwaited, host, sentAtMs }: Sending, nowMs: number): boolean {
  return isAwaited && !host.isDead && nowMs - sentAtMs < REQUEST_TIMEOUT_MS
}

/** By the same holder, inside the window less the time of a request, from the first send. */
function isInWindow(
  { kind: { provider }, timeline }: World,
  before: readonly Sending[],
  host: Host,
): boolean {
  return (
    before.every((each) => each.host === host && each.ending === 'unproven') &&
    timeline.nowMs - before[0]!.sentAtMs + REQUEST_TIMEOUT_MS < reuseWindowMs(provider)
  )
}

/**
 * Whether the row of a claim is past its time, and no other knows of the presentation: the grant
 * row is gone, too; or it says nothing, because the token was lost; or the holder cannot find it.
 */
function isForgotten(
  { timeline }: World,
  chain: Chain,
  { sentAtMs, host, ending, token }: Sending,
): boolean {
  const claimMs = chain.drops ? RETENTION_MS.grant : RETENTION_MS.claim
  if (timeline.nowMs - sentAtMs < claimMs) return false
  const isLost = ending === 'unproven' || (ending === undefined && host.isDead)
  const isBare = [...chain.calls].some(
    ({ came }) => came.refreshToken === token && came.grant === undefined,
  )
  return isLost || isBare || isGrantOver(chain, timeline.nowMs)
}

/** Whether the grant row of a chain is past its time, or was when calls in the air began. */
function isGrantOver({ touchedAtMs, regainedAtMs }: Chain, nowMs: number): boolean {
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

/** When a refresh came back. */
export function checkEnd(world: World, call: Call): void {
  const outcome = call.outcome!
  const contradiction = contradictionOf(outcome, call.came)
  if (contradiction !== undefined) throw new Violation('S5', contradiction)
  checkBudget(world, call)
  checkSignIn(world, call)
  if (outcome.state === 'rotated' || outcome.state === 'expiring') checkHandedOut(world, call)
  checkServed(world, call)
}

/** Each call ends inside its time; the time that its process stood still is nobody's. */
export function checkBudget(world: World, call: Call): void {
  const { worker, startedAtMs, frozenMs, endedAtMs = world.timeline.nowMs } = call
  const tookMs = endedAtMs - startedAtMs - (worker.frozenMs - frozenMs)
  const limitMs = budgetMs(world.kind)
  if (tookMs <= limitMs) return
  throw new Violation('budget', `a call takes ${inUnits(tookMs)}; ${inUnits(limitMs)} is its limit`)
}

/** P5: nobody is told to sign in again without a cause. */
function checkSignIn({ timeline }: World, { chain, came, outcome }: Call): void {
  const { state, signIn, error, tokens } = outcome!
  if (state === 'error' && tokens.refreshToken === undefined) {
    throw new Violation('P5', 'an error took the refresh token away')
  }
  const isLate = mayAnyBeLate(chain.acknowledged.earliest, timeline.nowMs)
  if (error?.code === 'replay' && isLate) chain.causes.add('an older holder comes too late')
  if (chain.causes.size > 0) return
  const told = `${chain.user} comes with ${nameOf(came.refreshToken)}`
  if (state === 'revoked') {
    throw new Violation(
      'P5',
      `${told} and is told that it is over (${error?.code}): nobody ended it`,
    )
  }
  if (signIn && !chain.mayBeLost) {
    throw new Violation('P5', `${told} and is asked to sign in (${error?.code}): nothing was lost`)
  }
}

/** S2, S3, P4 and P5: what the ledger hands out. */
function checkHandedOut(world: World, call: Call): void {
  const { chain, came, startedAtMs, beganAtMs, outcome } = call
  if (outcome!.accessToken === undefined) return
  checkGood(world, call)
  const isForgotten = chain.causes.has('the ledger has forgotten the token')
  if (isForgotten || chain.isPastLedger || isGrantOver(chain, startedAtMs)) return
  if (chain.endedAtMs !== undefined && chain.endedAtMs < beganAtMs) {
    const why = chain.causes.has('the user signs out') ? 'S3' : 'S2'
    throw new Violation(why, 'a token is handed out after the chain has ended')
  }
  const held = generationOf(chain, came.refreshToken)
  if (isSurelyLate(chain.acknowledged.surely, held, beganAtMs)) {
    throw new Violation('P4', `${nameOf(came.refreshToken)} comes too late, and is served`)
  }
}

/** How closely receipt is dated (docs/decisions/0022), and some for the way, milliseconds. */
const DATED_MS = 30_000

/** An access token works when it is handed out, unless somebody may justly have ended it. */
export function checkGood({ server, timeline }: World, call: Call): void {
  const { chain, worker, frozenMs, outcome } = call
  const token = outcome!.accessToken!
  const made = server.accessToken(token)
  if (made?.isRevoked === true && chain.causes.size === 0) {
    throw new Violation('P5', `${nameOf(token)} is handed out, and is dead; nobody ended it`)
  }
  if (chain.isSkewed || worker.clockOffMs !== 0 || worker.frozenMs > frozenMs) return
  if (made === undefined) {
    throw new Violation('success', 'an access token is handed out that the server does not know')
  }
  const sinceMs = START_MS + timeline.nowMs - made.expiresAtMs
  if (sinceMs < DATED_MS) return
  throw new Violation('expiry', `${nameOf(token)} is handed out ${inUnits(sinceMs)} after its time`)
}

/** Liveness: where nothing is wrong, whoever comes is served. */
function checkServed({ weather, timeline }: World, call: Call): void {
  const { chain, came, startedAtMs, outcome, worker, frozenMs } = call
  const { usable, error } = outcome!
  if (usable || chain.causes.size > 0 || chain.mayBeLost) return
  const isTroubled = startedAtMs <= Math.max(chain.troubledUntilMs, weather.pausedUntilMs)
  // What was obtained by one clock may look stale by another.
  const isMoved = worker.clockOffMs !== call.clockOffMs || worker.frozenMs > frozenMs
  if (isTroubled || isMoved) return
  const took = inUnits(timeline.nowMs - startedAtMs)
  throw new Violation(
    'served',
    `${call.by} comes with ${nameOf(came.refreshToken)} and is not served (${error?.code}, ` +
      `after ${took}), and nothing is wrong`,
  )
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

/** S2 and S3: some time after the end of a chain to which nothing else happened. */
export function checkBuried({ server }: World, chain: Chain, invariant: 'S2' | 'S3'): void {
  const [alive] = server.liveOf(chain)
  if (alive === undefined) return
  const why = invariant === 'S3' ? 'the sign-out' : 'the replay'
  throw new Violation(invariant, `${nameOf(alive)} lives at the server after ${why}`)
}
