import type { TokenSet } from '../../index.ts'
import { heldIn, isObject, markOf } from './held.ts'
import { noticesFor, type Log } from './notices.ts'
import { checkRefreshers, refresherOf, type Refreshers } from './options.ts'
import { ownerOf } from './owner.ts'
import { heldInRow, isSameAccount, isSameSet, providerOf, rowsOf, rowWith } from './row.ts'
import type { AccountStorage } from './row.ts'
import { checkRefreshToken, heldAt } from './sign-in.ts'

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
