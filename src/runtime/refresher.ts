import { checkOptions, func, kind, ms, needed, number, or, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { checkedTokenSet, checkSendable } from '../core/check-token-set.ts'
import { classify, refreshAheadMs } from '../core/freshness.ts'
import { startOfDay, timeOfDay } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { KeepOptions, Keeper, Outcome, RevokeOutcome } from '../core/outcome.ts'
import type { Provider } from '../core/provider.ts'
import { isRecord } from '../core/text.ts'
import { chainOf } from '../core/tokens.ts'
import type { TokenSet } from '../core/token-set.ts'
import { background, sharedFlights } from './coalesce.ts'
import type { EngineOptions, Verified } from './context.ts'
import type { Engine } from './engine.ts'
import { warnOfRetired } from './events.ts'
import type { Watch } from './inspect/watch.ts'
import { settingsOf } from './options.ts'
import type { RefresherOptions, RefreshOptions, Settings } from './options.ts'
import {
  errorOf,
  failedOutcome,
  freshOutcome,
  problemOf,
  stillGood,
  unaskedOutcome,
} from './outcome.ts'

/** Keeps token sets fresh; no refresh token is used twice. Made by {@link createRefresher}. */
export interface Refresher {
  /**
   * Answers with a usable access token, renewed if it must be.
   *
   * Never throws and never rejects: whatever the AS, the network or the store does is in the
   * outcome. Only for options that are none, or have values of another kind, it rejects with a
   * `TypeError`.
   */
  refresh<T extends TokenSet>(tokens: T, options?: RefreshOptions): Promise<Outcome<T>>
  /**
   * Ends the chain of these tokens for every holder, whatever their generation, and revokes it at
   * the AS (RFC 7009). Never rejects.
   */
  revoke(tokens: TokenSet): Promise<RevokeOutcome>
  /**
   * Keeps a set fresh by itself, until stopped: for one long-lived holder, not for requests.
   *
   * @throws {RefreshError} `invalid_tokens`, `provider_mismatch`.
   */
  keep<T extends TokenSet>(tokens: T, options: KeepOptions<T>): Keeper<T>
  /** Begins no new exchange, and resolves when those under way have ended. For SIGTERM. */
  drain(): Promise<void>
  readonly provider: Provider
}

/**
 * Makes a refresher. Cheap: no socket, no timer, one per tenant is fine.
 *
 * @throws {TypeError} For options that cannot keep the promise.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const settings = settingsOf(options)
  const { clock, provider, refreshAheadMs: aheadMs, revocationCheckMs } = settings
  warnOfRetired(provider)
  const work = background()
  const verified = verifiedFor(revocationCheckMs, clock)
  const engine = engineOf({ settings, background: work, flights: sharedFlights(), verified })

  /** Whether a set may be served without the engine. */
  function isFresh(tokens: TokenSet, { minValidMs }: RefreshOptions): boolean {
    const { expiresAtMs, obtainedAtMs, accessToken } = tokens
    const ahead = refreshAheadMs(expiresAtMs, obtainedAtMs, accessToken, aheadMs)
    return classify(tokens, clock.now(), { aheadMs: ahead, minValidMs }) === 'fresh'
  }

  /** Runs once the engine is loaded, which happens once in a process. */
  async function loadAnd<T extends TokenSet>(
    tokens: T,
    asked: RefreshOptions,
    go: (engine: Engine) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    try {
      return await go(await work.add(engine.load()))
    } catch (error) {
      const accessToken = stillGood(tokens, asked, clock.now())
      return failedOutcome(tokens, problemOf(error), provider.id, accessToken)
    }
  }

  /** A programming error is told, and signs no user out. */
  async function refuse<T extends TokenSet>(tokens: T, refusal: unknown): Promise<Outcome<T>> {
    try {
      return (await work.add(engine.load())).refuse(tokens, refusal)
    } catch (error) {
      return failedOutcome(tokens, problemOf(error), provider.id)
    }
  }

  async function revoke(tokens: TokenSet): Promise<RevokeOutcome> {
    try {
      verified.forget(tokens)
      return await (engine.here() ?? (await engine.load())).revoke(tokens)
    } catch (error) {
      const problem = errorOf(problemOf(error), provider.id, undefined)
      return { ended: false, revoked: false, error: problem }
    }
  }

  return {
    refresh(given, asked = NOTHING) {
      const refusal = refusalOf(asked)
      if (refusal !== undefined) return Promise.reject(refusal)
      let tokens = given
      try {
        tokens = checkedTokenSet(given)
      } catch (error) {
        return refuse(given, error)
      }
      const { resource, organization, refused } = asked
      const isPlain = resource === undefined && organization === undefined && !refused
      if (!isPlain || !isFresh(tokens, asked)) {
        const here = engine.here()
        return (
          here?.renew(tokens, asked) ?? loadAnd(tokens, asked, (each) => each.renew(tokens, asked))
        )
      }
      if (!verified.isRecent(tokens)) {
        return (
          engine.here()?.verify(tokens, asked) ??
          loadAnd(tokens, asked, (each) => each.verify(tokens, asked))
        )
      }
      return Promise.resolve(freshOutcome(tokens))
    },
    revoke: (tokens) => work.add(revoke(tokens)),
    keep(given, keepOptions) {
      checkOptions('keep', keepOptions, KEEP)
      const tokens = checkedTokenSet(given)
      checkSendable(tokens, provider)
      const here = engine.here()
      if (here !== undefined) return here.keep(tokens, keepOptions)
      return keeperToCome(
        unaskedOutcome(tokens, clock.now(), settings),
        engine.load().then(({ keep }) => keep(tokens, keepOptions)),
        (error) => failedOutcome(tokens, problemOf(error), provider.id),
      )
    },
    drain: () => work.drain(),
    provider,
  }
}

const NOTHING: RefreshOptions = {}

const KEEP: TableOf<KeepOptions<TokenSet>> = { onChanged: needed(func), onSignIn: func }

const ASKED: TableOf<RefreshOptions> = {
  resource: text(),
  organization: text(),
  refused: or(text('the refused token'), 'true', (value) => typeof value === 'boolean'),
  minValidMs: ms,
  waitMs: number('milliseconds, 0 or more, or Infinity', (value) => value >= 0),
  signal: kind('an AbortSignal', (value) => isRecord(value) && 'aborted' in value),
  waitUntil: func,
  force: 'refused: true',
}

/** What is wrong with the options of a call. */
function refusalOf(asked: RefreshOptions): unknown {
  if (asked === NOTHING) return undefined
  try {
    checkOptions('refresh', asked, ASKED)
    return undefined
  } catch (error) {
    return error
  }
}

/** A keeper that works once the engine is loaded. Until then it shows the set as it looks now. */
function keeperToCome<T extends TokenSet>(
  first: Outcome<T>,
  keeping: Promise<Keeper<T>>,
  failed: (error: unknown) => Outcome<T>,
): Keeper<T> {
  let current = first
  let keeper: Keeper<T> | undefined
  const come = keeping.then(
    (come) => void (keeper = come),
    (error: unknown) => void (current = failed(error)),
  )
  async function stop(): Promise<void> {
    await come
    await keeper?.stop()
  }
  return {
    get current() {
      return keeper?.current ?? current
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

type EngineModule = typeof import('./engine.ts')

let loaded: EngineModule | undefined

/** Loads all that a fresh set does not need, for tests that own the clock from then on. */
export async function loadEngine(): Promise<void> {
  await engineModule()
}

/** A process that only ever sees fresh sets, as most cold starts do, never pays for the engine. */
async function engineModule(): Promise<EngineModule> {
  loaded ??= await import('./engine.ts')
  return loaded
}

/** The engine of one refresher. */
interface LazyEngine {
  /** `undefined` until it is loaded. */
  here(): Engine | undefined
  load(): Promise<Engine>
}

function engineOf(options: EngineOptions): LazyEngine {
  let engine: Engine | undefined
  const isInspected = options.settings.inspect !== undefined
  const made = ({ createEngine }: EngineModule, watch?: Watch): Engine =>
    (engine ??= createEngine({ ...options, watch }))
  return {
    here: () => engine ?? (isInspected ? undefined : loaded && made(loaded)),
    async load() {
      return made(await engineModule(), isInspected ? await loadWatch(options.settings) : undefined)
    },
  }
}

/** Loads the inspection. If that fails, the refresher works without it. */
async function loadWatch(settings: Settings): Promise<Watch | undefined> {
  try {
    return (await import('./inspect/watch.ts')).watchOf(settings)
  } catch {
    return undefined
  }
}

/** How many chains are remembered. The one asked about longest ago is forgotten first. */
const CHAINS_MAX = 10_000

/** @param revocationCheckMs How long the ledger's word counts. `undefined`: it is never asked. */
function verifiedFor(revocationCheckMs: number | undefined, clock: Clock): Verified {
  if (revocationCheckMs === undefined) return { isRecent: () => true, note() {}, forget() {} }
  const times = new Map<string, number>()
  const day = startOfDay(clock)
  return {
    isRecent(tokens) {
      const name = nameOf(tokens)
      if (name === undefined) return true
      const askedAt = times.get(name)
      return askedAt !== undefined && timeOfDay(clock, day) - askedAt < revocationCheckMs
    },
    note(tokens) {
      const name = nameOf(tokens)
      if (name === undefined || revocationCheckMs === 0) return
      times.delete(name)
      times.set(name, timeOfDay(clock, day))
      if (times.size > CHAINS_MAX) times.delete(times.keys().next().value!)
    },
    forget(tokens) {
      const name = nameOf(tokens)
      if (name !== undefined) times.delete(name)
    },
  }
}

/** The chain, or the refresh token if the set names no chain. A set without both has no row. */
function nameOf(tokens: TokenSet | undefined): string | undefined {
  const { grant, refreshToken } = tokens ?? {}
  return typeof grant === 'string' ? chainOf(grant) : (refreshToken ?? undefined)
}
