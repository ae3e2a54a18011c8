import type { Demand, RefreshInput } from '../../machines/types.ts'
import { audienceKey, tokensOf } from '../core/tokens.ts'
import type { Clock } from '../core/clock.ts'
import { checkSendable, grantOf } from '../core/check-token-set.ts'
import type { RefreshError } from '../core/errors.ts'
import { isWorkerd } from '../core/host.ts'
import type { KeepOptions, Keeper, Outcome, RevokeOutcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import { isRecord, ownField } from '../core/text.ts'
import type { TokenSet } from '../core/token-set.ts'
import { quietly } from '../core/user-code.ts'
import { contextOf } from './context.ts'
import { coalesce } from './coalesce.ts'
import type { Watched } from './inspect/watch.ts'
import { keepFresh } from './keep.ts'
import { machineOf, run } from './machine.ts'
import {
  errorOf,
  failedOutcome,
  freshOutcome,
  outcomeOf,
  problemOf,
  reasonIn,
  revokedOutcome,
  servedOutcome,
  stillGood,
  tellEnd,
} from './outcome.ts'
import type { End } from './outcome.ts'
import type { EngineOptions, RefresherContext } from './context.ts'
import type { RefreshOptions } from './options.ts'
import { revokeChain } from './revoke.ts'
import { ADOPTIONS_MAX, GOOD_WAIT_MS, RECHECK_MS } from './timing.ts'
import { checkGrant } from '../ledger/protocol/index.ts'
import type { GrantCheck, LedgerView } from '../ledger/protocol/index.ts'
import type { StoredTokenSet } from '../ledger/stored-token-set.ts'
import { endedProblem, nameOf } from './outputs.ts'

/**
 * All of a refresher that a fresh set does not need: chart, ledger and transport. Loaded when there
 * is something to renew.
 */
export interface Engine {
  readonly context: RefresherContext
  /** For a checked set that is not fresh. Never rejects. */
  renew<T extends TokenSet>(tokens: T, asked: RefreshOptions): Promise<Outcome<T>>
  /** For a set that makes no sense: tells the observer, as the application has to be mended. */
  refuse<T extends TokenSet>(tokens: T, error: unknown): Outcome<T>
  /** For a checked set that is fresh: whether its chain still stands. Never rejects. */
  verify<T extends TokenSet>(tokens: T, asked: RefreshOptions): Promise<Outcome<T>>
  revoke(tokens: TokenSet): Promise<RevokeOutcome>
  keep<T extends TokenSet>(tokens: T, options: KeepOptions<T>): Keeper<T>
}

export function createEngine(options: EngineOptions): Engine {
  const context = contextOf(options)
  const { settings, background, flights, watch } = context
  const { clock, provider, refreshAheadMs: aheadMs } = settings
  const machine = machineOf(context)

  function inputOf(tokens: TokenSet, demand: Demand): RefreshInput {
    return {
      demand,
      budgetMs: settings.waitMs,
      maxAdoptions: ADOPTIONS_MAX,
      recheckMs: RECHECK_MS,
      tokens: tokensOf(tokens),
      position: grantOf(tokens),
      nowMs: clock.now(),
    }
  }

  function demandOf(
    tokens: TokenSet,
    { refused: said, minValidMs, ...audience }: RefreshOptions,
  ): Demand {
    const refused = said === true ? tokens.accessToken : said
    return {
      audience: audienceKey(audience),
      aheadMs,
      minValidMs,
      ...(refused !== undefined && { refused: new Secret(refused) }),
    }
  }

  /**
   * One run, shared by all callers of this process who hold the same set and want the same. All
   * that names the set counts: what a run ends with may be what its first caller came with (S6).
   */
  function shared(tokens: TokenSet, demand: Demand): Promise<End> {
    const { audience, refused, minValidMs } = demand
    const { refreshToken, accessToken, expiresAtMs, grant } = tokens
    const held = [accessToken, expiresAtMs, grant]
    // A run that waits for an AS is not joined once this process knows that the AS is away.
    const pause = context.pauses.running()?.code
    const about = [context.id, ...held, audience, refused?.expose(), minValidMs, pause]
    let watched: Watched | undefined
    let isJoined = true
    let onHeard = (): void => {}
    const heard = new Promise<void>((resolve) => (onHeard = resolve))
    const flight = coalesce(flights, refreshToken ?? '', about, (shared) => {
      isJoined = false
      const input = inputOf(tokens, demand)
      watched = watch?.run('per-call', input)
      const startedAt = clock.monotonic()
      const work = run(machine, clock, input, watched, onHeard)
      return background.add(
        work.then(async (end) => {
          const { refreshToken } = input.tokens
          const durationMs = clock.monotonic() - startedAt
          await tellEnd(context, end, { refreshToken, callers: shared.callers, durationMs })
          return end
        }),
      )
    })
    if (isJoined) watch?.joined(flight)
    else watch?.flies(flight, watched)
    if (!isJoined) ledgerHeard.set(flight, heard)
    return flight
  }

  /** Tells of a call that ended before a run began. */
  function tellRefused({ code, hint }: Pick<RefreshError, 'code' | 'hint'>): void {
    const about = { token: undefined, grant: undefined, callers: 1, durationMs: 0 }
    context.emit({ type: 'ended', state: 'error', code, reason: undefined, hint, ...about })
  }

  return {
    context,
    refuse(tokens, error) {
      const problem = problemOf(error)
      tellRefused({ hint: undefined, ...problem })
      return failedOutcome(tokens, problem, provider.id)
    },
    async renew(tokens, asked) {
      try {
        checkSendable(tokens, provider)
        const flight = shared(tokens, demandOf(tokens, asked))
        // If the platform takes none any more, the exchange runs all the same.
        quietly(() => asked.waitUntil?.(flight.catch(() => {})))
        const isGood = (): boolean => isGoodFor(tokens, asked, clock.now())
        const end = await unlessLeft(flight, { ...asked, isGood }, clock)
        switch (end) {
          case 'aborted': {
            const accessToken = stillGood(tokens, asked, clock.now())
            return failedOutcome(tokens, { code: 'aborted' }, provider.id, accessToken)
          }
          case 'timed_out':
            return lateOutcome(context, tokens, asked)
          default:
            return outcomeOf(end, tokens, provider.id, context.transport.canSignInSilently())
        }
      } catch (error) {
        const problem = problemOf(error)
        tellRefused({ hint: undefined, ...problem })
        const isOurs = problem.code === 'internal'
        const accessToken = isOurs ? stillGood(tokens, asked, clock.now()) : undefined
        return failedOutcome(tokens, problem, provider.id, accessToken)
      }
    },
    async verify(tokens, asked) {
      const checked = await unlessLeft(verifyChain(context, tokens), asked, clock)
      if (typeof checked !== 'string') return checked
      return freshOutcome(tokens, errorOf({ code: checked }, provider.id, undefined))
    },
    async revoke(tokens) {
      const outcome = await revokeChain(context, tokens)
      const { error } = outcome
      if (error?.code === 'invalid_tokens' || error?.code === 'provider_mismatch')
        tellRefused(error)
      return outcome
    },
    keep(tokens, keepOptions) {
      const input = inputOf(tokens, { audience: '', aheadMs })
      return keepFresh(context, machine, input, tokens, keepOptions)
    },
  }
}

/** Resolves when the ledger has answered a run: before, its chain may have ended unseen (S3). */
const ledgerHeard = new WeakMap<Promise<unknown>, Promise<void>>()

/** Whether a call may be answered with the access token that it has, while the exchange runs on. */
function isGoodFor(tokens: TokenSet, asked: RefreshOptions, nowMs: number): boolean {
  const { minValidMs = 0, waitUntil } = asked
  const isGood = stillGood(tokens, asked, nowMs + minValidMs) !== undefined
  return isGood && (waitUntil !== undefined || !mayFreeze())
}

/** Environment variables of platforms that stop a process when it has answered. */
const FREEZING = ['AWS_LAMBDA_FUNCTION_NAME', 'VERCEL', 'NETLIFY', 'FUNCTION_TARGET']

/**
 * Whether this process may be stopped as soon as it has answered: an exchange that is under way
 * then may lose its answer, so the call waits for it.
 */
function mayFreeze(): boolean {
  const host = ownField(globalThis, 'process')
  const env = isRecord(host) ? ownField(host, 'env') : undefined
  return isWorkerd() || (isRecord(env) && FREEZING.some((name) => env[name] !== undefined))
}

/** Waits for the flight, until the caller's signal aborts, or its time is over. */
async function unlessLeft<E>(
  flight: Promise<E>,
  { signal, waitMs = Infinity, isGood = () => false }: Patience,
  clock: Clock,
): Promise<E | 'aborted' | 'timed_out'> {
  if (signal === undefined && waitMs === Infinity && !isGood()) return flight
  if (signal?.aborted) return 'aborted'
  let stop = (): void => {}
  let isOver = false
  const timers: unknown[] = []
  const left = new Promise<'aborted' | 'timed_out'>((resolve) => {
    stop = () => resolve('aborted')
    signal?.addEventListener('abort', stop)
    const leaveIn = (ms: number, mayLeave = (): boolean => true): void => {
      const leave = (): void => void (mayLeave() && resolve('timed_out'))
      timers.push(clock.setTimeout(leave, ms, { keepAlive: true }))
    }
    if (waitMs !== Infinity) leaveIn(waitMs)
    void ledgerHeard.get(flight)?.then(() => {
      if (!isOver && isGood()) leaveIn(GOOD_WAIT_MS, isGood)
    })
  })
  try {
    return await Promise.race([flight, left])
  } finally {
    isOver = true
    signal?.removeEventListener('abort', stop)
    for (const timer of timers) clock.clearTimeout(timer)
  }
}

/** `isGood`: whether the call can be answered without the flight, once the ledger was heard. */
type Patience = Pick<RefreshOptions, 'signal' | 'waitMs'> & { readonly isGood?: () => boolean }

/** For a call whose time is over: the access token while it is good, else why there is none. */
function lateOutcome<T extends TokenSet>(
  { settings: { clock, provider }, pauses }: RefresherContext,
  tokens: T,
  asked: RefreshOptions,
): Outcome<T> {
  const nowMs = clock.now()
  const pause = pauses.running()
  const accessToken = stillGood(tokens, asked, nowMs)
  if (pause === undefined && accessToken !== undefined) return servedOutcome(tokens, accessToken)
  const problem = { code: pause?.code ?? 'timed_out' } as const
  const retryAtMs = pause && nowMs + pause.leftMs
  return failedOutcome(tokens, problem, provider.id, accessToken, retryAtMs)
}

/**
 * Asks the ledger whether the chain of a fresh set still stands. If the ledger cannot be asked, the
 * set is served, and the outcome says so: a store that is down signs nobody out.
 */
async function verifyChain<T extends TokenSet>(
  parts: RefresherContext,
  tokens: T,
): Promise<Outcome<T>> {
  const { clock, provider } = parts.settings
  const startedAt = clock.monotonic()
  const refreshToken = new Secret(tokens.refreshToken ?? '')
  try {
    const { answer, view } = await ask(parts, tokens, refreshToken)
    if (answer.type === 'live') {
      parts.verified.note(tokens)
      return freshOutcome(tokens)
    }
    const problem = endedProblem(answer, view)
    const grant = await parts.nameOf({ refreshToken }, answer.position.grant)
    parts.emit({
      type: 'ended',
      token: refreshToken.fingerprint,
      grant,
      state: 'revoked',
      code: problem.code,
      reason: reasonIn(problem),
      hint: undefined,
      callers: 1,
      durationMs: clock.monotonic() - startedAt,
    })
    return revokedOutcome(tokens, errorOf(problem, provider.id, undefined))
  } catch (error) {
    return freshOutcome(tokens, errorOf(problemOf(error), provider.id, undefined))
  }
}

async function ask(
  { ledger }: RefresherContext,
  tokens: TokenSet,
  refreshToken: Secret,
): Promise<{ readonly answer: GrantCheck; readonly view: LedgerView<StoredTokenSet> }> {
  const ref = grantOf(tokens)
  const name = ref && nameOf(ref)
  await ledger.ready()
  const chain = { refreshToken, name }
  const hasToken = tokens.refreshToken != null
  return ledger.run(chain, (seen) => checkGrant(name, hasToken, seen))
}
