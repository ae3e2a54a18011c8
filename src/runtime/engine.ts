import type { Demand, RefreshInput } from '../../machines/types.ts'
import { audienceKey, tokensOf } from '../core/tokens.ts'
import { grantOf } from '../core/check-token-set.ts'
import type { Outcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { assemble } from './assemble.ts'
import { checkProvider } from './check-provider.ts'
import { fly } from './flights.ts'
import type { Watched } from './inspection/watch.ts'
import { keepFresh } from './keep.ts'
import type { Keeper, KeepOptions } from './keeper.ts'
import { machineOf, run } from './machine.ts'
import { failedOutcome, outcomeOf, stillGood } from './outcomes.ts'
import type { End } from './outcomes.ts'
import type { Base } from './parts.ts'
import { problemOf } from './problems.ts'
import type { RefreshOptions } from './refresher.ts'
import { revokeChain } from './revoke.ts'
import type { RevokeOutcome } from './revoke.ts'
import { tellEnd } from './tell-end.ts'
import { verifyChain } from './verify.ts'

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

/** How often a call may meet a newer set that is not fresh, and go on from there. */
const HOPS_MAX = 4

/** How long until a long-lived run looks again while another holder presents, milliseconds. */
const RECHECK_MS = 1_000

export function createEngine(base: Base): Engine {
  const parts = assemble(base)
  const { settings, background, flights, watch } = base
  const { clock, provider, refreshAheadMs: aheadMs } = settings
  const machine = machineOf(parts)

  function inputOf(tokens: TokenSet, demand: Demand): RefreshInput {
    return {
      demand,
      budgetMs: settings.waitMs,
      maxHops: HOPS_MAX,
      recheckMs: RECHECK_MS,
      tokens: tokensOf(tokens),
      place: grantOf(tokens),
      nowMs: clock.now(),
    }
  }

  function demandOf(tokens: TokenSet, { force, minValidMs, ...audience }: RefreshOptions): Demand {
    const refused = force === true ? tokens.accessToken : force === false ? undefined : force
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
    const about = [parts.id, ...held, audience, refused?.expose(), minValidMs]
    let watched: Watched | undefined
    let isJoined = true
    const flight = fly(flights, refreshToken ?? '', about, (shared) => {
      isJoined = false
      const input = inputOf(tokens, demand)
      watched = watch?.run('per-call', input)
      const startedAt = clock.monotonic()
      const work = run(machine, clock, input, watched)
      return background.add(
        work.then(async (end) => {
          const { refreshToken } = input.tokens
          const durationMs = clock.monotonic() - startedAt
          await tellEnd(parts, end, { refreshToken, callers: shared.callers, durationMs })
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
    verify: (tokens) => verifyChain(parts, tokens),
    revoke: (tokens) => revokeChain(parts, tokens),
    keep(tokens, options) {
      const input = inputOf(tokens, { audience: '', aheadMs })
      return keepFresh(parts, machine, input, tokens, options)
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
