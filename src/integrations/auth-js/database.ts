import { func, needed } from '../../core/check-options.ts'
import type { TableOf } from '../../core/check-options.ts'
import { plainOf } from '../../core/entity.ts'
import type { FieldStyle, Refresher, TokenSet } from '../../index.ts'
import { fitted, isObject, partsIn, readHeld, withTokenSet } from './cookie-token-set.ts'
import type { CookieTokenSet, Fields } from './cookie-token-set.ts'
import { noteSession } from './noted.ts'
import { checkCallbacks, noticesFor, refresherOf, SESSION_OPTIONS } from './options.ts'
import type { Refreshers, SessionOptions } from './options.ts'
import { renewal, type SessionRenewal } from './renewal.ts'
import { sessionOf } from './session.ts'
import type { AnySessionCallback, SessionCallback, SessionParams } from './session.ts'

/** Finds and writes the rows of the `account` table. */
export interface AccountStorage<R extends object> {
  /** Returns the whole rows of a user as they are now; the row of the session comes first. */
  find(userId: string): Promise<R | readonly R[] | null | undefined>
  /**
   * Writes the token columns of a row if they still hold the tokens of `previous`. If they do not,
   * another request was faster: that is no error.
   */
  update(next: R, previous: R): Promise<unknown>
}

/** The options of {@link databaseCallbacks}. */
export interface DatabaseOptions<R extends object, S> extends SessionOptions, AccountStorage<R> {
  /** The application's own callback. It runs after ours. */
  readonly session?: S | undefined
}

/** What `find` and `update` may be. */
export const STORAGE: TableOf<AccountStorage<object>> = { find: needed(func), update: needed(func) }

const DATABASE_OPTIONS: TableOf<DatabaseOptions<object, unknown>> = {
  ...SESSION_OPTIONS,
  ...STORAGE,
  session: func,
}

interface RowRenewal extends SessionRenewal {
  /** Every token set that was seen in the row, whole or in parts. */
  readonly seen: readonly Partial<TokenSet>[]
}

/**
 * Makes the `session` callback for the database strategy, where `jwt` never runs and tokens are in
 * the `account` table of an adapter. It renews the tokens of each row that has a refresher.
 * `session.error` and `session.accessToken` are about the first of these rows.
 *
 * It never throws. Auth.js writes tokens of the first sign-in only: add {@link signInEvent}, or a
 * grant that has ended stays in its row for ever.
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
  checkCallbacks('databaseCallbacks', refreshers, options, DATABASE_OPTIONS)
  const notices = noticesFor(options.log)

  async function currentRows(userId: unknown): Promise<readonly R[]> {
    try {
      return await rowsOf(options, userId)
    } catch (cause) {
      notices.failed('find', cause)
      return []
    }
  }

  async function renewRow(provider: string, refresher: Refresher, row: R): Promise<RowRenewal> {
    const held = tokenSetInRow(row)
    if (held === undefined) notices.once(`a row of ${provider} has no access token to be read`)
    else if (!held.style.slots.some(({ field }) => field === 'expiresAtMs')) {
      notices.once(
        `the rows of ${provider} do not tell when a token expires: let find return expires_at`,
      )
    }
    const found = await renewal(provider, refresher, held?.tokens, options)
    if (found.changed && found.tokens !== undefined) {
      try {
        await options.update(rowWith({ tokens: found.tokens }, row), row)
      } catch (cause) {
        // The ledger has the new set. The next request with the old row gets it from there.
        notices.failed('update', cause)
      }
    }
    return { ...found, seen: [...partsIn(row), ...(found.tokens ? [found.tokens] : [])] }
  }

  /**
   * Renews a row. Before it says that the user must sign in, it reads the row once more: another
   * sign-in, or a renewal past the ledger, may have written another token set.
   */
  async function renewLatest(
    userId: unknown,
    provider: string,
    row: R,
  ): Promise<RowRenewal | undefined> {
    const refresher = refresherOf(refreshers, provider)
    if (refresher === undefined) {
      notices.once(`there is no refresher for ${provider}: its tokens are left alone`)
      return undefined
    }
    const first = await renewRow(provider, refresher, row)
    if (!first.result.mustSignIn) return first
    const again = (await currentRows(userId)).find((each) => isSameAccount(each, row))
    if (again === undefined || isSameSet(again, row)) return first
    const second = await renewRow(provider, refresher, again)
    return { ...second, seen: [...first.seen, ...second.seen] }
  }

  async function session(params: SessionParams): Promise<object> {
    const userId = userIdOf(params)
    const rows = await currentRows(userId)
    const renewals = await Promise.all(rows.map((row) => renewLatest(userId, providerOf(row), row)))
    const found = renewals.filter((each) => each !== undefined)
    const contents = {
      results: found.map(({ result }) => result),
      sets: found.flatMap(({ seen }) => seen),
    }
    noteSession(contents.results[0])
    return sessionOf(params, contents, options)
  }

  return { session: session as SessionCallback }
}

function userIdOf({ user, session }: SessionParams): unknown {
  return isObject(user) ? user['id'] : (session as Fields)['userId']
}

/**
 * Finds the rows of a user.
 *
 * @param userId Passed on as it is: some databases number their users.
 */
export async function rowsOf<R extends object>(
  { find }: Pick<AccountStorage<R>, 'find'>,
  userId: unknown,
): Promise<readonly R[]> {
  if (userId === undefined || userId === null) return []
  const found = await find(userId as string)
  return [found ?? []].flat().filter(isObject) as R[]
}

/** Tells `readTokenSet` that this is a database row, in which `null` is an empty column. */
const ROW = { userId: '', providerAccountId: '' }

/** Reads the token set in a row of the `account` table. */
export function tokenSetInRow(row: object): CookieTokenSet | undefined {
  try {
    const { tokens } = readHeld({ ...ROW, ...plainOf(row) })
    const { expiresAtMs } = tokens
    const held = fitted(tokens, styleOf(row))
    // What tells when the token expires may be no column of that name.
    return expiresAtMs === undefined ? held : { ...held, tokens: { ...held.tokens, expiresAtMs } }
  } catch {
    return undefined
  }
}

/**
 * Returns the row with another token set, as a plain object also of an ORM's entity. Fields without
 * a column are dropped.
 */
export function rowWith<R extends object>({ tokens }: Pick<CookieTokenSet, 'tokens'>, row: R): R {
  return withTokenSet(fitted(tokens, styleOf(row)), row as Fields) as R
}

/** The `id` of the Auth.js provider. */
export function providerOf(row: object): string {
  return String((row as Fields)['provider'])
}

/** Whether both rows are about the same account at the same provider. */
export function isSameAccount(one: object, other: object): boolean {
  return providerOf(one) === providerOf(other) && accountIdOf(one) === accountIdOf(other)
}

/** The user's id at the provider, by the names that columns have for it. */
function accountIdOf(row: object): string {
  const { providerAccountId, provider_account_id: snake } = row as Fields
  return String(providerAccountId ?? snake)
}

/** Whether both rows hold the same tokens. */
export function isSameSet(one: object, other: object): boolean {
  const [a, b] = [tokenSetInRow(one)?.tokens, tokenSetInRow(other)?.tokens]
  return a?.accessToken === b?.accessToken && a?.refreshToken === b?.refreshToken
}

function styleOf(row: object): FieldStyle {
  const plain = plainOf(row)
  // `readTokenSet` reads every row that has an access token, also one whose columns are empty.
  const { style } = readHeld({ ...ROW, ...plain, accessToken: 'any' })
  const slots = style.slots.filter(
    ({ field, name }) => field !== 'provider' && Object.hasOwn(plain, name),
  )
  return { slots, absent: 'null' }
}
