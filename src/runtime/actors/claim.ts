import type { ClaimOutput, Demand, Problem, RefreshContext } from '../../../machines/types.ts'
import type { Secret } from '../../core/secret.ts'
import { fromStored, isYoung, tokensToStored } from '../../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../../ledger/stored-token-set.ts'
import type { ChainTokens } from '../../ledger/keyring.ts'
import { claim, withdraw } from '../../ledger/protocol/index.ts'
import type {
  ClaimAnswer,
  ClaimRequest,
  ChainPosition,
  LedgerView,
} from '../../ledger/protocol/index.ts'
import { isUnavailable } from '../../ledger/store-call.ts'
import type { Prepared } from '../../transport/token-request.ts'
import type { PresentedTokens } from '../../transport/token-response.ts'
import { audienceOf } from '../../core/tokens.ts'
import type { Unprepared } from '../../transport/metadata.ts'
import { bury, randomName } from '../revoke.ts'
import { Opaque } from '../opaque.ts'
import { claimOutput, nameChain, placeOf } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'
import { accessFor, standing } from '../../../machines/freshness.ts'
import type { Freshness } from '../../core/freshness.ts'
import { BACKOFF_MS, LEDGER_REST_MS } from '../timing.ts'

/** A claim that was won: everything the presentation needs. */
export interface Held {
  readonly claimId: string
  readonly chain: ChainTokens
  readonly position: ChainPosition
  /** Fingerprint of the chain. */
  readonly grantName: string | undefined
  readonly view: LedgerView<StoredTokenSet>
  /** Good for the first presentation; another one prepares anew. */
  readonly prepared: Prepared
  /** On the monotonic clock, before the ledger was first asked. */
  readonly askedAt: number
  /** Shared by all presentations under this claim: the chart presents again with the same one. */
  readonly sent: Sent
}

/** What was sent under one claim. */
export interface Sent {
  /** On the monotonic clock. Absent: nothing was. */
  firstAt?: number
  times: number
}

/** What to watch while another holder presents. */
export interface Watched {
  readonly chain: ChainTokens
  readonly view: LedgerView<StoredTokenSet>
  readonly position: ChainPosition
}

type Output = Timeless<ClaimOutput>

/** Asks the ledger for the right to present; never rejects. */
export async function claimToken(
  parts: RefresherContext,
  context: RefreshContext,
): Promise<Output> {
  const { refreshToken } = context.tokens
  if (refreshToken === undefined) return withoutRefreshToken(parts, context)
  try {
    await parts.ledger.ready()
    return await ask(parts, context, refreshToken)
  } catch (error) {
    return { type: 'failed', problem: problemOf(error), retryInMs: LEDGER_REST_MS }
  }
}

/** Of a set that names no chain the sign-in is to blame, and the description may know why. */
function withoutRefreshToken(
  { settings: { provider } }: RefresherContext,
  { place }: RefreshContext,
): Output {
  const hint = place === undefined ? provider.missingRefreshToken : undefined
  const problem = { code: 'no_refresh_token', ...(hint !== undefined && { hint }) } as const
  return { type: 'failed', problem }
}

async function ask(
  parts: RefresherContext,
  context: RefreshContext,
  refreshToken: Secret,
): Promise<Output> {
  const { settings, ledger, policy, emit } = parts
  const { clock } = settings
  const way = await wayOut(parts, context)
  const askedAt = clock.monotonic()
  const claimId = randomName(parts)
  const chain: ChainTokens = { refreshToken, hasGrantField: context.carried }
  const request: ClaimRequest<StoredTokenSet> = {
    claimId,
    newGrant: context.place?.secret.expose() ?? randomName(parts),
    policy,
    mayClaim: way.prepared !== undefined,
    ...(context.place !== undefined && { namedPosition: placeOf(context.place) }),
    ...(context.came !== undefined && { callerGeneration: context.came }),
    ...(context.beganAtMs !== undefined && { beganAtMs: context.beganAtMs }),
    meetsDemand: (set, storeNowMs) =>
      isSatisfied(set, context.demand, { hostNowMs: clock.now(), storeNowMs }),
  }
  const { answer, view } = await ledger
    .run(chain, (seen) => claim(request, seen))
    .catch((error: unknown) => {
      const mayComeLate = isUnavailable(error)
      void parts.background.add(release(parts, chain, request, mayComeLate)).catch(() => {})
      throw error
    })
  const { position } = answer
  const grantName = await parts.nameOf(chain, position.grant)
  report(parts, context, { refreshToken, grantName }, answer, view)
  const sent = { times: 0 }
  const held = { claimId, chain, position, grantName, view, prepared: way.prepared, askedAt, sent }
  const output = claimOutput(answer, {
    moment: { hostNowMs: clock.now(), storeNowMs: view.nowMs },
    claim: new Opaque(held),
    watch: new Opaque<Watched>({ chain, view, position }),
    blocked: way.blocked,
  })
  nameChain(context.place, position, grantName)
  nameChain('place' in output ? output.place : undefined, position, grantName)
  if (position.generation > 0 && view.grants[position.grant]?.version === 0) {
    emit({ type: 'ledger_lost', token: refreshToken.fingerprint })
  }
  return { ...output, ...(view.beganAtMs !== undefined && { beganAtMs: view.beganAtMs }) }
}

/**
 * Opens a claim that may stand although the store never said so. Whoever does not present gives the
 * claim back, or a store's trouble would cost a token.
 */
async function release(
  { ledger, settings }: RefresherContext,
  chain: ChainTokens,
  { claimId, namedPosition, newGrant }: ClaimRequest<StoredTokenSet>,
  mayComeLate: boolean,
): Promise<void> {
  const patienceMs = settings.claimMs
  const position = namedPosition ?? { grant: newGrant, generation: 0 }
  let seenAt: number | undefined
  const next = (seen: LedgerView<StoredTokenSet>): ReturnType<typeof withdraw<StoredTokenSet>> => {
    seenAt ??= seen.claim?.version
    return withdraw({ claimId, position, mayComeLate, seenAt }, seen)
  }
  await ledger.run(chain, next, { patienceMs })
}

/** The way to the AS, or why there is none now: then the ledger is only looked at. */
type Way =
  | { readonly prepared: Prepared; readonly blocked: Output }
  | { readonly prepared?: undefined; readonly blocked: Output }

async function wayOut(parts: RefresherContext, context: RefreshContext): Promise<Way> {
  const pausedMs = parts.pauses.left()
  if (parts.background.isDraining) return { blocked: failed('draining') }
  if (pausedMs > 0) return { blocked: deferred('rate_limited', pausedMs) }
  const way = await parts.transport.prepare(presentedOf(context))
  if (way.ready) return { prepared: way, blocked: failed('internal') }
  if (way.code === 'rate_limited') parts.pauses.begin(way.retryAfterMs)
  return { blocked: UNPREPARED[way.code](way, backoffMs(parts, context)) }
}

const UNPREPARED: {
  readonly [C in Unprepared['code']]: (way: Unprepared, backoffMs: number) => Output
} = {
  unreachable: (way, ms) => ({ type: 'deferred', problem: troubleOf(way), retryInMs: ms }),
  rate_limited: (way, ms) => ({
    type: 'deferred',
    problem: troubleOf(way),
    retryInMs: Math.max(ms, way.retryAfterMs ?? 0),
  }),
  misconfigured: (way) => ({ type: 'failed', problem: troubleOf(way) }),
}

function troubleOf(way: Unprepared): Problem {
  const { ready: _, retryAfterMs: __, ...trouble } = way
  return trouble
}

const failed = (code: 'draining' | 'internal'): Output => ({ type: 'failed', problem: { code } })
const deferred = (code: 'rate_limited', retryInMs: number): Output => ({
  type: 'deferred',
  problem: { code },
  retryInMs,
})

/** The refresh token of a run, with what its answer is compared to. */
export function presentedOf({ tokens, demand }: RefreshContext): PresentedTokens {
  return {
    refreshToken: tokens.refreshToken!,
    audience: audienceOf(demand.audience),
    idToken: tokens.idToken,
    accessToken: accessFor(tokens, demand)?.token,
  }
}

export function backoffMs(
  { settings }: RefresherContext,
  { attempt }: { readonly attempt: number },
): number {
  return BACKOFF_MS * 2 ** attempt * (0.5 + settings.random.fraction() / 2)
}

/** Tells what the ledger said, and buries what an ended chain left alive. */
function report(
  parts: RefresherContext,
  context: RefreshContext,
  { refreshToken, grantName }: { readonly refreshToken: Secret } & Pick<Held, 'grantName'>,
  answer: ClaimAnswer<StoredTokenSet>,
  view: LedgerView<StoredTokenSet>,
): void {
  const { emit, background, settings } = parts
  const token = refreshToken.fingerprint
  const chained = { token, grant: grantName }
  const standing = { ...chained, generation: answer.position.generation }
  const served = (): void => emit({ type: 'served', ...standing })
  const tales: { readonly [T in ClaimAnswer<StoredTokenSet>['type']]?: () => void } = {
    won: () => emit({ type: 'claimed', ...standing }),
    adopted: served,
    current: served,
  }
  tales[answer.type]?.()
  if (!('isEndedHere' in answer)) return
  if (answer.isEndedHere) emit({ type: 'reuse_detected', ...chained })
  const left = answer.isOrphaned
    ? tokensToStored(context.tokens, view.nowMs)
    : answer.isEndedHere && answer.set
  if (typeof left !== 'object') return
  const buried = bury(parts, left, answer.position, settings.waitMs, chained)
  void background.add(buried).catch(() => {
    emit({ type: 'tokens_revoked', ...chained, revoked: false })
  })
}

/**
 * Whether the newest set of the ledger is what a caller needs, so that nothing is renewed: it is
 * fresh; or it is another than the one that was refused; or it is too young to be renewed.
 */
export function isSatisfied(set: StoredTokenSet, demand: Demand, moment: Moment): boolean {
  const tokens = fromStored(set, moment)
  if (accessFor(tokens, demand) === undefined) return false
  return SATISFIES[standing(tokens, moment.hostNowMs, demand)](set, demand, moment)
}

const SATISFIES: Readonly<Record<Freshness, typeof isSatisfied>> = {
  fresh: () => true,
  expiring(set, demand, { storeNowMs }) {
    if (demand.refused !== undefined) return true
    const kept = set.access.find(([audience]) => audience === demand.audience)
    return kept !== undefined && isYoung(kept[1], storeNowMs)
  },
  dead: () => false,
}
