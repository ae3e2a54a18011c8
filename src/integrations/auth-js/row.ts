import { readTokenSet } from '../../index.ts'
import type { FieldStyle } from '../../index.ts'
import { fitted, written, type Held, type Token } from './held.ts'

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
