import { accessFor, standing } from '../../machines/freshness.ts'
import type { Problem, RefreshContext } from '../../machines/types.ts'
import { plainOf } from '../core/entity.ts'
import { classify, refreshAheadMs } from '../core/freshness.ts'
import { formatGrant, tokenSetOf } from '../core/tokens.ts'
import {
  isFinalCode,
  isRefreshError,
  isSilentCode,
  reasonOf,
  RefreshError,
} from '../core/errors.ts'
import type { Reason } from '../core/errors.ts'
import type { Outcome, OutcomeState } from '../core/outcome.ts'
import type { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { Tokens } from '../core/tokens.ts'
import type { RefresherContext } from './context.ts'
import type { RefreshOptions, Settings } from './options.ts'

/** How a run ended: the chart's state, and its data. */
export interface End {
  readonly state: OutcomeState
  /** Whether the chain has ended: no caller is handed a token of it any more. */
  readonly isEnded: boolean
  /** The tokens that the run began with. */
  readonly first: Tokens
  readonly context: RefreshContext
}

/** What the maker of outcomes is told. Without an access token there is an error. */
type Details =
  | {
      readonly accessToken: string
      readonly changed?: boolean
      readonly needsSignIn?: boolean
      readonly canSignInSilently?: boolean
      readonly error?: RefreshError | undefined
    }
  | {
      readonly accessToken?: undefined
      readonly changed?: boolean
      readonly needsSignIn?: boolean
      readonly canSignInSilently?: boolean
      readonly error: RefreshError
    }

/** Makes every outcome. Each has the same fields in the same order, which V8 likes. */
function outcome<T extends TokenSet>(state: OutcomeState, tokens: T, details: Details): Outcome<T> {
  const { accessToken, changed = false, needsSignIn = false, error } = details
  const { canSignInSilently = false } = details
  const usable = accessToken !== undefined
  return Object.freeze({
    state,
    tokens,
    accessToken,
    changed,
    usable,
    needsSignIn,
    canSignInSilently,
    error,
  }) as Outcome<T>
}

/**
 * What a run means for a caller who came with these tokens.
 *
 * @param canSignInSilently Whether the AS knows `prompt=none`.
 */
export function outcomeOf<T extends TokenSet>(
  { state, isEnded, first, context }: End,
  base: T,
  provider: string,
  canSignInSilently = false,
): Outcome<T> {
  const { demand, nowMs, retryInMs } = context
  const next = isEnded ? base : renewed(base, first, context, provider)
  const changed = next !== base && isOther(next, base)
  const isUsable = !isEnded && standing(context.tokens, nowMs, demand) !== 'dead'
  const access = isUsable ? accessFor(context.tokens, demand) : undefined
  const retryAtMs = retryInMs === undefined ? undefined : Math.ceil(nowMs + retryInMs)
  const tokens = changed ? next : base
  const { problem } = context
  if (access === undefined) {
    const error = errorOf(problem ?? UNUSABLE, provider, retryAtMs)
    const needsSignIn = isEnded || isFinal(problem ?? UNUSABLE)
    const isSilent = needsSignIn && canSignInSilently && isSilentCode(error.code)
    return outcome(state, tokens, {
      changed,
      needsSignIn,
      canSignInSilently: isSilent,
      error,
    })
  }
  const error = problem && errorOf(problem, provider, retryAtMs)
  return outcome(state, tokens, { accessToken: access.token.expose(), changed, error })
}

/** An outcome without access token always has an error. */
const UNUSABLE: Problem = { code: 'unusable' }

/** The caller's set with what the run learnt. If the tokens are equal, that may be their chain. */
function renewed<T extends TokenSet>(
  base: T,
  first: Tokens,
  { tokens, position }: RefreshContext,
  provider: string,
): T {
  if (tokens !== first) return tokenSetOf(tokens, position, base, provider)
  return position === undefined ? base : { ...plainOf(base), grant: formatGrant(position) }
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

/** Two readings of one expiry may differ by this much: the ledger counts by the store's clock. */
const SAME_EXPIRY_MS = 1_000

function isOther(next: TokenSet, base: TokenSet): boolean {
  if (FIELDS.some((field) => next[field] !== (base[field] ?? undefined))) return true
  const [now, before] = [next.expiresAtMs ?? Infinity, base.expiresAtMs ?? Infinity]
  return now !== before && !(Math.abs(now - before) < SAME_EXPIRY_MS)
}

/** A fresh set as it is. @param error What kept the ledger from being asked. */
export function freshOutcome<T extends TokenSet>(tokens: T, error?: RefreshError): Outcome<T> {
  return outcome('fresh', tokens, { accessToken: tokens.accessToken, error })
}

/** An access token that is good while its successor is on its way. */
export function servedOutcome<T extends TokenSet>(tokens: T, accessToken: string): Outcome<T> {
  return outcome('expiring', tokens, { accessToken })
}

/** A fresh access token of a chain that has ended in the ledger: it is not handed out. */
export function revokedOutcome<T extends TokenSet>(tokens: T, error: RefreshError): Outcome<T> {
  return outcome('revoked', tokens, { needsSignIn: true, error })
}

/** A failure outside of a run. The tokens stay as they are. */
export function failedOutcome<T extends TokenSet>(
  tokens: T,
  problem: Problem,
  provider: string,
  accessToken?: string,
  retryAtMs?: number,
): Outcome<T> {
  const error = errorOf(problem, provider, retryAtMs)
  return accessToken === undefined
    ? outcome('error', tokens, { needsSignIn: isFinal(problem), error })
    : outcome('error', tokens, { accessToken, error })
}

/** What a set looks like before the first run of its keeper. */
export function unaskedOutcome<T extends TokenSet>(
  tokens: T,
  nowMs: number,
  { provider, refreshAheadMs: configuredMs }: Pick<Settings, 'provider' | 'refreshAheadMs'>,
): Outcome<T> {
  const { expiresAtMs, obtainedAtMs, accessToken } = tokens
  const aheadMs = refreshAheadMs(expiresAtMs, obtainedAtMs, accessToken, configuredMs)
  switch (classify(tokens, nowMs, { aheadMs })) {
    case 'fresh':
      return outcome('fresh', tokens, { accessToken })
    case 'expiring':
      return outcome('expiring', tokens, { accessToken })
    case 'dead':
      return outcome('expiring', tokens, { error: errorOf(UNUSABLE, provider.id, undefined) })
  }
}

/**
 * The access token of a set if it is the one that the call asks for and it has not expired: it is
 * served to a caller whose refresh could not run.
 */
export function stillGood(
  tokens: TokenSet,
  { resource, organization, refused }: RefreshOptions,
  nowMs: number,
): string | undefined {
  const { accessToken } = tokens
  const isRefused = refused === true || refused === accessToken
  if (resource !== undefined || organization !== undefined || isRefused) return undefined
  return classify(tokens, nowMs, { aheadMs: 0 }) === 'dead' ? undefined : accessToken
}

function isFinal({ code, isFinal: said }: Problem): boolean {
  return said ?? isFinalCode(code)
}

/** The problem that something thrown stands for. An error that is not ours is a bug: `internal`. */
export function problemOf(error: unknown): Problem {
  if (!isRefreshError(error)) return { code: 'internal' }
  const { code, store, field, hint } = error
  return {
    code,
    ...(store !== undefined && { store }),
    ...(field !== undefined && { field }),
    ...(hint !== undefined && { hint }),
  }
}

export function errorOf(
  problem: Problem,
  provider: string,
  retryAtMs: number | undefined,
): RefreshError {
  const { code, isFinal: _, ...details } = problem
  return new RefreshError(code, { ...details, reason: reasonIn(problem), provider, retryAtMs })
}

/** Why the user has to sign in again. `undefined`: the user need not. */
export function reasonIn(problem: Problem): Reason | undefined {
  return isFinal(problem) ? (problem.reason ?? reasonOf(problem.code)) : undefined
}

/** The facts of a run that only its event tells. */
export interface Ended {
  /** The refresh token that the run began with. */
  readonly refreshToken: Secret | undefined
  /** How many callers of this process shared it. */
  readonly callers: number
  readonly durationMs: number
}

/** Emits `ended`, with the chain if the run has learnt it. */
export async function tellEnd(
  context: RefresherContext,
  { state, context: { position, problem } }: Pick<End, 'state' | 'context'>,
  { refreshToken, callers, durationMs }: Ended,
): Promise<void> {
  const isNamed = refreshToken !== undefined && position !== undefined
  const grant = isNamed
    ? await context.nameOf({ refreshToken }, position.secret.expose())
    : undefined
  const token = refreshToken?.fingerprint
  const { code, hint } = problem ?? {}
  const reason = problem && reasonIn(problem)
  context.emit({ type: 'ended', token, grant, state, code, reason, hint, callers, durationMs })
}
