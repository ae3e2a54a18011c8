import { checkOptions, func, kind, ms, needed, number, or, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { checkedTokenSet, checkSendable } from '../core/check-token-set.ts'
import { classify, refreshAheadMs } from '../core/freshness.ts'
import type { Handle, KeepOptions, Keeper, Outcome, RevokeOutcome } from '../core/outcome.ts'
import type { Provider } from '../core/provider.ts'
import { isRecord } from '../core/text.ts'
import type { TokenSet } from '../core/token-set.ts'
import { background, sharedFlights } from './coalesce.ts'
import type { EngineOptions } from './context.ts'
import type { Engine } from './engine.ts'
import type { Handles } from './handles.ts'
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
import { verifiedFor } from './verified.ts'

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
  /** The same for tokens that were deposited. Nothing is to be stored: the handle never changes. */
  refresh(handle: string, options?: RefreshOptions): Promise<Outcome>
  /**
   * Puts tokens into the ledger and answers with a handle that stands for them. Forget the tokens
   * then, and keep the handle: it serves until a sign-out, `maxIdleMs` or `maxGrantMs` ends it.
   *
   * @throws {RefreshError} If it fails, the tokens are still yours: `store_unavailable`, …
   * @throws {TypeError} For a store that may forget a handle: `memoryStore()` in production.
   */
  deposit(tokens: TokenSet): Promise<Handle>
  /**
   * Ends the chain of these tokens for every holder, whatever their generation, and revokes it at
   * the AS (RFC 7009), or that of a handle. Never rejects.
   */
  revoke(tokens: TokenSet | string): Promise<RevokeOutcome>
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

  let handles: Promise<Handles> | undefined

  /** Loads what works with handles, once, and lets it call for tokens. */
  async function loadHandles(): Promise<Handles> {
    const [{ createHandles }, { context }] = await Promise.all([
      import('./handles.ts'),
      engine.load(),
    ])
    return createHandles(context, { refresh: refreshTokens, revoke, isFresh: isServable })
  }

  async function byHandle(handle: string, asked: RefreshOptions): Promise<Outcome> {
    try {
      return await (await (handles ??= loadHandles())).refresh(handle, asked)
    } catch (error) {
      handles = undefined
      return failedOutcome({ accessToken: '' }, problemOf(error), provider.id)
    }
  }

  async function revoke(tokens: TokenSet | string): Promise<RevokeOutcome> {
    try {
      if (isHandle(tokens)) return await (await (handles ??= loadHandles())).revoke(tokens)
      verified.forget(tokens)
      return await (engine.here() ?? (await engine.load())).revoke(tokens)
    } catch (error) {
      const problem = errorOf(problemOf(error), provider.id, undefined)
      return { ended: false, revoked: false, error: problem }
    }
  }

  /** Whether the default access token of a set is asked for, and it may be served as it is. */
  function isServable(tokens: TokenSet, asked: RefreshOptions): boolean {
    const { resource, organization, refused } = asked
    const isPlain = resource === undefined && organization === undefined && !refused
    return isPlain && isFresh(tokens, asked)
  }

  function refreshTokens<T extends TokenSet>(given: T, asked: RefreshOptions): Promise<Outcome<T>> {
    let tokens = given
    try {
      tokens = checkedTokenSet(given)
    } catch (error) {
      return refuse(given, error)
    }
    const how = isServable(tokens, asked) ? 'verify' : 'renew'
    if (how === 'verify' && verified.isRecent(tokens)) return Promise.resolve(freshOutcome(tokens))
    return (
      engine.here()?.[how](tokens, asked) ??
      loadAnd(tokens, asked, (each) => each[how](tokens, asked))
    )
  }

  function refresh<T extends TokenSet>(given: T, asked?: RefreshOptions): Promise<Outcome<T>>
  function refresh(given: string, asked?: RefreshOptions): Promise<Outcome>
  function refresh(given: TokenSet | string, asked = NOTHING): Promise<Outcome> {
    const refusal = refusalOf(asked)
    if (refusal !== undefined) return Promise.reject(refusal)
    return isHandle(given) ? work.add(byHandle(given, asked)) : refreshTokens(given, asked)
  }

  return {
    refresh,
    deposit: async (tokens) => work.add((await (handles ??= loadHandles())).deposit(tokens)),
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

/** Another text is no handle, but tokens that were not parsed: the check of tokens says so. */
function isHandle(given: TokenSet | string): given is string {
  return typeof given === 'string' && given.startsWith('handle_')
}

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
