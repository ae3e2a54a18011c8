import type { FieldStyle, Refresher, TokenSet } from '../../index.ts'
import { fitted, isObject, partsIn, type Held, type Token, written } from './cookie-token-set.ts'
import {
  checkRefreshers,
  noticesFor,
  refresherOf,
  type Refreshers,
  type SessionOptions,
} from './options.ts'
import { renewal, type Renewal } from './renewal.ts'
import {
  sessionOf,
  type AnySessionCallback,
  type SessionCallback,
  type SessionParams,
} from './session.ts'
import { readTokenSet } from '../../index.ts'

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

/** Where the rows of the `account` table are found and written. */
export interface AccountStorage<R extends object> {
  /** The rows of a user, whole, as they stand there now; first the one of the session. */
  find(userId: string): Promise<R | readonly R[] | null | undefined>
  /**
   * Writes the token columns of a row, if they still hold those of `previous`. That they do not is
   * no error: somebody was faster.
   */
  update(next: R, previous: R): Promise<unknown>
}

/**
 * The rows of a user.
 *
 * @param userId Handed on as it came: there are databases that number their users.
 */
export async function rowsOf<R extends object>(
  { find }: Pick<AccountStorage<R>, 'find'>,
  userId: unknown,
): Promise<readonly R[]> {
  if (userId === undefined || userId === null) return []
  const found = await find(userId as string)
  return [found ?? []].flat() as R[]
}

/** What tells a row from a token: in a row, `null` is an empty column. */
const ROW = { userId: '', providerAccountId: '' }

/** The set in a row of the `account` table. */
export function heldInRow(row: object): Held | undefined {
  try {
    return fitted(readTokenSet({ ...ROW, ...row }).tokens, styleOf(row))
  } catch {
    return undefined
  }
}

/** The row with another set, in the columns that it has: there is no place for others. */
export function rowWith<R extends object>({ tokens }: Pick<Held, 'tokens'>, row: R): R {
  return written(fitted(tokens, styleOf(row)), row as Token) as R
}

/** The `id` of the Auth.js provider. */
export function providerOf(row: object): string {
  return String((row as Token)['provider'])
}

/** Whether both are about the same account at the same provider. */
export function isSameAccount(one: object, other: object): boolean {
  const [a, b] = [one as Token, other as Token]
  return providerOf(a) === providerOf(b) && a['providerAccountId'] === b['providerAccountId']
}

/** Whether both rows hold the same tokens. */
export function isSameSet(one: object, other: object): boolean {
  const [a, b] = [heldInRow(one)?.tokens, heldInRow(other)?.tokens]
  return a?.accessToken === b?.accessToken && a?.refreshToken === b?.refreshToken
}

function styleOf(row: object): FieldStyle {
  // With an access token any row can be read, an emptied one too.
  const { style } = readTokenSet({ ...ROW, ...row, accessToken: 'any' })
  const slots = style.slots.filter(
    ({ field, name }) => field !== 'provider' && Object.hasOwn(row, name),
  )
  return { slots, absent: 'null' }
}
