import { accessFor, standing } from '../../../machines/freshness.ts'
import type { ClaimOutput, Demand, Problem, RefreshContext } from '../../../machines/types.ts'
import { hidden, type Secret } from '../../core/secret.ts'
import { audienceOf, DEFAULT_AUDIENCE } from '../../core/tokens.ts'
import type { ChainTokens } from '../../ledger/keyring.ts'
import { claim, withdraw } from '../../ledger/protocol/index.ts'
import type {
  ClaimAnswer,
  ClaimRequest,
  ChainPosition,
  LedgerView,
} from '../../ledger/protocol/index.ts'
import { isUnavailable } from '../../ledger/store-call.ts'
import { floorLeftMs, fromStored, isYoung, tokensToStored } from '../../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../../ledger/stored-token-set.ts'
import type { Unprepared } from '../../transport/metadata.ts'
import type { Prepared } from '../../transport/token-request.ts'
import type { PresentedTokens } from '../../transport/token-response.ts'
import { claimOutput, endedProblem, nameChain, nameOf, positionIn, refOf } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'
import { bury, randomName } from '../revoke.ts'
import { AWAY_MS, backoffMs, LEDGER_REST_MS, PAUSE_MS } from '../timing.ts'
import { askServer } from './ask.ts'

/** A claim that was won. Its fields are hidden: they hold tokens as text. */
export interface ClaimHandle {
  readonly claimId: string
  readonly chain: ChainTokens
  readonly position: ChainPosition
  /** Fingerprint of the chain. */
  readonly grantName: string | undefined
  readonly view: LedgerView<StoredTokenSet>
  /** Good for the first presentation. Another one prepares anew. */
  readonly prepared: Prepared | undefined
  /** On the monotonic clock, before the ledger was first asked. */
  readonly askedAt: number
  /** The same on the wall clock, which goes on while the host sleeps. */
  readonly askedAtWallMs: number
}

/** The rows to watch while another holder presents. Its fields are hidden. */
export interface WatchHandle {
  readonly chain: ChainTokens
  readonly view: LedgerView<StoredTokenSet>
  readonly position: ChainPosition
}

/** The context of a run, as the actors of the runtime are given it. */
export type RunContext = RefreshContext<ClaimHandle, WatchHandle>

type ClaimResult = Timeless<ClaimOutput<ClaimHandle, WatchHandle>>

/** Asks the ledger for the right to present. Never rejects. */
export async function claimToken(
  parts: RefresherContext,
  context: RunContext,
): Promise<ClaimResult> {
  const { refreshToken } = context.tokens
  if (refreshToken === undefined) return withoutRefreshToken(parts, context)
  try {
    await parts.ledger.ready()
    return await ask(parts, context, refreshToken)
  } catch (error) {
    return { type: 'failed', problem: problemOf(error), retryInMs: LEDGER_REST_MS }
  }
}

/** If the set names no chain, the sign-in brought no refresh token; the provider may say why. */
function withoutRefreshToken(
  { settings: { provider } }: RefresherContext,
  { position }: RunContext,
): ClaimResult {
  const hint = position === undefined ? provider.missingRefreshToken : undefined
  const problem = { code: 'no_refresh_token', ...(hint !== undefined && { hint }) } as const
  return { type: 'failed', problem }
}

async function ask(
  parts: RefresherContext,
  context: RunContext,
  refreshToken: Secret,
): Promise<ClaimResult> {
  const { settings, ledger, emit } = parts
  const { clock, refusedFloorMs } = settings
  const { prepared, blocked, isPaused } = await prepareTransport(parts, context, refreshToken)
  const moment = () => ({ askedAt: clock.monotonic(), askedAtWallMs: clock.now() })
  let asked = moment()
  const name = context.position && nameOf(context.position)
  const chain: ChainTokens = { refreshToken, hasGrantField: context.hasGrantField, name }
  const request: ClaimRequest<StoredTokenSet> = {
    claimId: randomName(parts),
    newGrant: randomName(parts),
    // Read late: what the metadata says is known now.
    policy: parts.policy,
    mayClaim: prepared !== undefined,
    ...(name !== undefined && { name }),
    ...(context.callerGeneration !== undefined && { callerGeneration: context.callerGeneration }),
    ...(context.beganAtMs !== undefined && { beganAtMs: context.beganAtMs }),
    meetsDemand: (set, storeNowMs) =>
      floorLeftMs(set, context.demand, storeNowMs, refusedFloorMs) > 0 ||
      meetsDemand(set, context.demand, { hostNowMs: clock.now(), storeNowMs }),
  }
  const run = (wanted: ClaimRequest<StoredTokenSet>, from?: LedgerView<StoredTokenSet>) =>
    ledger
      .run(chain, (seen) => claim(wanted, seen), { view: from })
      .catch((error: unknown) => {
        const mayComeLate = isUnavailable(error)
        void parts.background.add(release(parts, chain, request, mayComeLate)).catch(() => {})
        throw error
      })
  let { answer, view } = await run(request)
  if (answer.type === 'ask') {
    const { position } = answer
    const grantName = await parts.nameOf(chain, position.grant)
    const said = await askServer(parts, { chain, position, grantName, view })
    if (said.type !== 'good') return said
    asked = moment()
    ;({ answer, view } = await run({ ...request, goodAt: said.goodAt }, view))
  }
  const { position } = answer
  const grantName = await parts.nameOf(chain, position.grant)
  if (answer.type === 'current') {
    const leftMs = floorLeftMs(answer.set, context.demand, view.nowMs, refusedFloorMs)
    if (leftMs > 0)
      return { type: 'failed', problem: { code: 'unusable', hint: TOO_YOUNG }, retryInMs: leftMs }
  }
  report(parts, context, { refreshToken, grantName }, answer, view)
  const ref = await refOf(ledger, context, answer, view)
  const said = claimOutput(answer, {
    ref,
    moment: { hostNowMs: clock.now(), storeNowMs: view.nowMs },
    view,
    claim: () =>
      hidden({ claimId: request.claimId, chain, position, grantName, view, prepared, ...asked }),
    watch: () => hidden({ chain, view, position }),
    blocked,
  })
  const output = said.type === 'busy' && isPaused ? blocked : impatient(said, context)
  nameChain(context.position, position, grantName)
  nameChain(positionIn(output), position, grantName)
  if (position.generation > 0 && view.grants[position.grant]?.version === 0) {
    emit({ type: 'ledger_lost', token: refreshToken.fingerprint })
  }
  return { ...output, ...(view.beganAtMs !== undefined && { beganAtMs: view.beganAtMs }) }
}

function impatient(said: ClaimResult, context: RunContext): ClaimResult {
  if (said.type !== 'deferred' || said.problem.code !== 'paused') return said
  return afterWaiting(context, said.problem, said.retryInMs)
}

const TOO_YOUNG = 'The API refused a token that is seconds old: look at its audience and scope.'

/**
 * Opens a claim that may stand although the store never said so. A holder that does not present
 * gives its claim back, or a store's trouble would cost a token.
 */
async function release(
  { ledger, settings }: RefresherContext,
  chain: ChainTokens,
  { claimId, name: said, newGrant }: ClaimRequest<StoredTokenSet>,
  mayComeLate: boolean,
): Promise<void> {
  const patienceMs = settings.claimMs
  const name = said ? { proof: '', ...said } : { grant: newGrant, generation: 0 }
  let seenAt: number | undefined
  const next = (seen: LedgerView<StoredTokenSet>): ReturnType<typeof withdraw<StoredTokenSet>> => {
    seenAt ??= seen.claim?.version
    return withdraw({ claimId, name, mayComeLate, seenAt }, seen)
  }
  await ledger.run(chain, next, { patienceMs })
}

/** What can send, or why nothing may be sent now: then the ledger is only looked at. */
interface Preparation {
  readonly prepared?: Prepared
  readonly isPaused?: boolean
  readonly blocked: ClaimResult
}

const UNBLOCKED: ClaimResult = { type: 'failed', problem: { code: 'internal' } }

/** Does all that can fail before a token is claimed: discovery, client authentication. */
async function prepareTransport(
  parts: RefresherContext,
  context: RunContext,
  refreshToken: Secret,
): Promise<Preparation> {
  const { background, pauses, transport } = parts
  if (background.isDraining) return { blocked: { type: 'failed', problem: { code: 'draining' } } }
  const pause = pauses.running()
  // A run that has waited for its turn tries an AS that did not answer: it finds out for all.
  if (pause !== undefined && !(isWaiting(context) && pause.code === 'unreachable')) {
    return { blocked: afterWaiting(context, { code: pause.code }, pause.leftMs), isPaused: true }
  }
  const prepared = await transport.prepare(presentedOf(context, refreshToken))
  if (prepared.ready) return { prepared, blocked: UNBLOCKED }
  const { code, retryAfterMs } = prepared
  if (code === 'unreachable' || code === 'rate_limited') {
    const waitMs = code === 'unreachable' ? AWAY_MS : (retryAfterMs ?? PAUSE_MS)
    const pauseMs = pauses.begin(code, waitMs)
    parts.emit({ type: 'paused', token: refreshToken.fingerprint, code, pauseMs, retryAfterMs })
  }
  return { blocked: unpreparedOutput(prepared, backoffMs(parts.settings.random, context.attempt)) }
}

/** Whether this run has waited before: it was the one that found out, or followed a holder. */
const isWaiting = ({ elapsedMs }: RunContext): boolean => elapsedMs > 0

/** A run that did not find out itself does not wait: a page would wait for the sum. */
function afterWaiting(context: RunContext, problem: Problem, retryInMs: number): ClaimResult {
  return { type: isWaiting(context) ? 'deferred' : 'failed', problem, retryInMs }
}

function unpreparedOutput(unprepared: Unprepared, waitMs: number): ClaimResult {
  const { ready: _, retryAfterMs = 0, ...problem } = unprepared
  switch (unprepared.code) {
    case 'misconfigured':
    case 'no_revocation_endpoint':
      return { type: 'failed', problem }
    case 'unreachable':
      return { type: 'deferred', problem, retryInMs: waitMs }
    case 'rate_limited':
      return { type: 'deferred', problem, retryInMs: Math.max(waitMs, retryAfterMs) }
  }
}

/** The refresh token of a run, with what its answer is compared to. */
export function presentedOf({ tokens, demand }: RunContext, refreshToken: Secret): PresentedTokens {
  const held = tokens.access.get(demand.audience) ?? tokens.access.get(DEFAULT_AUDIENCE)
  return {
    refreshToken,
    audience: audienceOf(demand.audience),
    idToken: tokens.idToken,
    tokenType: held?.tokenType,
    accessToken: accessFor(tokens, demand)?.token,
  }
}

/** Tells what the ledger said, and revokes what an ended chain has left alive. */
function report(
  parts: RefresherContext,
  context: RunContext,
  { refreshToken, grantName }: { readonly refreshToken: Secret } & Pick<ClaimHandle, 'grantName'>,
  answer: ClaimAnswer<StoredTokenSet>,
  view: LedgerView<StoredTokenSet>,
): void {
  const { emit, background, settings } = parts
  const about = { token: refreshToken.fingerprint, grant: grantName }
  const { generation } = answer.position
  const said = context.position?.secret.expose()
  if (said !== undefined && said !== answer.position.grant) {
    emit({ type: 'grant_ignored', ...about })
  }
  switch (answer.type) {
    case 'won':
      return emit({ type: 'claimed', ...about, generation })
    case 'adopted':
    case 'current':
      return emit({ type: 'served', ...about, generation })
    case 'ended': {
      if (answer.isEndedHere) {
        const { code: _, ...evidence } = endedProblem(answer, view)
        emit({ type: 'reuse_detected', ...about, ...evidence })
      }
      const own = answer.isOrphaned ? tokensToStored(context.tokens, view.nowMs) : undefined
      const left = own ?? (answer.isEndedHere ? answer.set : undefined)
      if (left === undefined) return
      const buried = bury(parts, left, answer.position, settings.waitMs, about)
      void background.add(buried).catch(() => {
        emit({ type: 'tokens_revoked', ...about, revoked: false })
      })
      return
    }
    default:
    // The other answers are told by no event of their own: nothing was claimed or served.
  }
}

/**
 * Whether the newest set of the ledger is what a caller needs, so that nothing is renewed: it is
 * fresh; or it is another than the one that was refused; or it is too young to be renewed.
 */
export function meetsDemand(set: StoredTokenSet, demand: Demand, moment: Moment): boolean {
  const tokens = fromStored(set, moment)
  if (accessFor(tokens, demand) === undefined) return false
  switch (standing(tokens, moment.hostNowMs, demand)) {
    case 'fresh':
      return true
    case 'dead':
      return false
    case 'expiring': {
      if (demand.refused !== undefined) return true
      const kept = set.access.find(([audience]) => audience === demand.audience)
      return kept !== undefined && isYoung(kept[1], moment.storeNowMs)
    }
  }
}
