import type { RevokeOutcome } from '../../src/index.ts'
import { WINDOW_MS } from './authorization-server.ts'
import type { Presentation } from './authorization-server.ts'
import {
  acknowledgedBy,
  contradictionOf,
  isSurelyLate,
  mayAnyBeLate,
  mayBeLate,
} from '../../src/testing/invariants.ts'
import type { Acknowledged } from '../../src/testing/invariants.ts'
import type { Process } from '../../src/testing/schedule.ts'
import type { Call, Happening, World } from './observed.ts'

/** A property does not hold. */
export class Violation extends Error {}

const REQUEST_TIMEOUT_MS = 15_000

/** After these a token may be lost, and nobody is to blame. */
const LOSING: readonly Happening[] = [
  'crash',
  'time',
  'lost request',
  'lost answer',
  'hangs',
  '503',
  '503 after consuming',
  'garbage',
  'refused after',
  'outage',
  'silence',
  'killed',
]

const mayLose = ({ happened }: World): boolean => LOSING.some((each) => happened.has(each))

/** Before a refresh token is sent. */
export function checkSend(world: World, token: string, worker: Process): void {
  const before = world.as.presentations.filter((each) => each.token === token)
  if (before.some(({ isAwaited, worker: holder }) => isAwaited && !holder.isDead)) {
    throw new Violation(`P1: ${token} is presented while another presentation of it is awaited`)
  }
  const { as: kind } = world.plan
  if (kind === 'never') return
  const spent = before.filter((each) => !isProvablyUnspent(each))
  if (spent.length === 0) return
  if (kind === 'window' && isInWindow(spent, worker, world)) return
  throw new Violation(`P2: ${token} is presented again, and may be spent`)
}

/** Not consumed for sure, as its holder knows: refused unseen, or kept. */
function isProvablyUnspent({ ending }: Presentation): boolean {
  if (ending === undefined || ending === 'unproven') return false
  return ending === 'unspent' || ending.isKept
}

/** P2: by the same holder, inside the window less the request timeout, from the first send. */
function isInWindow(
  before: readonly Presentation[],
  worker: Process,
  { schedule }: World,
): boolean {
  return (
    before.every((each) => each.worker === worker && each.ending === 'unproven') &&
    schedule.nowMs - before[0]!.sentAtMs + REQUEST_TIMEOUT_MS < WINDOW_MS
  )
}

/** Before the AS is asked to revoke a token. */
export function checkTold(world: World, token: string): void {
  if (world.isSignOutBegun || isEnded(world) || isLateForSomebody(world)) return
  const isKept = ({ token: presented, ending }: Presentation): boolean =>
    presented === token && typeof ending === 'object' && ending.isKept
  if (world.as.presentations.some(isKept)) {
    throw new Violation(`P5: ${token} is revoked, which was kept and is everybody's`)
  }
}

/** Whether somebody came so late that they may have ended the chain, and have not said so yet. */
function isLateForSomebody(world: World): boolean {
  const earliest = acknowledgements(world, 'earliest')
  return world.calls.some(({ came, startedAtMs }) =>
    mayBeLate(earliest, generationOf(world, came.refreshToken), startedAtMs),
  )
}

/** Whether a run found the chain ended, or ended it. */
function isEnded({ events }: World): boolean {
  return events.some((event) => event.type === 'ended' && event.state === 'revoked')
}

/** When a refresh came back. */
export function checkEnd(world: World, call: Call): void {
  const { came, startedAt } = call
  const outcome = call.outcome!
  const { state, tokens, accessToken, signIn, error } = outcome
  const code = error?.code
  const handsOut = state === 'rotated' || state === 'expiring'

  const contradiction = contradictionOf(outcome, came)
  if (contradiction !== undefined) throw new Violation(`S5: ${contradiction}`)
  if (code === 'lost' && world.happened.size === 0) throw new Violation('P2: lost without a fault')
  if (state === 'error' && tokens.refreshToken === undefined && world.plan.as !== 'omitted') {
    throw new Violation('P5: an error took the refresh token away')
  }
  if (signIn && state !== 'revoked' && world.plan.as !== 'omitted' && !mayLose(world)) {
    throw new Violation(`P5: sign in (${code}) although nothing was lost`)
  }
  if (state === 'revoked') checkRevocationIsJust(world, code)

  const endedBefore = world.signedOut !== undefined && world.signedOut.tick < startedAt
  if (endedBefore && handsOut && !world.happened.has('handed over') && !isMixed(world.plan)) {
    throw new Violation('S3: a token was handed out after sign-out')
  }
  if (
    world.revokedAt !== undefined &&
    world.revokedAt < startedAt &&
    handsOut &&
    !isMixed(world.plan)
  ) {
    throw new Violation('S2: a token was handed out after the end of the chain')
  }
  if (handsOut && !isMixed(world.plan) && isReplay(world, call))
    throw new Violation('P4: a replay was served')
  if (handsOut && !world.isSignOutBegun && world.revokedAt === undefined && !isKilled(world)) {
    if (world.as.accessTokens.get(accessToken ?? '')?.isRevoked === true) {
      throw new Violation('P5: a revoked access token was handed out')
    }
  }
}

/**
 * When nothing goes wrong any more: who comes with an expired set is served, unless its chain has
 * ended or a token may be lost.
 */
export function checkServed(world: World, call: Call): void {
  const { as, revokedAt, isSignOutBegun, plan } = world
  // An older holder who came before may have been a replay, which ends the chain for everybody;
  // whether justly, is checked for itself.
  const isReplayed = call.outcome!.error?.code === 'replay'
  const isOver = isSignOutBegun || isReplayed || revokedAt !== undefined || as.isKilled
  if (isOver || plan.as === 'omitted' || mayLose(world) || call.outcome!.usable) return
  const held = generationOf(world, call.came.refreshToken)
  if (mayBeLate(acknowledgements(world, 'earliest'), held, call.startedAtMs)) return
  const code = call.outcome!.error?.code
  throw new Violation(
    `liveness: a worker with generation ${held} is not served (${code}) ` +
      'although nothing is wrong any more',
  )
}

function isKilled({ as }: World): boolean {
  return as.isKilled
}

/** P5: only the AS, a replay or our own revocation makes `revoked`. */
function checkRevocationIsJust(world: World, code: string | undefined): void {
  if (world.isSignOutBegun || isKilled(world)) return
  const isReported = world.events.some(({ type }) => type === 'replay')
  if (code !== 'replay' && !isReported) {
    throw new Violation(`P5: revoked (${code}) although nobody ended the chain`)
  }
  const isRipe = mayAnyBeLate(acknowledgements(world, 'earliest'), world.schedule.nowMs)
  if (!isRipe) throw new Violation('P4: a chain was ended as replayed too early')
}

/** When somebody came with a token as their own, presented it and settled. */
function acknowledgements(world: World, bound: 'earliest' | 'surely'): Acknowledged[] {
  if (bound === 'surely' && world.happened.has('handed over')) return []
  return world.as.presentations.flatMap((presented) =>
    typeof presented.ending === 'object'
      ? acknowledgedBy(presented, generationOf(world, presented.token), world.calls, bound)
      : [],
  )
}

/** P4: whether this call came with a token that others had been later than for long enough. */
function isReplay(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return isSurelyLate(acknowledgements(world, 'surely'), held, startedAtMs)
}

function generationOf({ as }: World, token: string | undefined): number {
  return as.refreshTokens.get(token ?? '')?.generation ?? 0
}

/** When a set went to its caller past the ledger. */
export function checkHandedOver({ happened }: World): void {
  if (happened.size > 0) return
  throw new Violation('P3: a set was handed over although the ledger can be written')
}

/** When a sign-out came back. */
export function checkRevoked(_: World, { ended, revoked, error }: RevokeOutcome): void {
  if (error?.code === 'internal') throw new Violation('S3: internal error')
  const isFailure = error !== undefined
  const contradicts = isFailure ? ended && revoked : !ended && !revoked
  if (contradicts) throw new Violation('S3: a sign-out contradicts itself')
}

/**
 * Where one storage keeps `grant` and another drops it, a chain may part into two: P1 to P3 hold,
 * and what ends one does not end the other.
 */
function isMixed({ storage }: World['plan']): boolean {
  return storage === 'mixed'
}

/**
 * Whether the store was silent until a claim was past, and went on being so: then what was received
 * is nobody's (docs/decisions/0017), as after a crash.
 */
function isPastLedger({ calls }: World, worker: Call['worker']): boolean {
  return calls.some(
    (call) => call.worker === worker && call.outcome?.error?.code === 'store_unavailable',
  )
}

/** When nobody does anything any more. */
export async function checkQuiet(world: World): Promise<void> {
  const { as, handedOut, happened, plan } = world
  const known = new Set(
    handedOut.flatMap(({ refreshToken, accessToken }) => [refreshToken, accessToken]),
  )
  for (const token of as.refreshTokens.keys()) {
    const row = await world.ledger.chainOf(token)
    known.add(row?.set?.refreshToken)
    for (const [, access] of row?.set?.access ?? []) known.add(access.token)
  }
  for (const { token, worker, ending } of as.presentations) {
    if (typeof ending !== 'object' || worker.isDead) continue
    const { successor, accessToken } = ending
    const isAlive = as.refreshTokens.get(successor ?? '')?.state === 'live'
    if (isAlive && !known.has(successor) && !isPastLedger(world, worker)) {
      throw new Violation(`P3: ${successor} was received for ${token}, and nobody has it`)
    }
    if (
      plan.as === 'omitted' &&
      !known.has(accessToken) &&
      !isPastLedger(world, worker) &&
      !as.accessTokens.get(accessToken)!.isRevoked
    ) {
      throw new Violation(`P3: ${accessToken} was received for ${token}, and nobody has it`)
    }
  }
  const isOver =
    world.signedOut?.outcome.revoked === true || world.events.some(({ type }) => type === 'replay')
  const isExact = !mayLose(world) && !happened.has('handed over') && !as.missedRevocation
  const alive = [...as.refreshTokens].find(([, { state }]) => state === 'live')
  if (isOver && isExact && !isMixed(plan) && alive !== undefined) {
    throw new Violation(`S3: ${alive[0]} lives after the end of the chain`)
  }
}
