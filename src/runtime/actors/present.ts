import type { PresentOutput } from '../../../machines/types.ts'
import { SLEPT_MS } from '../../core/clock.ts'
import { FAILURES, failedPresentation } from '../../core/failure.ts'
import type { Presentation } from '../../core/failure.ts'
import { Secret } from '../../core/secret.ts'
import { maySend } from '../../ledger/protocol/index.ts'
import { mayPresentAgain } from '../../ledger/settlement.ts'
import type { Prepared } from '../../transport/token-request.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { AWAY_MS, PAUSE_MS } from '../timing.ts'
import { presentedOf } from './claim.ts'
import type { ClaimHandle, RunContext } from './claim.ts'

type PresentResult = Timeless<PresentOutput>

/**
 * Presents the refresh token at the token endpoint, once, and says what came back. Nothing is made
 * of the answer here. Never rejects, and no caller can stop it.
 */
export async function presentToken(
  parts: RefresherContext,
  context: RunContext,
): Promise<PresentResult> {
  const { clock, requestTimeoutMs } = parts.settings
  const { claim, presentations } = context
  const { refreshToken } = context.tokens
  if (claim === undefined || refreshToken === undefined) return BROKEN

  const isFirst = presentations === 0
  const prepared = isFirst ? claim.prepared : await prepareAgain(parts, context, refreshToken)

  // The holder's time counts from before the ledger was asked, on the monotonic clock, so it ends
  // before another process can call the claim overdue.
  const sentAtMs = clock.monotonic()
  const elapsedMs = sentAtMs - claim.askedAt
  const wallMs = clock.now() - claim.askedAtWallMs
  const takenMs = wallMs - elapsedMs > SLEPT_MS ? wallMs : elapsedMs
  const isInTime = maySend(takenMs, claim.view, parts.policy, requestTimeoutMs)
  if (isFirst && !isInTime) return { type: 'overdue' }
  if (prepared === undefined || !isInTime) return isFirst ? BROKEN : MAY_BE_SPENT

  // This line sends the refresh token. It is the one step that cannot be taken back: from here on
  // the token may be spent, whether or not an answer ever comes, and an authorization server that
  // detects reuse revokes the whole grant if the token comes twice (RFC 9700 section 4.14.2).
  //
  // So all of this holds before it, and must keep holding:
  // - The claim row of this token says `claimed`, in our name, and the store has confirmed it. No
  //   other process presents the token while our time runs (P1).
  // - The whole request ends inside that time, also if the server never answers: checked above, on
  //   a clock that no change of the wall clock moves. If the wall clock ran ahead of it, this host
  //   may have slept, so the wall clock counts.
  // - Under this claim nothing was sent before, unless the server is known to accept the token
  //   again for some time, and the whole request fits into what is left of it (P2).
  // - All that can fail without the server has been done: discovery, client authentication, the
  //   check of the ledger's configuration. A failure after this line costs a token.
  //
  // And after it: the chart leaves this state only by what is returned here. No signal of a caller
  // reaches the request, and the answer goes straight to `settle`, which writes it down or hands
  // it over (P3). Never call this in a loop, and never retry it here.
  const presentation = await prepared.present(idTokenOf(claim))

  const endedAtMs = clock.monotonic()
  noteServer(parts, refreshToken, presentation, endedAtMs - sentAtMs)
  return { type: 'sent', sending: { presentation, sentAtMs, endedAtMs } }
}

/** The ID token of the chain, as far as the ledger has one: callers' sets need not hold any. */
export function idTokenOf({ view, position }: ClaimHandle): Secret | undefined {
  const text = view.grants[position.grant]?.row?.set?.idToken
  return text === undefined ? undefined : new Secret(text)
}

/** Returned when the token may already be spent and must not be sent again. */
const MAY_BE_SPENT: PresentResult = { type: 'failed', problem: { code: 'unknown', isFinal: true } }

/** Returned when the chart presents without a claim, which it never does. */
const BROKEN: PresentResult = { type: 'failed', problem: { code: 'internal' } }

/**
 * Prepares another presentation under the same claim.
 *
 * @returns Nothing, if it would not end inside the time for which the server accepts the token.
 */
async function prepareAgain(
  { settings, transport }: RefresherContext,
  context: RunContext,
  refreshToken: Secret,
): Promise<Prepared | undefined> {
  const { clock, provider, requestTimeoutMs } = settings
  const way = await transport.prepare(presentedOf(context, refreshToken))
  const sentAgoMs = clock.monotonic() - (context.firstSentAtMs ?? 0)
  const isOpen = mayPresentAgain(UNKNOWN, provider, sentAgoMs, requestTimeoutMs)
  return way.ready && isOpen ? way : undefined
}

const UNKNOWN = failedPresentation('unknown')

/**
 * Notes what the answer says of the AS itself, for all grants of this client: it asks to wait, it
 * does not answer, or it answers.
 */
function noteServer(
  { pauses, emit, settings: { requestTimeoutMs } }: RefresherContext,
  { fingerprint: token }: Secret,
  presentation: Presentation,
  tookMs: number,
): void {
  if (presentation.outcome === 'granted') return pauses.answered()
  const { failure, status, retryAfterMs } = presentation
  const isAsked = status !== undefined && FAILURES[failure].next === 'wait'
  // A process that slept over its deadline has learnt nothing of the AS.
  const isSilent = tookMs >= requestTimeoutMs && tookMs < 2 * requestTimeoutMs
  const isAway = status === undefined && (failure === 'deferred' || isSilent)
  if (isAsked && (status === 429 || retryAfterMs !== undefined)) {
    const pauseMs = pauses.begin('rate_limited', retryAfterMs ?? PAUSE_MS)
    return emit({ type: 'paused', token, code: 'rate_limited', pauseMs, retryAfterMs })
  }
  if (status !== undefined) return pauses.answered()
  if (!isAway) return
  const pauseMs = pauses.begin('unreachable', AWAY_MS)
  emit({ type: 'paused', token, code: 'unreachable', pauseMs, retryAfterMs: undefined })
}
