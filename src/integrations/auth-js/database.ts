import type { Refresher, TokenSet } from '../../index.ts'
import { isObject, partsIn, type Token } from './held.ts'
import { noticesFor } from './notices.ts'
import { checkRefreshers, refresherOf, type Refreshers, type SessionOptions } from './options.ts'
import { renewal, type Renewal } from './renewal.ts'
import { heldInRow, isSameAccount, isSameSet, providerOf, rowsOf, rowWith } from './row.ts'
import type { AccountStorage } from './row.ts'
import {
  sessionOf,
  type AnySessionCallback,
  type SessionCallback,
  type SessionParams,
} from './session.ts'

/** What {@link databaseCallbacks} takes. */
export interface DatabaseOptions<R extends object, S> extends SessionOptions, AccountStorage<R> {
  /** The application's own callback. It runs after ours. */
  readonly session?: S | undefined
}

/** A row that was looked at. */
interface LookedAt extends Renewal {
  /** Every set that was seen of it, whole or in parts. */
  readonly seen: readonly Partial<TokenSet>[]
}

/**
 * The `session` callback for the database strategy, where `jwt` never runs and tokens live in the
 * `account` table of an adapter. For each row that has a refresher, the first being the one that
 * `session.error` and `session.accessToken` are about.
 *
 * It never throws. Auth.js writes tokens of the first sign-in only: add {@link signInEvent}, or a
 * dead grant stays in its row for ever.
 *
 * @param refreshers By the `id` of the Auth.js provider, which is the row's `provider`.
 */
export function databaseCallbacks<R extends object>(
  refreshers: Refreshers,
  options: DatabaseOptions<R, undefined>,
): { session: SessionCallback }
export function databaseCallbacks<R extends object, S extends AnySessionCallback>(
  refreshers: Refreshers,
  options: DatabaseOptions<R, S>,
): { session: S }
export function databaseCallbacks<R extends object, S extends AnySessionCallback>(
  refreshers: Refreshers,
  options: DatabaseOptions<R, S>,
): { session: SessionCallback } {
  checkRefreshers(refreshers)
  const notices = noticesFor(options.log)

  async function rowsNow(userId: unknown): Promise<readonly R[]> {
    try {
      return await rowsOf(options, userId)
    } catch (cause) {
      notices.failed('find', cause)
      return []
    }
  }

  async function look(provider: string, refresher: Refresher, row: R): Promise<LookedAt> {
    const held = heldInRow(row)
    const found = await renewal(provider, refresher, held?.tokens, options)
    if (found.changed && found.tokens !== undefined) {
      try {
        await options.update(rowWith({ tokens: found.tokens }, row), row)
      } catch (cause) {
        // The ledger has the set, and hands it to whoever comes with the row as it is.
        notices.failed('update', cause)
      }
    }
    return { ...found, seen: [...partsIn(row), ...(found.tokens ? [found.tokens] : [])] }
  }

  /** Whoever signs in again elsewhere, or renews without the ledger, writes another set there. */
  async function lookTwice(
    userId: unknown,
    provider: string,
    row: R,
  ): Promise<LookedAt | undefined> {
    const refresher = refresherOf(refreshers, provider)
    if (refresher === undefined) {
      notices.once(`there is no refresher for ${provider}: its tokens are left alone`)
      return undefined
    }
    const first = await look(provider, refresher, row)
    if (!first.result.mustSignIn) return first
    const again = (await rowsNow(userId)).find((each) => isSameAccount(each, row))
    if (again === undefined || isSameSet(again, row)) return first
    const second = await look(provider, refresher, again)
    return { ...second, seen: [...first.seen, ...second.seen] }
  }

  async function session(params: SessionParams): Promise<object> {
    const userId = userIdOf(params)
    const rows = await rowsNow(userId)
    const looked = await Promise.all(rows.map((row) => lookTwice(userId, providerOf(row), row)))
    const found = looked.filter((each) => each !== undefined)
    const view = {
      results: found.map(({ result }) => result),
      sets: found.flatMap(({ seen }) => seen),
    }
    return sessionOf(params, view, options)
  }

  return { session: session as SessionCallback }
}

function userIdOf({ user, session }: SessionParams): unknown {
  return isObject(user) ? user['id'] : (session as Token)['userId']
}
