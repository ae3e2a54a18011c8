import type { Audience } from '../core/tokens.ts'
import { checkTokenSet } from '../core/check-token-set.ts'
import { classify, refreshAheadMs } from '../core/freshness.ts'
import type { Standing } from '../core/freshness.ts'
import type { Outcome } from '../core/outcome.ts'
import type { TokenSet } from '../core/token-set.ts'
import { background } from './background.ts'
import { checkProvider } from './check-provider.ts'
import { sharedFlights } from './flights.ts'
import { keeperToCome } from './keeper.ts'
import type { Keeper, KeepOptions } from './keeper.ts'
import type { Engine } from './engine.ts'
import { engineOf } from './load-engine.ts'
import { failedOutcome, stillGood, unaskedOutcome } from './outcomes.ts'
import { errorOf, problemOf } from './problems.ts'
import type { RevokeOutcome } from './revoke.ts'
import { settingsOf } from './settings.ts'
import type { RefresherOptions } from './settings.ts'
import { verifiedFor } from './verified.ts'

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
  /**
   * Keeps a set fresh by itself, until stopped: for one long-lived holder, not for requests.
   *
   * @throws {RefreshError} `invalid_tokens`, `provider_mismatch`.
   */
  keep<T extends TokenSet>(tokens: T, options: KeepOptions<T>): Keeper<T>
  /** Begins no new exchange, and resolves when those under way have ended. For SIGTERM. */
  drain(): Promise<void>
  /** That of the provider: what to check where a sign-in brought no refresh token. */
  readonly missingRefreshToken?: string | undefined
}

/**
 * Makes a refresher. Cheap: no socket, no timer, one per tenant is fine.
 *
 * @throws {TypeError} For options that cannot keep the promise.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const settings = settingsOf(options)
  const { clock, provider, refreshAheadMs: aheadMs, verifyMs } = settings
  const work = background()
  const verified = verifiedFor(verifyMs, clock)
  const engine = engineOf({ settings, background: work, flights: sharedFlights(), verified })

  /** Where nothing needs to be asked of anybody. */
  function isFresh(tokens: TokenSet, { minValidMs }: RefreshOptions): boolean {
    const { expiresAtMs, obtainedAtMs, accessToken } = tokens
    const ahead = refreshAheadMs(expiresAtMs, obtainedAtMs, accessToken, aheadMs)
    return NEEDS_NOTHING[classify(tokens, clock.now(), { aheadMs: ahead, minValidMs })]
  }

  /** The first time; from then on the engine is here. */
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

  async function revoke(tokens: TokenSet): Promise<RevokeOutcome> {
    verified.forget(tokens)
    try {
      return await (engine.here() ?? (await engine.load())).revoke(tokens)
    } catch (error) {
      const problem = errorOf(problemOf(error), provider.id, undefined)
      return { ended: false, revoked: false, error: problem }
    }
  }

  return {
    refresh(tokens, asked = NOTHING) {
      try {
        checkTokenSet(tokens)
      } catch (error) {
        return Promise.resolve(failedOutcome(tokens, problemOf(error), provider.id))
      }
      const { resource, organization, force } = asked
      const isPlain = resource === undefined && organization === undefined && !force
      if (!isPlain || !isFresh(tokens, asked)) {
        const here = engine.here()
        return (
          here?.renew(tokens, asked) ?? loadAnd(tokens, asked, (each) => each.renew(tokens, asked))
        )
      }
      if (!verified.isRecent(tokens)) {
        return (
          engine.here()?.verify(tokens) ?? loadAnd(tokens, asked, (each) => each.verify(tokens))
        )
      }
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
    revoke: (tokens) => work.add(revoke(tokens)),
    keep(tokens, keepOptions) {
      checkTokenSet(tokens)
      checkProvider(tokens, provider)
      const here = engine.here()
      if (here !== undefined) return here.keep(tokens, keepOptions)
      return keeperToCome(
        unaskedOutcome(tokens, clock.now(), aheadMs),
        engine.load().then(({ keep }) => keep(tokens, keepOptions)),
        (error) => failedOutcome(tokens, problemOf(error), provider.id),
      )
    },
    drain: () => work.drain(),
    missingRefreshToken: provider.missingRefreshToken,
  }
}

const NOTHING: RefreshOptions = {}

/** Whether a set is handed back as it is. */
const NEEDS_NOTHING: Readonly<Record<Standing, boolean>> = {
  fresh: true,
  expiring: false,
  dead: false,
}
