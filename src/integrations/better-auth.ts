import {
  checkOptions,
  clock as aClock,
  each,
  having,
  meant,
  ms,
  needed,
  oneOf,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, within } from '../core/clock.ts'
import { isRecord } from '../core/text.ts'
import type { Clock, Outcome, Refresher } from '../index.ts'
import { accountNow, bareSet, oauthTokensOf, tokenSetOf } from './better-auth/account.ts'
import type {
  AccountRow,
  AuthContext,
  OAuthTokens,
  RefreshOncePlugin,
  RequestContext,
  SocialProvider,
} from './better-auth/types.ts'

export type { AuthContext, OAuthTokens, RefreshOncePlugin } from './better-auth/types.ts'

/** The options of {@link refreshOnce}. */
export interface RefreshOnceOptions {
  /**
   * When a sign-out revokes the tokens of the user's accounts. All sessions of a user share them.
   *
   * - `last`: if no other session of the user is left. Default.
   * - `every`: at each sign-out, for all sessions.
   * - `keep`: never. Background work of the application goes on.
   *
   * An account that is unlinked, or deleted with its user, is always revoked.
   */
  readonly signOut?: 'last' | 'every' | 'keep'
  /**
   * How long a sign-out waits for the AS, milliseconds. After that, the tokens are revoked in the
   * background. Default 5,000.
   */
  readonly waitMs?: number
  readonly clock?: Clock
}

const REFRESHER = having('createRefresher(…)', 'refresh', 'revoke')

const OPTIONS: TableOf<RefreshOnceOptions> = {
  signOut: oneOf('last', 'every', 'keep'),
  waitMs: ms,
  clock: aClock,
}

/** The endpoints that call `refreshAccessToken`. */
const RENEWING = ['/get-access-token', '/refresh-token', '/account-info']

const WAIT_MS = 5_000

/** Better Auth takes a token as over so long before its expiry, milliseconds. */
const MIN_VALID_MS = 5_000

/** A renewal reads the row at most so often: after a sign-in meanwhile, it holds another grant. */
const READS_MAX = 3

/**
 * Makes `refreshAccessToken` for one provider of `socialProviders`. The ledger decides who presents
 * a refresh token; an older one in a row or in a cookie brings the newest tokens of its chain.
 *
 * {@link refreshOnce} does this for all providers, also for those of `genericOAuth`, and more.
 */
export function refreshAccessToken(
  refresher: Refresher,
): (refreshToken: string) => Promise<OAuthTokens> {
  checkOptions('refreshAccessToken', { refresher }, { refresher: needed(REFRESHER) })
  return async (refreshToken) => oauthTokensOf(await refresher.refresh(bareSet(refreshToken)))
}

/**
 * A plugin for Better Auth: no refresh token of its providers is presented twice, whatever number
 * of processes share the database.
 *
 * - `getAccessToken`, `refreshToken` and `accountInfo` renew through the refresher of the provider.
 * - If they fail, the error also has `needsSignIn`, `reason` and `canSignInSilently`. If a sign-in
 *   does not help, there is a `Retry-After`.
 * - A sign-out, an unlinked account and a deleted user end the tokens for every holder, and revoke
 *   them at the AS (RFC 7009).
 *
 * @param refreshers By the `providerId` of Better Auth. Other providers are left alone.
 * @throws {TypeError} If options are wrong; at the start of Better Auth if there is no such
 *   provider.
 */
export function refreshOnce(
  refreshers: Readonly<Record<string, Refresher>>,
  options: RefreshOnceOptions = {},
): RefreshOncePlugin {
  checkOptions('refreshOnce', { refreshers }, { refreshers: needed(each(REFRESHER)) })
  checkOptions('refreshOnce', options, OPTIONS)
  const { signOut = 'last', waitMs = WAIT_MS, clock = systemClock } = options
  const guarded = new WeakSet<object>()
  /** What became of a renewal, by the request that asked for it. */
  const outcomes = new WeakMap<object, Outcome>()
  /** Who signs out, by the request that does it. */
  const leaving = new WeakMap<object, string>()

  async function renew(
    refresher: Refresher,
    given: string,
    request: RequestContext | undefined,
  ): Promise<OAuthTokens> {
    const isAsked = request?.path === '/refresh-token'
    let row = await setNow(request)
    for (let reads = 1; ; reads += 1) {
      const tokens = row ?? bareSet(given)
      const isOver = isAsked && tokens.refreshToken === given
      const outcome = await refresher.refresh(tokens, {
        minValidMs: MIN_VALID_MS,
        ...(isOver && { refused: true }),
      })
      row = await setNow(request)
      const known = [tokens.refreshToken, outcome.tokens.refreshToken]
      if (row === undefined || known.includes(row.refreshToken) || reads === READS_MAX) {
        if (request !== undefined) outcomes.set(request.context, outcome)
        return oauthTokensOf(outcome)
      }
      // A sign-in wrote another grant meanwhile. Better Auth would overwrite it with this one.
    }
  }

  /** Replaces `refreshAccessToken`. Plugins may add providers at any time, so do it often. */
  function guard(providers: readonly SocialProvider[]): void {
    for (const provider of providers) {
      const refresher = refresherOf(provider.id)
      if (refresher === undefined || guarded.has(provider)) continue
      guarded.add(provider)
      provider.refreshAccessToken = (refreshToken, request) =>
        renew(refresher, refreshToken, request)
    }
  }

  const refresherOf = (id: string): Refresher | undefined =>
    Object.hasOwn(refreshers, id) ? refreshers[id] : undefined

  async function revoke(rows: readonly AccountRow[], request: RequestContext): Promise<void> {
    const work = rows.map(async (row) => {
      const refresher = refresherOf(row.providerId)
      const tokens = refresher && (await tokenSetOf(row, request))
      if (tokens === undefined) return
      const { error } = await refresher!.revoke(tokens)
      if (error !== undefined) request.context.logger.warn(`refresh-once: ${error.message}`)
    })
    await within(
      clock,
      waitMs,
      () => Promise.all(work),
      () => undefined,
    )
  }

  async function noteLeaving(request: RequestContext): Promise<void> {
    const { authCookies, secret, internalAdapter } = request.context
    const token = await request.getSignedCookie?.(authCookies.sessionToken.name, secret)
    const session = token ? await internalAdapter.findSession(token) : null
    if (session !== null) leaving.set(request.context, session.user.id)
  }

  async function endGrants(request: RequestContext): Promise<void> {
    const userId = leaving.get(request.context)
    if (userId === undefined || signOut === 'keep') return
    const { internalAdapter } = request.context
    if (signOut === 'last' && (await internalAdapter.listSessions(userId)).length > 0) return
    await revoke(await internalAdapter.findAccounts(userId), request)
  }

  /** Adds to the error of Better Auth what the refresher knows of it. */
  async function explain(request: RequestContext): Promise<void> {
    const outcome = outcomes.get(request.context)
    const { returned } = request.context
    if (outcome?.error === undefined || outcome.usable || !isRecord(returned)) return
    const { error, needsSignIn, canSignInSilently } = outcome
    request.context.logger.warn(`refresh-once: ${error.message}`)
    const { APIError } = await import('better-auth/api')
    const body = {
      ...(isRecord(returned['body']) && returned['body']),
      refreshError: error.code,
      needsSignIn,
      canSignInSilently,
      ...(error.reason !== undefined && { reason: error.reason }),
    }
    // The status stays that of Better Auth: a 401 would say that the session is over.
    throw new APIError('BAD_REQUEST', body, needsSignIn ? {} : { 'retry-after': '5' })
  }

  return {
    id: 'refresh-once',
    init(context) {
      checkProviders(refreshers, context)
      if (signOut !== 'keep' && context.options.account?.updateAccountOnSignIn === false) {
        throw new TypeError(
          'refreshOnce: account.updateAccountOnSignIn is false, so the tokens that a sign-out ' +
            "revokes would stay in their row for ever: leave it out, or write signOut: 'keep'",
        )
      }
      guard(context.socialProviders)
      return {
        options: {
          databaseHooks: {
            // A sign-out without a cookie, as the plugin `bearer` has it.
            session: {
              delete: {
                async before(session, request: RequestContext | null) {
                  if (request?.path !== '/sign-out' || !('userId' in session)) return
                  leaving.set(request.context, String(session.userId))
                },
              },
            },
            account: {
              delete: {
                async after(account, request: RequestContext | null) {
                  if (request) await revoke([account as AccountRow], request)
                },
              },
            },
          },
        },
      }
    },
    hooks: {
      before: [
        hook(RENEWING, (request) => guard(request.context.socialProviders)),
        hook(['/sign-out'], noteLeaving),
      ],
      after: [hook(RENEWING, explain), hook(['/sign-out'], endGrants)],
    },
  }
}

/** The set in the row of the account that a request is about. */
async function setNow(request: RequestContext | undefined) {
  const row = await accountNow(request)
  return row && request && tokenSetOf(row, request)
}

type PluginHook = RefreshOncePlugin['hooks']['before'][number]

/** Loads Better Auth when the first request comes: to import this module needs nothing. */
function hook(
  paths: readonly string[],
  work: (request: RequestContext) => Promise<void> | void,
): PluginHook {
  async function handler(input: object): Promise<never> {
    const { createAuthMiddleware } = await import('better-auth/api')
    const run = createAuthMiddleware(async (request) => {
      await work(request)
    })
    return (await run(input)) as never
  }
  return {
    matcher: ({ path }) => paths.includes(path ?? ''),
    handler: Object.assign(handler, { options: {} }),
  }
}

/** @throws {TypeError} For a refresher of a provider that Better Auth does not have. */
function checkProviders(
  refreshers: Readonly<Record<string, Refresher>>,
  { socialProviders, options }: AuthContext,
): void {
  // Those of which the discovery failed at the start come later.
  const generic = options.plugins?.find(({ id }) => id === 'generic-oauth')?.options
  const configs: unknown[] =
    isRecord(generic) && Array.isArray(generic['config']) ? generic['config'] : []
  const later = configs.map((each) => (isRecord(each) ? String(each['providerId']) : ''))
  const ids = [...new Set([...socialProviders.map(({ id }) => id), ...later])]
  const lost = Object.keys(refreshers).find((id) => !ids.includes(id))
  if (lost === undefined) return
  throw new TypeError(
    `refreshOnce: Better Auth has no provider ${lost}: ${meant(lost, ids) || 'add one'}. List ` +
      'refreshOnce after the plugin that adds the provider',
  )
}
