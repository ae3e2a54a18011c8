import { clock as aClock, func, ms } from '../../core/check-options.ts'
import type { TableOf } from '../../core/check-options.ts'
import { systemClock, within } from '../../core/clock.ts'
import { plainOf } from '../../core/entity.ts'
import { tokenSetFromResponse } from '../../index.ts'
import type { Clock, Refresher, TokenSet } from '../../index.ts'
import {
  fitted,
  isObject,
  markOf,
  markOfLegacyCookie,
  partsIn,
  tokenSetIn,
  type CookieTokenSet,
  type Fields,
  type Mark,
} from './cookie-token-set.ts'
import {
  isSameAccount,
  isSameSet,
  providerOf,
  rowsOf,
  rowWith,
  STORAGE,
  tokenSetInRow,
} from './database.ts'
import type { AccountStorage } from './database.ts'
import {
  checkCallbacks,
  LEGACY_COOKIE,
  noticesFor,
  OLD_NAMES,
  refresherOf,
  waitMsOf,
} from './options.ts'
import type { CallbackOptions, Log, Notices, Refreshers } from './options.ts'

/** The message of `events.signIn`. */
export interface SignInMessage {
  readonly user: object
  readonly account?: object | null
}

/** The message of `events.signOut`, of every version and strategy. */
export interface SignOutMessage {
  /** With the JWT strategy: the token in the cookie of that request, perhaps generations old. */
  readonly token?: unknown
  /** With the database strategy: the row that was deleted, if the adapter returns it. */
  readonly session?: unknown
}

/** The options of {@link signOutEvent}. */
export interface SignOutOptions {
  /** The same value as for {@link refreshCallbacks}. */
  readonly legacyCookieProvider?: string | false
  /**
   * With the database strategy: finds the rows of a user. All sessions of a user share their
   * tokens. Without this option, a sign-out leaves the tokens alone.
   */
  readonly find?: AccountStorage<object>['find']
  /** Not called. One storage serves all events. */
  readonly update?: AccountStorage<object>['update']
  /**
   * How long the sign-out waits for the AS, milliseconds. After that the tokens are revoked in the
   * background. Default 5,000.
   */
  readonly waitMs?: number
  readonly log?: Log
  readonly clock?: Clock
}

const SIGN_OUT_OPTIONS: TableOf<SignOutOptions> = {
  legacyCookieProvider: LEGACY_COOKIE,
  find: func,
  update: func,
  waitMs: ms,
  log: func,
  clock: aClock,
  ...OLD_NAMES,
}

/** A sign-in writes its tokens at most this often if other requests write the row meanwhile. */
const WRITES_MAX = 3

/**
 * Makes a handler for `events.signIn` with the database strategy. It writes the tokens of every
 * sign-in into their row, because Auth.js itself writes those of the first one only. Never
 * rejects.
 */
export function signInEvent<R extends object>(
  refreshers: Refreshers,
  options: AccountStorage<R> & { readonly log?: Log },
): (message: SignInMessage) => Promise<void> {
  checkCallbacks('signInEvent', refreshers, options, { ...STORAGE, log: func })
  const { find, update, log } = options
  const notices = noticesFor(log)

  return async ({ user, account }) => {
    try {
      const userId = (user as { readonly id?: unknown }).id
      const found = isObject(account) ? tokenSetOfAccount(account) : undefined
      if (!isObject(account) || found === undefined) return
      const provider = providerOf(account)
      const refresher = refresherOf(refreshers, provider)
      if (refresher === undefined) return
      for (let writes = 0; writes < WRITES_MAX; writes += 1) {
        const rows = await rowsOf({ find }, userId)
        const row = rows.find((each) => isSameAccount(each, account))
        if (row === undefined) return
        const tokens = await withStoredRefreshToken(found.tokens, row, refresher)
        checkRefreshToken(tokens, provider, refresher, notices)
        const next = rowWith({ tokens }, row)
        if (isSameSet(next, row)) return
        await update(next, row)
      }
    } catch (cause) {
      notices.failed('signInEvent', cause)
    }
  }
}

/**
 * Makes a handler for `events.signOut`. It ends the chains of the session's tokens for every holder
 * and revokes the tokens at the AS (RFC 7009). An older cookie ends them too, and a cookie that a
 * late response puts back is then worthless. Never rejects.
 */
export function signOutEvent(
  refreshers: Refreshers,
  options: SignOutOptions = {},
): (message: SignOutMessage) => Promise<void> {
  checkCallbacks('signOutEvent', refreshers, options, SIGN_OUT_OPTIONS)
  const { legacyCookieProvider, find, log, clock = systemClock } = options
  const notices = noticesFor(log)

  async function setsOf({
    token,
    session,
  }: SignOutMessage): Promise<[string, TokenSet | string][]> {
    if (isObject(token)) {
      const mark =
        markOf(token) ?? markOfLegacyCookie(token, refreshers, legacyCookieProvider, notices)
      const main = mark.handle ?? tokenSetIn(token)?.tokens
      const own = mark.provider && main && { [mark.provider]: main }
      return Object.entries({ ...mark.sets, ...own })
    }
    const userId = isObject(session) ? session['userId'] : undefined
    const rows = find === undefined ? [] : await rowsOf({ find }, userId)
    return rows.flatMap((row): [string, TokenSet][] => {
      const found = tokenSetInRow(row)
      return found ? [[providerOf(row), found.tokens]] : []
    })
  }

  return async (message) => {
    try {
      const sets = await setsOf(message)
      const revoke = (): Promise<unknown> =>
        Promise.all(sets.map(async ([id, tokens]) => refresherOf(refreshers, id)?.revoke(tokens)))
      await within(clock, waitMsOf(options), revoke, () => undefined)
    } catch (cause) {
      notices.failed('signOutEvent', cause)
    }
  }
}

/**
 * The tokens of a sign-in with the refresh token of the row, if the sign-in brought none: Google
 * sends one with the first consent only. A refresh token whose chain has ended is not kept, or the
 * session would be over at once.
 */
async function withStoredRefreshToken(
  tokens: TokenSet,
  row: object,
  refresher: Refresher,
): Promise<TokenSet> {
  if (tokens.refreshToken != null) return tokens
  const stored: Partial<TokenSet> = {
    ...tokenSetInRow(row)?.tokens,
    ...Object.assign({}, ...partsIn(row)),
  }
  const { refreshToken, refreshExpiresAtMs, authorizedAtMs, grant } = stored
  if (refreshToken === undefined) return tokens
  const kept = { ...tokens, refreshToken, refreshExpiresAtMs, authorizedAtMs, grant }
  const outcome = await refresher.refresh(kept)
  return outcome.needsSignIn ? tokens : outcome.tokens
}

/** The token sets that a sign-in leaves in the session cookie. */
interface SignInTokens {
  readonly provider: string
  readonly main: CookieTokenSet
  /** Token sets of other providers that stay beside it. */
  readonly sets?: Mark['sets']
}

/** Finds the token set of a sign-in, if there is a refresher for its provider. */
export async function tokenSetOfSignIn(
  refreshers: Refreshers,
  options: CallbackOptions,
  notices: Notices,
  account: Fields,
  user: Fields,
): Promise<SignInTokens | undefined> {
  const { provider } = account
  if (typeof provider !== 'string') return undefined
  const refresher = refresherOf(refreshers, provider)
  if (refresher === undefined) {
    notices.once(`there is no refresher for ${provider}: its tokens are left alone`)
    return undefined
  }
  const found = tokenSetOfAccount(account) ?? (await tokenSetOfUser(options, notices, user))
  if (found === undefined) {
    notices.once(`a sign-in with ${provider} brought no tokens: for credentials, see fromUser`)
    return undefined
  }
  checkRefreshToken(found.tokens, provider, refresher, notices)
  const isStored = (field: string): boolean => field !== 'idToken' || options.storeIdToken === true
  const slots = found.style.slots.filter(({ field }) => isStored(field))
  const main = fitted(found.tokens, { ...found.style, slots })
  if (options.linkedProviders !== 'all') return { provider, main }
  return { provider, main, sets: await otherSets(refreshers, options, notices, provider) }
}

/** Warns of a sign-in without a refresh token, because its session ends with its access token. */
function checkRefreshToken(
  tokens: TokenSet,
  provider: string,
  { provider: { missingRefreshToken = '' } }: Refresher,
  notices: Notices,
): void {
  if (tokens.refreshToken != null) return
  const line = `a sign-in with ${provider} brought no refresh token: it ends with its access token.`
  notices.once(`${line} ${missingRefreshToken}`.trimEnd())
}

/** Until this time a number is no time at which a sign-in was, epoch milliseconds. */
const EARLIEST_MS = 1e12

/**
 * Reads the token set of an account at its sign-in. If there is an `expires_in`, it also tells when
 * the tokens were issued; NextAuth 4 has none. If there is no `expires_at`, because the application
 * has a token request of its own, the lifetime counts from now.
 *
 * Auth.js makes `expires_at` of `expires_in` even if that is in milliseconds, so it is counted
 * again.
 */
function tokenSetOfAccount(account: Fields): CookieTokenSet | undefined {
  const found = tokenSetIn(account)
  if (found === undefined) return undefined
  const { expiresAtMs } = found.tokens
  const statedAtMs = (expiresAtMs ?? NaN) - Number(account['expires_in']) * 1000
  const isTold = statedAtMs > EARLIEST_MS
  if (expiresAtMs && !isTold && found.tokens.obtainedAtMs === undefined) return found
  const nowMs = found.tokens.obtainedAtMs ?? (isTold ? statedAtMs : systemClock.now())
  const lifetimeOnly = { ...account, access_token: found.tokens.accessToken, expires_at: undefined }
  const counted = tokenSetFromResponse(lifetimeOnly, { nowMs }).expiresAtMs ?? expiresAtMs
  if (counted === undefined || counted === 0) return found
  const { authorizedAtMs = nowMs } = found.tokens
  const times = { expiresAtMs: counted, obtainedAtMs: nowMs, authorizedAtMs }
  return fitted({ ...found.tokens, ...times }, found.style)
}

async function tokenSetOfUser(
  { fromUser }: CallbackOptions,
  notices: Notices,
  user: Fields,
): Promise<CookieTokenSet | undefined> {
  try {
    const holder = fromUser === undefined ? user : await fromUser(user)
    const found = isObject(holder) ? tokenSetIn(holder) : undefined
    if (found === undefined || found.tokens.expiresAtMs) return found
    return tokenSetOfAccount(plainOf(holder as Fields))
  } catch (cause) {
    notices.failed('fromUser', cause)
    return undefined
  }
}

/** Reads the token sets of the session to which this sign-in links another account. */
async function otherSets(
  refreshers: Refreshers,
  { previousToken }: CallbackOptions,
  notices: Notices,
  provider: string,
): Promise<Record<string, TokenSet>> {
  try {
    const previous = await previousToken?.()
    if (!isObject(previous)) return {}
    const mark = markOf(previous)
    const main = tokenSetIn(previous)?.tokens
    const sets = { ...mark?.sets, ...(mark?.provider && main && { [mark.provider]: main }) }
    const linked = Object.entries(sets).filter(
      ([id]) => id !== provider && refresherOf(refreshers, id) !== undefined,
    )
    return Object.fromEntries(linked)
  } catch (cause) {
    notices.failed('previousToken', cause)
    return {}
  }
}
