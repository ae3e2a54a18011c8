import type { Demand, RefreshInput } from '../../machines/types.ts'
import { audienceKey, tokensOf } from '../core/tokens.ts'
import { checkProvider, grantOf } from '../core/check-token-set.ts'
import type { KeepOptions, Keeper, Outcome, RevokeOutcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
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
  revokedOutcome,
  stillGood,
  tellEnd,
} from './outcome.ts'
import type { End } from './outcome.ts'
import type { EngineOptions, RefresherContext } from './context.ts'
import type { RefreshOptions } from './options.ts'
import { revokeChain } from './revoke.ts'
import { ADOPTIONS_MAX, RECHECK_MS } from './timing.ts'
import { checkGrant } from '../ledger/protocol/index.ts'
import type { GrantCheck } from '../ledger/protocol/index.ts'
import { codeOf } from '../ledger/settlement.ts'
import { placeOf } from './outputs.ts'

/**
 * All of a refresher that a fresh set does not need: chart, ledger and transport. Loaded when there
 * is something to renew.
 */
export interface Engine {
  /** For a checked set that is not fresh. Never rejects. */
  renew<T extends TokenSet>(tokens: T, asked: RefreshOptions): Promise<Outcome<T>>
  /** For a checked set that is fresh: whether its chain still stands. Never rejects. */
  verify<T extends TokenSet>(tokens: T): Promise<Outcome<T>>
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
    const about = [context.id, ...held, audience, refused?.expose(), minValidMs]
    let watched: Watched | undefined
    let isJoined = true
    const flight = coalesce(flights, refreshToken ?? '', about, (shared) => {
      isJoined = false
      const input = inputOf(tokens, demand)
      watched = watch?.run('per-call', input)
      const startedAt = clock.monotonic()
      const work = run(machine, clock, input, watched)
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
    return flight
  }

  return {
    async renew(tokens, asked) {
      const { signal, waitUntil } = asked
      try {
        checkProvider(tokens, provider)
        const flight = shared(tokens, demandOf(tokens, asked))
        handOver(flight, waitUntil)
        const end = await (signal === undefined ? flight : unlessAborted(flight, signal))
        if (end !== undefined) return outcomeOf(end, tokens, provider.id)
        const accessToken = stillGood(tokens, asked, clock.now())
        return failedOutcome(tokens, { code: 'aborted' }, provider.id, accessToken)
      } catch (error) {
        const problem = problemOf(error)
        const isOurs = problem.code === 'internal'
        const accessToken = isOurs ? stillGood(tokens, asked, clock.now()) : undefined
        return failedOutcome(tokens, problem, provider.id, accessToken)
      }
    },
    verify: (tokens) => verifyChain(context, tokens),
    revoke: (tokens) => revokeChain(context, tokens),
    keep(tokens, keepOptions) {
      const input = inputOf(tokens, { audience: '', aheadMs })
      return keepFresh(context, machine, input, tokens, keepOptions)
    },
  }
}

/** Gives the exchange to the platform. If that takes none any more, it runs all the same. */
function handOver(flight: Promise<End>, waitUntil: RefreshOptions['waitUntil']): void {
  try {
    waitUntil?.(flight.catch(() => {}))
  } catch {
    // What the platform throws is its own.
  }
}

/** Waits for the flight, or until the caller's signal aborts. */
async function unlessAborted(flight: Promise<End>, signal: AbortSignal): Promise<End | undefined> {
  if (signal.aborted) return undefined
  let stop = (): void => {}
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([flight, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Asks the ledger whether the chain of a fresh set still stands.
 *
 * A set that has not expired is served when the ledger cannot be asked, and the outcome says so: a
 * store that is down signs nobody out.
 */
async function verifyChain<T extends TokenSet>(
  parts: RefresherContext,
  tokens: T,
): Promise<Outcome<T>> {
  const { clock, provider } = parts.settings
  const startedAt = clock.monotonic()
  const refreshToken = new Secret(tokens.refreshToken ?? '')
  try {
    const answer = await ask(parts, tokens, refreshToken)
    if (answer.type === 'live') {
      parts.verified.note(tokens)
      return freshOutcome(tokens)
    }
    const problem = { code: codeOf(answer.reason) }
    const ref = grantOf(tokens)
    const grant = ref && (await parts.nameOf({ refreshToken }, ref.secret.expose()))
    parts.emit({
      type: 'ended',
      token: refreshToken.fingerprint,
      grant,
      state: 'revoked',
      code: problem.code,
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
): Promise<GrantCheck> {
  const ref = grantOf(tokens)
  const position = ref && placeOf(ref)
  await ledger.ready()
  const chain = { refreshToken, hasGrantField: position !== undefined }
  return (await ledger.run(chain, (seen) => checkGrant(position, seen))).answer
}
