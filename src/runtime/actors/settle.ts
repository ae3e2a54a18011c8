import type { SettleOutput } from '../../../machines/types.ts'
import { SLEPT_MS, type Clock } from '../../core/clock.ts'
import type { Presentation } from '../../core/failure.ts'
import { authorized, deathOf, refreshExpiryMs } from '../../core/lifetime.ts'
import type { GrantRef, Tokens } from '../../core/tokens.ts'
import { keyIn, settle, wayInMs } from '../../ledger/protocol/index.ts'
import type {
  LedgerView,
  SettleAnswer,
  SettleRequest,
  Settlement,
} from '../../ledger/protocol/index.ts'
import type { Store } from '../../ledger/store.ts'
import {
  afterUnknown,
  isOver,
  isRejection,
  isSpent,
  mayPresentAgain,
  positionAfter,
  received,
  settlementOf,
  successorOf,
  withExpiry,
  withReason,
} from '../../ledger/settlement.ts'
import { fromStored, merge, refreshTokenIn } from '../../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../../ledger/stored-token-set.ts'
import { nameChain, positionIn, settleOutput } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'
import { tell } from '../revoke.ts'
import { backoffMs, LATER_MS, PATIENCE_PART } from '../timing.ts'
import type { ClaimHandle, RunContext } from './claim.ts'
import { idTokenOf } from './present.ts'

type SettleResult = Timeless<SettleOutput>

/**
 * Writes down how a presentation ended, patiently, and hands over a received set although the
 * ledger cannot be written. Never rejects, and no caller can stop it.
 */
export async function settlePresentation(
  parts: RefresherContext,
  context: RunContext,
): Promise<SettleResult> {
  const { claim, sending, presentations, firstSentAtMs = 0 } = context
  if (claim === undefined) return { type: 'failed', problem: { code: 'internal' } }
  if (sending === undefined) return giveBack(parts, context, claim)

  const { settings, emit } = parts
  const { clock, provider, claimMs, requestTimeoutMs } = settings
  const { sentAtMs, endedAtMs } = sending
  const own = authorized(context.tokens, provider, authorizedAtOf(claim), clock.now())
  const idToken = idTokenOf(claim) ?? own.idToken
  const renewed: Tokens = { ...own, ...(idToken !== undefined && { idToken }) }
  const presentation = interpret(parts, renewed, claim, sending.presentation, presentations)
  const moment: Moment = {
    hostNowMs: context.nowMs,
    storeNowMs: claim.view.nowMs + (endedAtMs - claim.askedAt),
  }
  const { audience } = context.demand
  const settlement = settlementOf(presentation, renewed, audience, provider, moment)
  const sentAgoMs = endedAtMs - firstSentAtMs
  const isReplayable = mayPresentAgain(presentation, provider, sentAgoMs, requestTimeoutMs)
  emit({
    type: 'presented',
    token: claim.chain.refreshToken.fingerprint,
    grant: claim.grantName,
    generation: claim.position.generation,
    outcome: presentation.outcome,
    code: presentation.outcome === 'granted' ? undefined : presentation.code,
    status: presentation.outcome === 'granted' ? undefined : presentation.status,
    isSpent: isOver(settlement),
    times: presentations,
    durationMs: endedAtMs - sentAtMs,
  })

  const outputOf = ({ answer, view, ref }: Written): SettleResult => {
    const output = settleOutput(answer, {
      presentation,
      view,
      moment,
      ref,
      isReplayable,
      isSpent: isSpent(settlement),
      wayInMs: wayInMs(view, parts.policy),
      againMs: () => backoffMs(settings.random, presentations - 1),
      backoffMs: () => backoffMs(settings.random, context.attempt),
    })
    nameChain(positionIn(output), claim.position, claim.grantName)
    return withWarning(parts, renewed, output)
  }
  if (isReplayable) return outputOf(await unwritten(parts, claim))
  const isLost = isSpent(settlement) && !isRejection(settlement)
  const patienceMs = isLost ? 0 : (claim.askedAt + claimMs - endedAtMs) / PATIENCE_PART
  try {
    return outputOf(await write(parts, context, claim, settlement, patienceMs))
  } catch (error) {
    // The set may have reached no caller: they left with an access token that was good.
    const bearMs = received(settlement) === undefined ? claimMs : LATER_MS
    const later = write(parts, context, claim, settlement, bearMs)
    void parts.background.add(later).catch(() => {})
    if (isLost) return outputOf(await unwritten(parts, claim))
    const output = await handOverPastLedger(parts, claim, settlement, moment, error)
    return withWarning(parts, renewed, output)
  }
}

/** Nothing was sent, because the claim was overdue: the claim is given back. */
async function giveBack(
  parts: RefresherContext,
  context: RunContext,
  claim: ClaimHandle,
): Promise<SettleResult> {
  try {
    await write(parts, context, claim, { type: 'unspent' }, parts.settings.claimMs)
    return { type: 'restarted' }
  } catch (error) {
    return { type: 'failed', problem: problemOf(error) }
  }
}

/**
 * What an answer means here: the answer to a second presentation proves nothing of the first; a
 * refusal past the token's known lifetime says `expired`; a refusal of a token that the ledger
 * never met says `presented_elsewhere`; a grant says when its refresh token dies.
 */
function interpret(
  { settings: { clock, provider, store } }: RefresherContext,
  renewed: Tokens,
  claim: ClaimHandle,
  presentation: Presentation,
  presentations: number,
): Presentation {
  const known = presentations > 1 ? afterUnknown(presentation) : presentation
  if (known.outcome === 'unknown' && hasSlept(claim, clock)) {
    return { ...known, reason: 'lost_on_wake' }
  }
  const because = deathOf(renewed, provider, clock.now()) ?? whyUnknown(claim, store)
  const reasoned = because === undefined ? known : withReason(known, because)
  return withExpiry(reasoned, renewed, provider)
}

/** Whether the host slept while the token was out: then only its wall clock went on. */
function hasSlept({ askedAt, askedAtWallMs }: ClaimHandle, clock: Clock): boolean {
  return clock.now() - askedAtWallMs - (clock.monotonic() - askedAt) > SLEPT_MS
}

/**
 * Why the ledger knew nothing of the token before this claim, although it should: it has lost the
 * chain, or the set comes from another renewal, or other processes have ledgers of their own.
 */
function whyUnknown(
  { view, chain }: ClaimHandle,
  { isAlone = true }: Store,
): Parameters<typeof withReason>[1] | undefined {
  const code = 'presented_elsewhere'
  if ((chain.name?.generation ?? 0) > 0) {
    const isForgotten = Object.values(view.grants).every(({ version }) => version === 0)
    return isForgotten ? { code, reason: 'store_forgot' } : undefined
  }
  return !isAlone && view.claim?.version === 1 ? { code, reason: 'presented_elsewhere' } : undefined
}

/** When the chain was authorized, as far as the ledger knows. */
function authorizedAtOf({ view, position }: ClaimHandle): number | undefined {
  return view.grants[position.grant]?.row?.set?.authorizedAtMs
}

interface Written {
  readonly answer: SettleAnswer<StoredTokenSet>
  readonly view: LedgerView<StoredTokenSet>
  /** Where a settled set stands, with its proof. */
  readonly ref: GrantRef
}

/** What is known of the rows if nothing is written: what the claim has seen. */
async function unwritten(
  { ledger }: RefresherContext,
  { position, view }: ClaimHandle,
): Promise<Written> {
  const ref = await ledger.refOf(position, undefined, keyIn(view, position))
  return { answer: { type: 'noted' }, view, ref }
}

/** Writes the rows, patiently. A set that was received for an ended chain is revoked at once. */
async function write(
  parts: RefresherContext,
  context: RunContext,
  { claimId, chain, position, grantName, view }: ClaimHandle,
  settlement: Settlement<StoredTokenSet>,
  patienceMs: number,
): Promise<Written> {
  const { settings, ledger, policy } = parts
  const request: SettleRequest<StoredTokenSet> = {
    claimId,
    position,
    isCallersToken: context.isCallersToken,
    hasGrantField: context.hasGrantField,
    isRepeated: context.presentations > 1,
    policy,
    merge: (known, added) => merge(known, added, settings.provider.oldAccessToken),
  }
  const options = { view, patienceMs }
  const rows = { successor: successorOf(settlement), ...chain }
  const settled = await ledger.run(rows, (seen) => settle(request, settlement, seen), options)
  const set = received(settlement)
  if (set !== undefined && settled.answer.type === 'ended') {
    await tell(parts, set, { token: chain.refreshToken.fingerprint, grant: grantName })
    const disposed = { type: 'disposed' } as const
    const signing = { ...options, view: settled.view }
    await ledger.run(chain, (seen) => settle(request, disposed, seen), signing).catch(() => {})
  }
  const { answer, view: seen } = settled
  const settledAt = answer.type === 'noted' ? position : answer.position
  const key = keyIn(seen, position)
  const token = answer.type === 'settled' ? refreshTokenIn(answer.set) : undefined
  return { answer, view: seen, ref: await ledger.refOf(settledAt, token, key) }
}

/**
 * The ledger cannot be written, as far as we know. A set that was received goes to its caller all
 * the same (P3), unless other processes already call the claim overdue: then it only goes to the
 * ledger, as soon as that can be. It is not revoked: a swap whose answer was lost may have taken
 * effect, and every holder may have the set by now (P5). Nor is it handed out if other processes
 * may present the token again as long as no caller uses its successor.
 */
async function handOverPastLedger(
  parts: RefresherContext,
  claim: ClaimHandle,
  settlement: Settlement<StoredTokenSet>,
  moment: Moment,
  error: unknown,
): Promise<SettleResult> {
  const { settings, policy, ledger, emit } = parts
  const problem = problemOf(error)
  const set = received(settlement)
  if (set === undefined) return { type: 'failed', problem }
  if (settlement.type === 'granted' && settlement.withheld !== undefined) {
    return { type: 'failed', problem: { code: settlement.withheld } }
  }
  if (policy.takeOver.type === 'until_successor_used') return { type: 'failed', problem }
  if (settings.clock.monotonic() - claim.askedAt >= settings.claimMs) {
    return { type: 'failed', problem }
  }
  emit({ type: 'handed_over', token: claim.chain.refreshToken.fingerprint })
  // The key that the row has, or will have once the claim is settled.
  const key = keyIn(claim.view, claim.position) ?? claim.claimId
  const position = positionAfter(settlement, claim.position)
  return {
    type: 'granted',
    tokens: fromStored(set, moment),
    position: await ledger.refOf(position, refreshTokenIn(set), key),
  }
}

/** How long before its end a refresh token is said to expire soon, milliseconds: 14 days. */
const SOON_MS = 14 * 24 * 60 * 60 * 1000

/** The part of its lifetime that this is, where it is less. */
const SOON_PART = 1 / 10

/** Two readings of one end may differ by this much: servers tell whole seconds, and answer late. */
const SAME_END_MS = 5_000

/**
 * Tells that the refresh token of a set that is handed out expires soon, and that refreshing did
 * not put it off: the resource owner must authorize again. Told once per refresh, because only the
 * holder that presented comes here.
 */
function withWarning(
  { emit, settings: { clock, provider } }: RefresherContext,
  renewed: Tokens,
  output: SettleResult,
): SettleResult {
  const next = output.type === 'granted' ? output.tokens : undefined
  const end = next?.refreshToken && next.refreshExpiresAtMs
  const before = refreshExpiryMs(renewed, provider)
  const isPutOff = end === undefined || before === undefined || end > before + SAME_END_MS
  const lifetimeMs = (end ?? 0) - (next?.authorizedAtMs ?? -Infinity)
  const soonMs = Math.min(SOON_MS, lifetimeMs * SOON_PART)
  if (isPutOff || end - clock.now() > soonMs) return output
  emit({
    type: 'expires_soon',
    token: renewed.refreshToken?.fingerprint,
    refreshExpiresAtMs: end,
  })
  return output
}
