import type { ErrorCode } from '../core/errors.ts'
import type { Outcome, RevokeOutcome } from '../core/outcome.ts'
import { isReusable } from '../core/provider.ts'
import type { Provider } from '../core/provider.ts'
import type { TokenSet } from '../core/token-set.ts'
import { isAwaitedAt, isSurelyLate, mayAnyBeLate, mayBeLate, maySpend } from './observations.ts'
import type { Holder, Observations, ObservedCall, Sending } from './observations.ts'

/** The invariants of every world. docs/design.md and docs/security.md define `P1` to `S5`. */
export const INVARIANTS = {
  P1: 'At most one presentation of a refresh token is awaited at any time.',
  P2: 'A refresh token that is spent, or may be, is not presented again.',
  P3: 'A token set that was received is kept, or handed to its caller.',
  P4: 'A late holder is served for a while. After that, its token counts as reused.',
  P5: 'Only the server, a reused token or a sign-out makes a grant revoked.',
  S1: 'Nothing that is written, logged, thrown or told shows a token.',
  S2: 'A reused token ends the chain for every holder.',
  S3: 'After a sign-out no caller is handed a token.',
  S4: 'A refresh token is sent to its token endpoint, and to no other place.',
  S5: 'Every call ends in one of the five outcomes.',
  served: 'When nothing is wrong any more, every caller is served.',
  budget: 'Each call ends inside its time.',
  request: 'The server finds the refresh token where it looks for it.',
  success: 'A success is never thrown away.',
  expiry: 'The expiry of an access token is read as the server means it.',
  rotation: 'What the provider says of rotation is what the server does.',
  reuse: 'What the provider says of presenting again is what the server does.',
  failures: 'What the provider says of an error is what became of the refresh token.',
  old_access_token: 'What the provider says of older access tokens is what the server does.',
} as const

export type Invariant = keyof typeof INVARIANTS

/** An invariant that does not hold, and what was seen of it. Holds no token. */
export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, what: string) {
    super(what)
    this.invariant = invariant
  }
}

/** The checks of one chain. Each throws a {@link Violation}. */
export interface Judge<H extends Holder> {
  /** P1 and P2, before a worker sends a refresh token. */
  sent(token: string): void
  /** All that one outcome proves. */
  returned(call: ObservedCall<H>): void
  /** `success`, `expiry` and P5, for an access token that is handed out. */
  handedOut(call: ObservedCall<H>): void
  /** `budget`, also for a call that has not returned. */
  tookTime(call: ObservedCall<H>): void
  /** `served`, for a call that began when nothing was wrong any more. */
  calmed(call: ObservedCall<H>, by: string): void
  /** S3 and S5, for a sign-out. */
  signedOut(outcome: RevokeOutcome): void
  /** P5, before the server is asked to revoke a token. */
  revokes(token: string): void
  /** P3, when all is quiet. `known`: tokens that a caller or the ledger has. */
  kept(
    sending: Sending<H>,
    known: ReadonlySet<string | undefined>,
    isLive: (token: string) => boolean,
  ): void
  /** S2 and S3, some time after the end of a chain. `live`: what its server would still take. */
  buried(live: string | undefined, why: 'sign-out' | 'other'): void
}

/**
 * The one judge of what refresh-once promises: over what was sent, answered and handed out.
 * Property tests, the simulation and `fuzzProvider` hold their worlds against it.
 *
 * @param observed Read at each check, so that it may change in between.
 */
export function invariants<H extends Holder>(observed: Observations<H>): Judge<H> {
  const judge: Judge<H> = {
    sent: (token) => checkSent(observed, token),
    returned(call) {
      const { state, accessToken, error } = call.outcome!
      checkShape(call.outcome!, call.came)
      judge.tookTime(call)
      if (state === 'revoked') checkIsJust(observed, error?.code)
      else checkSignIn(observed, call.outcome!)
      if (state === 'rotated' || state === 'expiring') checkNotOver(observed, call)
      if (accessToken !== undefined) judge.handedOut(call)
    },
    handedOut: (call) => checkAccessToken(observed, call),
    tookTime(call) {
      const { startedAtMs, pausedMs, endedAtMs = observed.nowMs } = call
      const tookMs = endedAtMs - startedAtMs - pausedMs
      const { callLimitMs } = observed
      if (tookMs <= callLimitMs) return
      const limit = inUnits(callLimitMs)
      throw new Violation('budget', `a call took ${inUnits(tookMs)}; ${limit} are its limit`)
    },
    calmed: (call, by) => checkServed(observed, call, by),
    signedOut({ ended, revoked, error }) {
      if (error?.code === 'internal') throw new Violation('S5', 'a sign-out ends in a bug')
      const contradicts = error === undefined ? !ended && !revoked : ended && revoked
      if (contradicts) throw new Violation('S3', 'a sign-out contradicts itself')
    },
    revokes(token) {
      const isOver = observed.mayBeEnded || observed.isReuseReported
      // A holder that came too late may have ended the chain, and not have told of it yet.
      if (isOver || mayAnyBeLate(observed.acknowledged('earliest'), observed.nowMs)) return
      if (!observed.sendingsOf(token).some(({ ending }) => ending === 'kept')) return
      const name = observed.nameOf(token)
      throw new Violation('P5', `${name} is revoked, which was kept and belongs to every holder`)
    },
    kept: (sending, known, isLive) => checkKept(observed, sending, known, isLive),
    buried(live, why) {
      if (live === undefined) return
      const invariant = why === 'sign-out' ? 'S3' : 'S2'
      const after = why === 'sign-out' ? 'the sign-out' : 'the reuse'
      throw new Violation(invariant, `${observed.nameOf(live)} lives at the server after ${after}`)
    },
  }
  return judge
}

function checkSent<H extends Holder>(observed: Observations<H>, token: string): void {
  const { nowMs, requestTimeoutMs, provider } = observed
  const before = observed.sendingsOf(token)
  const name = observed.nameOf(token)
  // A process that stands still awaits nothing once its time is over.
  const awaited = before.find(
    (each) => isAwaitedAt(each, nowMs) && nowMs - each.sentAtMs < requestTimeoutMs,
  )
  if (awaited !== undefined && !observed.mayForget(awaited)) {
    throw new Violation('P1', `${name} is presented while another presentation of it is awaited`)
  }
  const spending = before.filter((each) => maySpend(each, isReusable(provider)))
  const [first] = spending
  const last = spending.at(-1)
  if (first === undefined || last === undefined) return
  const lastedMs = nowMs - first.sentAtMs + requestTimeoutMs
  if (mayComeAgain(provider, spending, lastedMs)) return
  if (observed.mayForget(last)) return
  const ago = inUnits(nowMs - last.sentAtMs)
  const why = last.isConsumed === true ? 'the server has spent it' : 'it may be spent'
  throw new Violation('P2', `${name} is presented again, ${ago} after the last time: ${why}`)
}

/**
 * Whether a token that may be spent may be presented again, because of what the provider says that
 * its server does with it.
 *
 * @param lastedMs From the first presentation to the end of another one.
 */
function mayComeAgain(
  { reuse }: Pick<Provider, 'reuse'>,
  spending: readonly Sending[],
  lastedMs: number,
): boolean {
  if (typeof reuse === 'object') return lastedMs < reuse.acceptedForMs
  switch (reuse) {
    case 'accepted':
      return true
    case 'until_successor_used':
      // No holder has got the successor.
      return !spending.some(({ ending }) => ending === 'spent')
    case 'refused':
      return spending.length === 1
    default:
      return false
  }
}

const FIELDS = 'accessToken,canSignInSilently,changed,error,needsSignIn,state,tokens,usable'

/** S5: an outcome has one frozen shape, and its parts agree. */
function checkShape(outcome: Outcome, came: TokenSet): void {
  const { accessToken, changed, tokens, usable, error } = outcome
  if (!Object.isFrozen(outcome) || Object.keys(outcome).toSorted().join() !== FIELDS) {
    throw new Violation('S5', 'an outcome has one frozen shape, and this has another')
  }
  if (usable !== (accessToken !== undefined) || changed !== (tokens !== came)) {
    throw new Violation('S5', 'an outcome contradicts itself')
  }
  if (error?.code === 'internal') throw new Violation('S5', 'a call ends in an internal error')
}

/** P5: a sign-in is asked for when something was lost, and not before. */
function checkSignIn<H extends Holder>(observed: Observations<H>, outcome: Outcome): void {
  const { state, error, tokens, needsSignIn } = outcome
  if (state === 'error' && tokens.refreshToken === undefined && !observed.omitsSuccessors) {
    throw new Violation('P5', 'an error took the refresh token away')
  }
  if (!needsSignIn || observed.mayBeLost) return
  throw new Violation('P5', `the user is asked to sign in (${error?.code}), and nothing was lost`)
}

/** P5: only the server, reuse or a sign-out makes `revoked`. P4: reuse takes its time. */
function checkIsJust<H extends Holder>(
  observed: Observations<H>,
  code: ErrorCode | undefined,
): void {
  if (observed.mayBeEnded) return
  if (code !== 'reuse_detected' && !observed.isReuseReported) {
    throw new Violation('P5', `the grant is called revoked (${code}), and nobody ended it`)
  }
  if (!mayAnyBeLate(observed.acknowledged('earliest'), observed.nowMs)) {
    throw new Violation('P4', 'a chain is ended for reuse, and no holder came late enough')
  }
}

/** S2, S3 and P4: what must not be handed out. */
function checkNotOver<H extends Holder>(observed: Observations<H>, call: ObservedCall<H>): void {
  if (observed.isPastLedger(call)) return
  const ended = observed.endedBefore(call)
  if (ended !== undefined) {
    const why = ended === 'sign-out' ? 'S3' : 'S2'
    throw new Violation(why, 'a token is handed out after the chain has ended')
  }
  const { refreshToken } = call.came
  const held = observed.generationOf(refreshToken)
  if (isSurelyLate(observed.acknowledged('surely'), held, call.beganAtMs)) {
    throw new Violation('P4', `${observed.nameOf(refreshToken)} comes too late, and is served`)
  }
}

/** Milliseconds: how exactly receipt is dated (docs/decisions/0022), and time for the way. */
const DATED_MS = 30_000

function checkAccessToken<H extends Holder>(
  observed: Observations<H>,
  call: ObservedCall<H>,
): void {
  const token = call.outcome!.accessToken!
  const made = observed.accessToken(token)
  const name = observed.nameOf(token)
  if (made?.isRevoked === true && !observed.mayBeEnded && !observed.isReuseReported) {
    throw new Violation('P5', `${name} is handed out, and is dead; nobody ended it`)
  }
  if (observed.isSkewed(call)) return
  if (made === undefined) {
    throw new Violation('success', 'an access token is handed out that the server never made')
  }
  const sinceMs = observed.nowMs - made.expiresAtMs
  if (sinceMs < DATED_MS) return
  const late = `${inUnits(sinceMs)} after its time was over`
  throw new Violation('expiry', `${name} is handed out as good, ${late}`)
}

function checkServed<H extends Holder>(
  observed: Observations<H>,
  { came, beganAtMs, outcome }: ObservedCall<H>,
  by: string,
): void {
  const { usable, error } = outcome!
  const { refreshToken } = came
  if (usable || observed.mayBeEnded || observed.mayBeLost || error?.code === 'reuse_detected')
    return
  const held = observed.generationOf(refreshToken)
  if (mayBeLate(observed.acknowledged('earliest'), held, beganAtMs)) return
  throw new Violation(
    'served',
    `${by} comes with ${observed.nameOf(refreshToken)} and is not served ` +
      `(${error?.code}), and nothing is wrong any more`,
  )
}

/** P3: of a server that omits successors, the access token is all there is to keep. */
function checkKept<H extends Holder>(
  { provider, nameOf }: Observations<H>,
  { received, worker, token, ending }: Sending<H>,
  known: ReadonlySet<string | undefined>,
  isLive: (token: string) => boolean,
): void {
  if (received === undefined || worker.isDead) return
  const isLast = provider.rotation === 'always' && ending === 'spent'
  const got = received.refreshToken ?? (isLast ? received.accessToken : undefined)
  if (got === undefined || known.has(got) || !isLive(got)) return
  throw new Violation('P3', `${nameOf(got)} was received for ${nameOf(token)}, and nobody has it`)
}

/** Milliseconds in the unit that a reader would choose. */
export function inUnits(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${rounded(ms / 1_000)} s`
  return ms < 7_200_000 ? `${rounded(ms / 60_000)} min` : `${rounded(ms / 3_600_000)} h`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
