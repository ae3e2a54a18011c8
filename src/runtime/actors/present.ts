import type { PresentOutput, RefreshContext } from '../../../machines/types.ts'
import { sleep } from '../../core/clock.ts'
import { authorized, refreshExpiryMs } from '../../core/lifetime.ts'
import { FAILURES, failedPresentation, type Presentation } from '../../core/failure.ts'
import type { Tokens } from '../../core/tokens.ts'
import { fromStored, merge } from '../../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../../ledger/stored-token-set.ts'
import { maySend, settle } from '../../ledger/protocol/index.ts'
import type { SettleAnswer, SettleRequest, Settlement } from '../../ledger/protocol/index.ts'
import {
  afterUnknown,
  isOver,
  isSpent,
  mayPresentAgain,
  positionAfter,
  received,
  settlementOf,
  successorOf,
  withExpiry,
  withReason,
} from '../../ledger/settlement.ts'
import type { Prepared } from '../../transport/token-request.ts'
import { tell } from '../revoke.ts'
import { backoffMs, presentedOf } from './claim.ts'
import type { Held } from './claim.ts'
import { withWarning } from '../expires-soon.ts'
import { Opaque } from '../opaque.ts'
import { nameChain, presentOutput, refOf } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'
import { PATIENCE_PART } from '../timing.ts'

type Output = Timeless<PresentOutput>

/** Presents the refresh token and settles; never rejects, and no caller can stop it. */
export async function presentToken(
  parts: RefresherContext,
  context: RefreshContext,
): Promise<Output> {
  const { settings, emit } = parts
  const { clock, provider, requestTimeoutMs } = settings
  const held = Opaque.open(context.claim as Opaque<Held>)
  const { sent } = held
  const prepared = sent.times === 0 ? held.prepared : await prepareAgain(parts, context, held)
  const startedAt = clock.monotonic()
  const isInTime = maySend(startedAt - held.askedAt, settings.claimMs, requestTimeoutMs)
  if (sent.times === 0 && !isInTime) return giveBack(parts, context, held)
  if (prepared === undefined || !isInTime) return MAY_BE_SPENT
  sent.firstAt ??= startedAt
  sent.times += 1
  const renewed = authorized(context.tokens, provider, authorizedAtOf(held), clock.now())
  const { refreshToken } = renewed
  const ended = await prepared.present()
  const known = sent.times > 1 ? afterUnknown(ended) : ended
  const presentation = dated(parts, renewed, known)
  const endedAt = clock.monotonic()
  pauseIfAsked(parts, presentation)
  const moment: Moment = {
    hostNowMs: clock.now(),
    storeNowMs: held.view.nowMs + (endedAt - held.askedAt),
  }
  const { audience } = context.demand
  const settlement = settlementOf(presentation, renewed, audience, provider, moment)
  emit({
    type: 'presented',
    token: refreshToken?.fingerprint,
    grant: held.grantName,
    generation: held.position.generation,
    outcome: presentation.outcome,
    code: 'code' in presentation ? presentation.code : undefined,
    status: 'status' in presentation ? presentation.status : undefined,
    isSpent: isOver(settlement),
    times: sent.times,
    durationMs: endedAt - startedAt,
  })
  const presenting = {
    presentation,
    moment,
    isReplayable: mayPresentAgain(presentation, provider, endedAt - sent.firstAt, requestTimeoutMs),
    isSpent: isSpent(settlement),
    backoffMs: () => backoffMs(parts, context),
  }
  try {
    const leftMs = held.askedAt + settings.claimMs - endedAt
    const answer = await settleIt(parts, context, held, settlement, leftMs / PATIENCE_PART)
    const output = presentOutput(answer, presenting)
    nameChain('place' in output ? output.place : undefined, held.position, held.grantName)
    return withWarning(parts, renewed, output)
  } catch (error) {
    const handed = await pastTheLedger(parts, context, held, settlement, moment, error)
    return withWarning(parts, renewed, handed)
  }
}

/** What it is to stop presenting a token of which nobody knows what became. */
const MAY_BE_SPENT: Output = { type: 'failed', problem: { code: 'unknown', isFinal: true } }

/** For another presentation inside the AS's reuse window: not at once, and still inside it. */
async function prepareAgain(
  parts: RefresherContext,
  context: RefreshContext,
  { sent: { firstAt = 0, times } }: Held,
): Promise<Prepared | undefined> {
  const { settings, transport } = parts
  const { clock, provider, requestTimeoutMs } = settings
  await sleep(clock, backoffMs(parts, { attempt: times - 1 }))
  const way = await transport.prepare(presentedOf(context))
  const isOpen = mayPresentAgain(UNKNOWN, provider, clock.monotonic() - firstAt, requestTimeoutMs)
  return way.ready && isOpen ? way : undefined
}

const UNKNOWN: Presentation = failedPresentation('unknown')

/** Settles, patiently. What is received for an ended chain is revoked at once. */
async function settleIt(
  parts: RefresherContext,
  context: RefreshContext,
  { claimId, chain, position, grantName, view }: Held,
  settlement: Settlement<StoredTokenSet>,
  patienceMs: number,
): Promise<SettleAnswer<StoredTokenSet>> {
  const { settings, ledger, policy } = parts
  const request: SettleRequest<StoredTokenSet> = {
    claimId,
    position,
    isCallersToken: context.own,
    hasGrantField: context.carried,
    policy,
    merge: (known, added) => merge(known, added, settings.provider.oldAccessToken),
  }
  const options = { view, patienceMs }
  const rows = { successor: successorOf(settlement), ...chain }
  const settled = await ledger.run(rows, (seen) => settle(request, settlement, seen), options)
  const set = received(settlement)
  if (set !== undefined && MUST_DIE[settled.answer.type]) {
    await tell(parts, set, { token: chain.refreshToken.fingerprint, grant: grantName })
    const disposed = { type: 'disposed' } as const
    const signing = { ...options, view: settled.view }
    await ledger.run(chain, (seen) => settle(request, disposed, seen), signing).catch(() => {})
  }
  return settled.answer
}

/** Whether what was received is nobody's. */
const MUST_DIE: { readonly [T in SettleAnswer<StoredTokenSet>['type']]: boolean } = {
  settled: false,
  withheld: false,
  ended: true,
  noted: false,
}

/**
 * The ledger cannot be written, as far as we know. A set that was received goes to its caller all
 * the same (P3), unless others already call the claim overdue: then it only goes to the ledger, as
 * soon as that can be. It is not revoked: a swap whose answer was lost may have taken effect, and
 * the set be everybody's (P5).
 */
async function pastTheLedger(
  parts: RefresherContext,
  context: RefreshContext,
  held: Held,
  settlement: Settlement<StoredTokenSet>,
  moment: Moment,
  error: unknown,
): Promise<Output> {
  const { settings, background, emit } = parts
  const problem = problemOf(error)
  const set = received(settlement)
  const settleLater = (): void =>
    void background
      .add(settleIt(parts, context, held, settlement, settings.claimMs))
      .catch(() => {})
  if (set === undefined) {
    settleLater()
    return { type: 'failed', problem: { ...problem, isFinal: isSpent(settlement) } }
  }
  settleLater()
  if (settings.clock.monotonic() - held.askedAt >= settings.claimMs) {
    return { type: 'failed', problem }
  }
  emit({ type: 'handed_over', token: held.chain.refreshToken.fingerprint })
  return {
    type: 'granted',
    tokens: fromStored(set, moment),
    place: refOf(positionAfter(settlement, held.position)),
  }
}

/** Too late to send: the claim is given back, and the call starts again. */
async function giveBack(
  parts: RefresherContext,
  context: RefreshContext,
  held: Held,
): Promise<Output> {
  try {
    await settleIt(parts, context, held, { type: 'unspent' }, parts.settings.claimMs)
    return { type: 'restarted' }
  } catch (error) {
    return { type: 'failed', problem: problemOf(error) }
  }
}

/** A refusal past the token's known lifetime says `expired`; a grant says when that will be. */
function dated(
  { settings: { clock, provider } }: RefresherContext,
  renewed: Tokens,
  presentation: Presentation,
): Presentation {
  const expiresAtMs = refreshExpiryMs(renewed, provider)
  const isPast = expiresAtMs !== undefined && clock.now() >= expiresAtMs
  const reasoned = isPast ? withReason(presentation, 'expired') : presentation
  return withExpiry(reasoned, renewed, provider)
}

/** When the chain was authorized, as far as the ledger knows. */
function authorizedAtOf({ view, position }: Held): number | undefined {
  return view.grants[position.grant]?.row?.set?.authorizedAtMs
}

/** Leaves the AS alone for a while, as a 429 asks. */
function pauseIfAsked({ pauses }: RefresherContext, presentation: Presentation): void {
  if (presentation.outcome === 'granted' || presentation.status !== 429) return
  const { failure, retryAfterMs } = presentation
  if (FAILURES[failure].next === 'wait') pauses.begin(retryAfterMs)
}
