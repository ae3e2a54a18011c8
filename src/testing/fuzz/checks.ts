import { isReusable, reuseWindowMs } from '../../core/provider.ts'
import type { ErrorCode } from '../../core/errors.ts'
import {
  STALE_MS,
  Violation,
  acknowledgedBy,
  contradictionOf,
  isSurelyLate,
  mayAnyBeLate,
  mayBeLate,
} from '../invariants.ts'
import { START_MS } from '../schedule.ts'
import type { Call, Sending, World } from './observed.ts'
import { inUnits } from './story.ts'
import type { Acknowledged } from '../invariants.ts'

/** P1 and P2: before a refresh token is sent. */
export function checkSend(world: World, token: string): void {
  const { sendings, story, schedule, happened } = world
  if (happened.has('eviction')) return
  const before = sendings.filter((each) => each.token === token)
  const name = story.nameOf(token)
  if (before.some(({ isAwaited, worker }) => isAwaited && !worker.isDead)) {
    throw new Violation('P1', `${name} is presented while another presentation of it is awaited`)
  }
  const spending = before.find((each) => mayBeSpent(world, each))
  if (spending === undefined || isInClaimedWindow(world, token)) return
  const ago = inUnits(schedule.nowMs - spending.sentAtMs)
  const why = spending.isConsumed ? 'the server has spent it' : 'nobody knows what became of it'
  throw new Violation('P2', `${name} is presented again, ${ago} after the last time: ${why}`)
}

function mayBeSpent({ subject }: World, { isConsumed, isProven }: Sending): boolean {
  return isConsumed || (!isProven && !isReusable(subject.provider))
}

/** Whether a token comes again as the provider says that the server accepts it. */
export function isInClaimedWindow({ subject, sendings, schedule }: World, token: string): boolean {
  const { provider, requestTimeoutMs } = subject
  const first = sendings.find((each) => each.token === token)
  if (first === undefined) return false
  return schedule.nowMs - first.sentAtMs + requestTimeoutMs < reuseWindowMs(provider)
}

/** When a refresh came back. */
export function checkEnd(world: World, call: Call): void {
  const outcome = call.outcome!
  const contradiction = contradictionOf(outcome, call.came)
  if (contradiction !== undefined) throw new Violation('S5', contradiction)
  const { state, accessToken, error } = outcome
  checkBudget(world, call)
  if (state === 'revoked') checkIsJust(world, error?.code)
  checkSignIn(world, call)
  checkHandedOut(world, call)
  checkGood(world, accessToken)
}

/** How closely receipt is dated (docs/decisions/0022), and some for the way, milliseconds. */
const DATED_MS = 30_000

/** What is handed out as good must be: the server made it, and its time is not over. */
function checkGood({ server, happened, schedule, story }: World, token: string | undefined): void {
  if (token === undefined || happened.has('clock set') || happened.has('time passed')) return
  const made = server.grants.accessTokens.get(token)
  if (made === undefined) {
    throw new Violation('success', 'an access token is handed out that the server never made')
  }
  const sinceMs = START_MS + schedule.nowMs - made.expiresAtMs
  if (sinceMs < DATED_MS || made.name === 'A0') return
  throw new Violation(
    'expiry',
    `${story.nameOf(token)} is handed out as good, ${inUnits(sinceMs)} after its time was over`,
  )
}

/** Asking, waiting for another, presenting, settling: each has its own limit. */
function checkBudget({ subject }: World, call: Call): void {
  const { requestTimeoutMs, provider } = subject
  const windowMs = reuseWindowMs(provider)
  const claimMs = requestTimeoutMs + 5_000 + windowMs
  const limitMs = 2 * claimMs + 10_000
  const tookMs = call.endedAtMs! - call.startedAtMs - call.pausedMs
  if (tookMs <= limitMs) return
  throw new Violation('budget', `a call took ${inUnits(tookMs)}; ${inUnits(limitMs)} are its limit`)
}

/** P5: a sign-in is asked for when something was lost, and not before. */
function checkSignIn(world: World, { outcome }: Call): void {
  const { signIn, state, error, tokens } = outcome!
  if (state === 'error' && tokens.refreshToken === undefined && !omitsSuccessors(world)) {
    throw new Violation('P5', 'an error took the refresh token away')
  }
  if (!signIn || state === 'revoked' || mayLose(world)) return
  throw new Violation('P5', `the user is asked to sign in (${error?.code}), and nothing was lost`)
}

/** P5: only the server, a replay or a sign-out makes `revoked`. */
function checkIsJust(world: World, code: ErrorCode | undefined): void {
  const { isSignOutBegun, sendings, events, happened } = world
  if (isSignOutBegun || happened.has('eviction')) return
  if (sendings.some(({ heard }) => heard?.kind === 'dead')) return
  if (code !== 'replay' && !events.some(({ type }) => type === 'replay')) {
    throw new Violation('P5', `the grant is called revoked (${code}), and nobody ended it`)
  }
  if (!surelyRipe(world)) {
    throw new Violation('P4', `a chain is ended as a replay before ${inUnits(STALE_MS)} are over`)
  }
}

/** S2, S3, P4: what must not be handed out. */
function checkHandedOut(world: World, call: Call): void {
  const { signedOut, revokedAt, happened } = world
  const { state } = call.outcome!
  const handsOut = state === 'rotated' || state === 'expiring'
  if (!handsOut || happened.has('eviction') || happened.has('handed over')) return
  if (signedOut !== undefined && signedOut.tick < call.startedAt) {
    throw new Violation('S3', 'a token is handed out after the sign-out')
  }
  if (revokedAt !== undefined && revokedAt < call.startedAt) {
    throw new Violation('S2', 'a token is handed out after the chain has ended')
  }
  if (isReplay(world, call)) throw new Violation('P4', 'a replay is served')
}

/** When nothing goes wrong any more: who comes with an expired set is served. */
export function checkServed(world: World, call: Call): void {
  const { revokedAt, isSignOutBegun, story } = world
  const { usable, error } = call.outcome!
  if (usable || isSignOutBegun || revokedAt !== undefined || mayLose(world)) return
  if (error?.code === 'replay' || isMerelyDelayed(world, call)) return
  throw new Violation(
    'served',
    `${call.worker.name} comes with ${story.nameOf(call.came.refreshToken)} and is not served ` +
      `(${error?.code}), and nothing is wrong any more`,
  )
}

/** After these a token may be lost, and nobody is to blame. */
function mayLose(world: World): boolean {
  const { happened, sendings } = world
  if (omitsSuccessors(world)) return true
  if (sendings.some(({ heard }) => heard !== undefined && heard.kind !== 'granted')) return true
  return [...happened].some((each) => !HARMLESS.has(each))
}

const HARMLESS: ReadonlySet<string> = new Set([
  'connection_refused',
  'status 429',
  'error',
  'lost acknowledgement',
  'clock set',
  'handed over',
])

function omitsSuccessors({ server }: World): boolean {
  return server.behaviour.successor === 'omitted'
}

/** P3 and S3, when nobody does anything any more. */
export async function checkQuiet(world: World): Promise<void> {
  const { server, sendings, happened, signedOut, handedOut } = world
  const { refreshTokens } = server.grants
  if (happened.has('eviction')) return
  const handed = new Set(handedOut.map(({ refreshToken }) => refreshToken))
  // What is received for a chain that has ended is nobody's.
  const isOver = world.isSignOutBegun || world.revokedAt !== undefined
  for (const { heard, worker, token } of isOver ? [] : sendings) {
    if (heard?.kind !== 'granted' || worker.isDead || isPastLedger(world, worker)) continue
    const { refreshToken } = heard
    const isAlive = refreshTokens.get(refreshToken ?? '')?.state === 'live'
    if (!isAlive || handed.has(refreshToken) || (await isInLedger(world, refreshToken))) continue
    const name = world.story.nameOf(refreshToken)
    const before = world.story.nameOf(token)
    throw new Violation('P3', `${name} was received for ${before}, and nobody has it`)
  }
  const isExact = happened.size === 0 && !mayLose(world)
  const alive = [...refreshTokens.values()].find(({ state }) => state === 'live')
  if (signedOut?.outcome.revoked === true && isExact && alive !== undefined) {
    throw new Violation('S3', `${alive.name} lives after the sign-out`)
  }
}

/** Whether the row of some token leads to a set with this one in it. */
async function isInLedger(
  { server, ledger }: World,
  refreshToken: string | undefined,
): Promise<boolean> {
  for (const token of server.grants.refreshTokens.keys()) {
    if ((await ledger.chainOf(token))?.set?.refreshToken === refreshToken) return true
  }
  return false
}

/** Whether the store was silent until a claim was past: then the set is nobody's, as in a crash. */
function isPastLedger({ calls }: World, worker: Call['worker']): boolean {
  return calls.some(
    (call) => call.worker === worker && call.outcome?.error?.code === 'store_unavailable',
  )
}

/** When somebody came with a token as their own, presented it and settled. */
function acknowledgements(world: World, bound: 'earliest' | 'surely'): Acknowledged[] {
  if (bound === 'surely' && world.happened.has('handed over')) return []
  return world.sendings.flatMap((sending) =>
    sending.heard?.kind === 'granted'
      ? acknowledgedBy(sending, generationOf(world, sending.token), world.calls, bound)
      : [],
  )
}

/** P4: whether this call came with a token that others had been later than for long enough. */
export function isReplay(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return isSurelyLate(acknowledgements(world, 'surely'), held, startedAtMs)
}

/** Whether somebody could be late enough by now to end the chain as a replay. */
export function surelyRipe(world: World): boolean {
  return mayAnyBeLate(acknowledgements(world, 'earliest'), world.schedule.nowMs)
}

/** Whether this call may have come too late to be served. */
export function isMerelyDelayed(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return mayBeLate(acknowledgements(world, 'earliest'), held, startedAtMs)
}

function generationOf({ server }: World, token: string | undefined): number {
  return server.grants.refreshTokens.get(token ?? '')?.generation ?? 0
}
