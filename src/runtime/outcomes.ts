import { accessFor, standing } from '../../machines/freshness.ts'
import type { Problem, RefreshContext } from '../../machines/types.ts'
import { classify, refreshAheadMs } from '../core/freshness.ts'
import type { Standing } from '../core/freshness.ts'
import { formatGrant, tokenSetOf } from '../core/tokens.ts'
import type { Outcome, OutcomeState } from '../core/outcome.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { Tokens } from '../core/tokens.ts'
import { errorOf, isFinal } from './problems.ts'
import type { RefreshOptions } from './refresher.ts'

/** How a run ended: the chart's state, and its data. */
export interface End {
  readonly state: OutcomeState
  /** Whether the chain has ended: nobody is handed a token any more. */
  readonly isEnded: boolean
  /** The tokens that the run began with. */
  readonly first: Tokens
  readonly context: RefreshContext
}

const FIELDS = [
  'accessToken',
  'refreshToken',
  'refreshExpiresAtMs',
  'authorizedAtMs',
  'idToken',
  'scope',
  'grant',
] as const satisfies readonly (keyof TokenSet)[]

/** Whoever is handed no access token is told why. */
const UNUSABLE: Problem = { code: 'unusable' }

/** Whether an access token may still be handed out. */
const SERVES: Readonly<Record<Standing, boolean>> = { fresh: true, expiring: true, dead: false }

/** What a run means for a caller who came with these tokens. */
export function outcomeOf<T extends TokenSet>(
  { state, isEnded, first, context }: End,
  base: T,
  provider: string,
): Outcome<T> {
  const { demand, nowMs, retryInMs } = context
  const next = isEnded ? base : renewed(base, first, context, provider)
  const changed = next !== base && isOther(next, base)
  const isUsable = !isEnded && SERVES[standing(context.tokens, nowMs, demand)]
  const access = isUsable ? accessFor(context.tokens, demand) : undefined
  const problem = context.problem ?? (access === undefined ? UNUSABLE : undefined)
  const retryAtMs = retryInMs === undefined ? undefined : nowMs + retryInMs
  return Object.freeze({
    state,
    tokens: changed ? next : base,
    accessToken: access?.token.expose(),
    changed,
    usable: access !== undefined,
    signIn: problem !== undefined && (isEnded || (access === undefined && isFinal(problem))),
    error: problem && errorOf(problem, provider, retryAtMs),
  })
}

/** The caller's set with what the run learnt. Without another set, it may be its chain. */
function renewed<T extends TokenSet>(
  base: T,
  first: Tokens,
  { tokens, place }: RefreshContext,
  provider: string,
): T {
  if (tokens !== first) return tokenSetOf(tokens, place, base, provider)
  return place === undefined ? base : { ...base, grant: formatGrant(place) }
}

/** Two readings of one expiry may differ by this much: the ledger counts by the store's clock. */
const SAME_EXPIRY_MS = 1_000

function isOther(next: TokenSet, base: TokenSet): boolean {
  if (FIELDS.some((field) => next[field] !== (base[field] ?? undefined))) return true
  const [now, before] = [next.expiresAtMs ?? Infinity, base.expiresAtMs ?? Infinity]
  return now !== before && !(Math.abs(now - before) < SAME_EXPIRY_MS)
}

/** An outcome without a run: the tokens stay as they are. */
export function failedOutcome<T extends TokenSet>(
  tokens: T,
  problem: Problem,
  provider: string,
  accessToken?: string,
): Outcome<T> {
  return Object.freeze({
    state: 'error' as const,
    tokens,
    accessToken,
    changed: false,
    usable: accessToken !== undefined,
    signIn: accessToken === undefined && isFinal(problem),
    error: errorOf(problem, provider, undefined),
  })
}

/**
 * The access token of a set, where it is what is asked for and has not expired: served to whoever
 * cannot be told more.
 */
export function stillGood(
  tokens: TokenSet,
  { resource, organization, force }: RefreshOptions,
  nowMs: number,
): string | undefined {
  const { accessToken } = tokens
  const isRefused = force === true || force === accessToken
  if (resource !== undefined || organization !== undefined || isRefused) return undefined
  return SERVES[classify(tokens, nowMs, { aheadMs: 0 })] ? accessToken : undefined
}

/** What a set looks like before anybody was asked. */
export function unaskedOutcome<T extends TokenSet>(
  tokens: T,
  nowMs: number,
  configuredMs: number | undefined,
): Outcome<T> {
  const { expiresAtMs, obtainedAtMs, accessToken } = tokens
  const aheadMs = refreshAheadMs(expiresAtMs, obtainedAtMs, accessToken, configuredMs)
  const stands = classify(tokens, nowMs, { aheadMs })
  const usable = SERVES[stands]
  return Object.freeze({
    state: UNASKED[stands],
    tokens,
    accessToken: usable ? accessToken : undefined,
    changed: false,
    usable,
    signIn: false,
    error: undefined,
  })
}

const UNASKED: Readonly<Record<Standing, OutcomeState>> = {
  fresh: 'fresh',
  expiring: 'expiring',
  dead: 'expiring',
}
