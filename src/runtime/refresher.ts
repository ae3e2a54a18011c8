import type { Demand, RefreshInput } from '../../machines/refresh.types.ts'
import { audienceKey } from '../core/audience.ts'
import type { Audience } from '../core/audience.ts'
import { checkTokenSet, grantOf } from '../core/check-token-set.ts'
import { classify, refreshAheadMs } from '../core/classify.ts'
import type { Standing } from '../core/classify.ts'
import { tokensOf } from '../core/convert.ts'
import { isRefreshError } from '../core/errors.ts'
import type { Outcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { assemble } from './assemble.ts'
import { fly, sharedFlights } from './flights.ts'
import { keepFresh } from './keep.ts'
import type { Keeper, KeepOptions } from './keeper.ts'
import { machineOf, run } from './machine.ts'
import { failedOutcome, outcomeOf } from './outcomes.ts'
import type { End } from './outcomes.ts'
import { problemOf } from './problems.ts'
import { revokeChain } from './revoke.ts'
import type { RevokeOutcome } from './revoke.ts'
import type { RefresherOptions } from './settings.ts'

/** What one call asks for. */
export interface RefreshOptions extends Audience {
  /**
   * The access token in these tokens was refused (401): only another one will do, and a newer one
   * in the ledger does. A string names the refused one where it is of another audience.
   */
  readonly force?: boolean | string | undefined
  /** How long the access token must be good for at least, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
  /** Stops the caller's waiting, nothing else: an exchange runs to its end. */
  readonly signal?: AbortSignal | undefined
  /** Takes the exchange, on platforms that end a request with its answer. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** Keeps token sets fresh; no refresh token is used twice. Made by {@link createRefresher}. */
export interface Refresher {
  /**
   * Answers with a usable access token, renewed if it must be.
   *
   * Never throws and never rejects: whatever the AS, the network or the store does is in the
   * outcome.
   */
  refresh<T extends TokenSet>(tokens: T, options?: RefreshOptions): Promise<Outcome<T>>
  /**
   * Ends the chain of these tokens for every holder, whatever their generation, and revokes it at
   * the AS (RFC 7009). Never rejects.
   */
  revoke(tokens: TokenSet): Promise<RevokeOutcome>
  /** Keeps a set fresh by itself, until stopped: for one long-lived holder, not for requests. */
  keep<T extends TokenSet>(tokens: T, options: KeepOptions<T>): Keeper<T>
  /** Begins no new exchange, and resolves when those under way have ended. For SIGTERM. */
  drain(): Promise<void>
}

/** How often a call may meet a newer set that is not fresh, and go on from there. */
const HOPS_MAX = 4

/** How long until a long-lived run looks again while another holder presents, milliseconds. */
const RECHECK_MS = 1_000

/**
 * Makes a refresher. Cheap: no socket, no timer, one per tenant is fine.
 *
 * @throws {TypeError} For options that cannot keep the promise.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const parts = assemble(options)
  const { settings, background, emit } = parts
  const { clock, provider, refreshAheadMs: aheadMs } = settings
  const machine = machineOf(parts)
  const flights = sharedFlights()

  function inputOf(tokens: TokenSet, demand: Demand): RefreshInput {
    const held = tokensOf(tokens)
    const place = grantOf(tokens)
    return {
      demand,
      budgetMs: settings.waitMs,
      maxHops: HOPS_MAX,
      recheckMs: RECHECK_MS,
      tokens: held,
      place,
      nowMs: clock.now(),
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
    return fly(flights, refreshToken ?? '', about, () => {
      const input = inputOf(tokens, demand)
      const startedAt = clock.monotonic()
      const work = run(machine, clock, input)
      return background.add(
        work.then((end) => {
          const token = input.tokens.refreshToken?.fingerprint
          const durationMs = clock.monotonic() - startedAt
          emit({
            type: 'ended',
            token,
            state: end.state,
            code: end.context.problem?.code,
            durationMs,
          })
          return end
        }),
      )
    })
  }

  /** Where nothing needs to be asked of anybody. */
  function isFresh(tokens: TokenSet, { minValidMs }: RefreshOptions): boolean {
    const { expiresAtMs, obtainedAtMs, accessToken } = tokens
    const ahead = refreshAheadMs(expiresAtMs, obtainedAtMs, accessToken, aheadMs)
    return NEEDS_NOTHING[classify(tokens, clock.now(), { aheadMs: ahead, minValidMs })]
  }

  async function renew<T extends TokenSet>(tokens: T, asked: RefreshOptions): Promise<Outcome<T>> {
    const { force, minValidMs, signal, waitUntil } = asked
    const refused = force === true ? tokens.accessToken : force === false ? undefined : force
    const demand: Demand = {
      audience: audienceKey(asked),
      aheadMs,
      minValidMs,
      ...(refused !== undefined && { refused: new Secret(refused) }),
    }
    try {
      if (tokens.provider != null && tokens.provider !== provider.id) {
        return failedOutcome(tokens, { code: 'provider_mismatch' }, provider.id)
      }
      const flight = shared(tokens, demand)
      waitUntil?.(flight.catch(() => {}))
      const end = await unlessAborted(flight, signal)
      if (end === undefined) return failedOutcome(tokens, { code: 'aborted' }, provider.id)
      return outcomeOf(end, tokens, provider.id)
    } catch (error) {
      return failedOutcome(tokens, problemOf(error), provider.id)
    }
  }

  return {
    refresh(tokens, asked = NOTHING) {
      try {
        checkTokenSet(tokens)
      } catch (error) {
        return Promise.resolve(invalid(tokens, error, provider.id))
      }
      const { resource, organization, force } = asked
      const isPlain = resource === undefined && organization === undefined && !force
      if (!isPlain || !isFresh(tokens, asked)) return renew(tokens, asked)
      return Promise.resolve(
        Object.freeze({
          state: 'fresh',
          tokens,
          accessToken: tokens.accessToken,
          changed: false,
          usable: true,
          signIn: false,
          error: undefined,
        }),
      )
    },
    revoke: (tokens) => background.add(revokeChain(parts, tokens)),
    keep(tokens, keepOptions) {
      checkTokenSet(tokens)
      const input = inputOf(tokens, { audience: '', aheadMs })
      return keepFresh(parts, machine, input, tokens, keepOptions)
    },
    drain: () => background.drain(),
  }
}

const NOTHING: RefreshOptions = {}

/** Whether a set is handed back as it is. */
const NEEDS_NOTHING: Readonly<Record<Standing, boolean>> = {
  fresh: true,
  expiring: false,
  dead: false,
}

/** Waits for the flight, or until the caller's signal aborts. */
async function unlessAborted(flight: Promise<End>, signal?: AbortSignal): Promise<End | undefined> {
  if (signal === undefined) return flight
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

/** For what is no token set: the error names the field and says what to write instead. */
function invalid<T extends TokenSet>(tokens: T, error: unknown, provider: string): Outcome<T> {
  const outcome = failedOutcome(tokens, problemOf(error), provider)
  return isRefreshError(error) ? Object.freeze({ ...outcome, error }) : outcome
}
