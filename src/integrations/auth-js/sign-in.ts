import type { Refresher, TokenSet } from '../../index.ts'
import {
  fitted,
  heldIn,
  isObject,
  markOf,
  type Held,
  type Mark,
  type Token,
} from './cookie-token-set.ts'
import type { Notices } from './options.ts'
import {
  checkRefreshers,
  noticesFor,
  refresherOf,
  type CallbackOptions,
  type Log,
  type Refreshers,
} from './options.ts'
import { ownerOf } from './legacy-cookie.ts'
import { heldInRow, isSameAccount, isSameSet, providerOf, rowsOf, rowWith } from './database.ts'
import type { AccountStorage } from './database.ts'

/** What a sign-in brought. */
export interface SignedIn {
  readonly provider: string
  readonly held: Held
  /** Sets of other providers that stay beside it. */
  readonly sets?: Mark['sets']
}

/** The set that a sign-in brought, if it is for one of the refreshers. */
export async function setAtSignIn(
  refreshers: Refreshers,
  options: CallbackOptions,
  notices: Notices,
  account: Token,
  user: Token,
): Promise<SignedIn | undefined> {
  const { provider } = account
  if (typeof provider !== 'string') return undefined
  const refresher = refresherOf(refreshers, provider)
  if (refresher === undefined) {
    notices.once(`there is no refresher for ${provider}: its tokens are left alone`)
    return undefined
  }
  const held = heldAt(account) ?? (await heldByUser(options, notices, user))
  if (held === undefined) {
    notices.once(`a sign-in with ${provider} brought no tokens: for credentials, see fromUser`)
    return undefined
  }
  checkRefreshToken(held, provider, refresher, notices)
  const isKept = (field: string): boolean => field !== 'idToken' || options.idToken === true
  const slots = held.style.slots.filter(({ field }) => isKept(field))
  const main = fitted(held.tokens, { ...held.style, slots })
  if (options.keep !== 'all') return { provider, held: main }
  return { provider, held: main, sets: await others(refreshers, options, notices, provider) }
}

/** Says so of a sign-in that works until its access token expires, and no longer. */
export function checkRefreshToken(
  { tokens }: Held,
  provider: string,
  { missingRefreshToken = '' }: Refresher,
  notices: Notices,
): void {
  if (tokens.refreshToken != null) return
  const line = `a sign-in with ${provider} brought no refresh token: it ends with its access token.`
  notices.once(`${line} ${missingRefreshToken}`.trimEnd())
}

/**
 * The set of an account (or an account's row), with what its `expires_in` says: NextAuth 4 has
 * none.
 */
export function heldAt(account: Token): Held | undefined {
  const held = heldIn(account)
  if (held === undefined) return undefined
  const lifetimeMs = Number(account['expires_in']) * 1000
  const { expiresAtMs, obtainedAtMs, authorizedAtMs } = held.tokens
  const at = obtainedAtMs ?? (expiresAtMs ?? NaN) - lifetimeMs
  if (!Number.isFinite(at)) return held
  const tokens = { ...held.tokens, obtainedAtMs: at, authorizedAtMs: authorizedAtMs ?? at }
  return fitted(tokens, held.style)
}

async function heldByUser(
  { fromUser }: CallbackOptions,
  notices: Notices,
  user: Token,
): Promise<Held | undefined> {
  if (fromUser === undefined) return heldIn(user)
  try {
    const found = await fromUser(user)
    return isObject(found) ? heldIn(found) : undefined
  } catch (cause) {
    notices.failed('fromUser', cause)
    return undefined
  }
}

/** The sets of the session that this sign-in adds to. */
async function others(
  refreshers: Refreshers,
  { previousToken }: CallbackOptions,
  notices: Notices,
  provider: string,
): Promise<Record<string, TokenSet>> {
  try {
    const previous = await previousToken?.()
    if (!isObject(previous)) return {}
    const mark = markOf(previous)
    const main = heldIn(previous)?.tokens
    const sets = { ...mark?.sets, ...(mark?.provider && main && { [mark.provider]: main }) }
    const kept = Object.entries(sets).filter(
      ([id]) => id !== provider && refresherOf(refreshers, id) !== undefined,
    )
    return Object.fromEntries(kept)
  } catch (cause) {
    notices.failed('previousToken', cause)
    return {}
  }
}

/** The message of `events.signOut`, of every version and strategy. */
export interface SignOutMessage {
  /** With the JWT strategy: the token in the cookie of that request, perhaps generations old. */
  readonly token?: unknown
  /** With the database strategy: the row that was deleted, if the adapter returns it. */
  readonly session?: unknown
}

/** What {@link signOutEvent} takes. */
export interface SignOutOptions {
  /** As of {@link refreshCallbacks}. */
  readonly adopt?: string | false
  /**
   * With the database strategy: the rows of a user. Their tokens are those of all the user's
   * sessions; without this, a sign-out leaves them alone.
   */
  readonly find?: AccountStorage<object>['find']
  readonly log?: Log
}

/** The message of `events.signIn`. */
export interface SignInMessage {
  readonly user: object
  readonly account?: object | null
}

/**
 * For `events.signOut`: ends the chains of the tokens that go, for every holder, and revokes them
 * at the AS (RFC 7009). An older cookie does too, and one that a late response puts back is worth
 * nothing any more. Never rejects.
 */
export function signOutEvent(
  refreshers: Refreshers,
  { adopt, find, log }: SignOutOptions = {},
): (message: SignOutMessage) => Promise<void> {
  checkRefreshers(refreshers)
  const notices = noticesFor(log)

  async function setsOf({ token, session }: SignOutMessage): Promise<[string, TokenSet][]> {
    if (isObject(token)) {
      const { provider, sets } = markOf(token) ?? { ...ownerOf(token, refreshers, adopt, notices) }
      const main = heldIn(token)?.tokens
      const own: [string, TokenSet][] = provider && main ? [[provider, main]] : []
      return [...own, ...Object.entries(sets ?? {})]
    }
    const userId = isObject(session) ? session['userId'] : undefined
    const rows = find === undefined ? [] : await rowsOf({ find }, userId)
    return rows.flatMap((row) => {
      const tokens = heldInRow(row)?.tokens
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

/** How often a sign-in writes its tokens, when somebody else writes the row at the same time. */
const WRITES_MAX = 3

/**
 * For `events.signIn` with the database strategy: writes the tokens of every sign-in into their
 * row. Auth.js itself writes those of the first one only. Never rejects.
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
      const held = isObject(account) ? heldAt(account) : undefined
      if (!isObject(account) || held === undefined) return
      const provider = providerOf(account)
      const refresher = refresherOf(refreshers, provider)
      if (refresher === undefined) return
      checkRefreshToken(held, provider, refresher, notices)
      for (let writes = 0; writes < WRITES_MAX; writes += 1) {
        const rows = await rowsOf({ find }, userId)
        const row = rows.find((each) => isSameAccount(each, account))
        if (row === undefined) return
        const next = rowWith(held, row)
        if (isSameSet(next, row)) return
        await update(next, row)
      }
    } catch (cause) {
      notices.failed('signInEvent', cause)
    }
  }
}
