import type { Refresher, TokenSet } from '../../index.ts'
import {
  fitted,
  isObject,
  markOf,
  tokenSetIn,
  type CookieTokenSet,
  type Fields,
  type Mark,
} from './cookie-token-set.ts'
import { isSameAccount, isSameSet, providerOf, rowsOf, rowWith, tokenSetInRow } from './database.ts'
import type { AccountStorage } from './database.ts'
import { markOfLegacyCookie } from './legacy-cookie.ts'
import { checkRefreshers, noticesFor, refresherOf, refuseOldNames } from './options.ts'
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
  readonly log?: Log
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
  { find, update, log }: AccountStorage<R> & { readonly log?: Log },
): (message: SignInMessage) => Promise<void> {
  checkRefreshers(refreshers)
  const notices = noticesFor(log)

  return async ({ user, account }) => {
    try {
      const userId = (user as { readonly id?: unknown }).id
      const found = isObject(account) ? tokenSetOfAccount(account) : undefined
      if (!isObject(account) || found === undefined) return
      const provider = providerOf(account)
      const refresher = refresherOf(refreshers, provider)
      if (refresher === undefined) return
      checkRefreshToken(found, provider, refresher, notices)
      for (let writes = 0; writes < WRITES_MAX; writes += 1) {
        const rows = await rowsOf({ find }, userId)
        const row = rows.find((each) => isSameAccount(each, account))
        if (row === undefined) return
        const next = rowWith(found, row)
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
  checkRefreshers(refreshers)
  refuseOldNames(options)
  const { legacyCookieProvider, find, log } = options
  const notices = noticesFor(log)

  async function setsOf({ token, session }: SignOutMessage): Promise<[string, TokenSet][]> {
    if (isObject(token)) {
      const mark =
        markOf(token) ?? markOfLegacyCookie(token, refreshers, legacyCookieProvider, notices)
      const main = tokenSetIn(token)?.tokens
      const own: [string, TokenSet][] = mark.provider && main ? [[mark.provider, main]] : []
      return [...own, ...Object.entries(mark.sets ?? {})]
    }
    const userId = isObject(session) ? session['userId'] : undefined
    const rows = find === undefined ? [] : await rowsOf({ find }, userId)
    return rows.flatMap((row) => {
      const tokens = tokenSetInRow(row)?.tokens
      return tokens ? [[providerOf(row), tokens] as [string, TokenSet]] : []
    })
  }

  return async (message) => {
    try {
      const sets = await setsOf(message)
      await Promise.all(
        sets.map(async ([id, tokens]) => refresherOf(refreshers, id)?.revoke(tokens)),
      )
    } catch (cause) {
      notices.failed('signOutEvent', cause)
    }
  }
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
  checkRefreshToken(found, provider, refresher, notices)
  const isStored = (field: string): boolean => field !== 'idToken' || options.storeIdToken === true
  const slots = found.style.slots.filter(({ field }) => isStored(field))
  const main = fitted(found.tokens, { ...found.style, slots })
  if (options.linkedProviders !== 'all') return { provider, main }
  return { provider, main, sets: await otherSets(refreshers, options, notices, provider) }
}

/** Warns of a sign-in without a refresh token, because its session ends with its access token. */
function checkRefreshToken(
  { tokens }: CookieTokenSet,
  provider: string,
  { provider: { missingRefreshToken = '' } }: Refresher,
  notices: Notices,
): void {
  if (tokens.refreshToken != null) return
  const line = `a sign-in with ${provider} brought no refresh token: it ends with its access token.`
  notices.once(`${line} ${missingRefreshToken}`.trimEnd())
}

/**
 * Reads the token set of an account, or of its row. If there is an `expires_in`, it also tells when
 * the tokens were issued; NextAuth 4 has none.
 */
function tokenSetOfAccount(account: Fields): CookieTokenSet | undefined {
  const found = tokenSetIn(account)
  if (found === undefined) return undefined
  const lifetimeMs = Number(account['expires_in']) * 1000
  const { expiresAtMs, obtainedAtMs, authorizedAtMs } = found.tokens
  const at = obtainedAtMs ?? (expiresAtMs ?? NaN) - lifetimeMs
  if (!Number.isFinite(at)) return found
  const tokens = { ...found.tokens, obtainedAtMs: at, authorizedAtMs: authorizedAtMs ?? at }
  return fitted(tokens, found.style)
}

async function tokenSetOfUser(
  { fromUser }: CallbackOptions,
  notices: Notices,
  user: Fields,
): Promise<CookieTokenSet | undefined> {
  if (fromUser === undefined) return tokenSetIn(user)
  try {
    const found = await fromUser(user)
    return isObject(found) ? tokenSetIn(found) : undefined
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
