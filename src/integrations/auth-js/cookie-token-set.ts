import { plainOf } from '../../core/entity.ts'
import { isVagueExpiryName } from '../../core/text.ts'
import { isRefreshError, readTokenSet, writeTokenSet } from '../../index.ts'
import type { FieldStyle, TokenSet } from '../../index.ts'
import { refresherOf, type Notices, type Refreshers } from './options.ts'

/** An object by its field names: the decoded session cookie, a session, a user or an account. */
export type Fields = Record<string, unknown>

/** A token set that was read out of an object, and the field names under which it was found. */
export interface CookieTokenSet {
  readonly tokens: TokenSet
  readonly style: FieldStyle
}

/** Our note in the session cookie. It says which provider issued the tokens. */
export interface Mark {
  /** The `id` of the Auth.js provider. Absent: the cookie holds no token set of ours. */
  readonly provider?: string
  /** Token sets of other providers that were linked, by provider (`linkedProviders: 'all'`). */
  readonly sets?: Readonly<Record<string, TokenSet>>
  /** Stands for the tokens, which stay in the ledger (`tokens: 'ledger'`). */
  readonly handle?: string
}

const MARK = 'refreshOnce'

/** If one of these fields is in a cookie, the cookie holds, or held, a token set. */
const TELLING: ReadonlySet<keyof TokenSet> = new Set(['accessToken', 'refreshToken', 'expiresAtMs'])

/** These fields never leave the server. */
const SECRET: ReadonlySet<keyof TokenSet> = new Set(['refreshToken', 'grant'])

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns `undefined` if the cookie was written before refresh-once was installed. */
export function markOf(cookie: object): Mark | undefined {
  const mark = Object.hasOwn(cookie, MARK) ? (cookie as Fields)[MARK] : undefined
  if (!isObject(mark)) return undefined
  const { provider, sets, handle } = mark
  return {
    ...(typeof provider === 'string' && { provider }),
    ...(isObject(sets) && { sets: readableSets(sets) }),
    ...(typeof handle === 'string' && { handle }),
  }
}

function readableSets(sets: Fields): Record<string, TokenSet> {
  const readable = Object.entries(sets).filter(
    (entry): entry is [string, Fields & TokenSet] =>
      isObject(entry[1]) && typeof entry[1]['accessToken'] === 'string',
  )
  return Object.fromEntries(readable)
}

export function withMark(cookie: Fields, mark: Mark): Fields {
  return { ...cookie, [MARK]: mark }
}

/**
 * Reads the token set in a session cookie, a user or an account.
 *
 * @param options.strict Whether an expiry that cannot be read makes the whole set unreadable.
 *   Hand-written callbacks leave such an expiry after a failed refresh (`NaN`, in JSON `null`).
 */
export function tokenSetIn(value: object, { strict = false } = {}): CookieTokenSet | undefined {
  const fields = withoutOwnNames(plainOf(value))
  try {
    const { tokens, style } = readHeld(fields)
    const isPoisoned = style.slots.some(
      ({ field, name }) =>
        field === 'expiresAtMs' && tokens.expiresAtMs === undefined && Object.hasOwn(fields, name),
    )
    return strict && isPoisoned ? undefined : fitted(tokens, cookieStyle(style, fields))
  } catch {
    return undefined
  }
}

/**
 * Reads a token set. If it holds a lifetime and no time from which it counts, it is taken as
 * expired: one refresh heals it, and the user stays signed in.
 */
export function readHeld(fields: Fields): ReturnType<typeof readTokenSet> {
  try {
    return readTokenSet(fields)
  } catch (error) {
    if (!isRefreshError(error) || error.field !== 'expiresAtMs') throw error
    return readTokenSet({ ...fields, expires_at: 0 })
  }
}

/** Whether the cookie holds a token set, or fields that are left of one. */
function hasTraces(cookie: Fields): boolean {
  return slotsIn(cookie).some(({ field, name }) => TELLING.has(field) && !isVagueExpiryName(name))
}

/**
 * Finds the provider of a session cookie that was written before refresh-once was installed.
 *
 * If neither the cookie nor the option names the provider, the cookie is left alone, also if there
 * is only one refresher: its refresh token may be that of another server.
 */
export function markOfLegacyCookie(
  cookie: Fields,
  refreshers: Refreshers,
  named: string | false | undefined,
  notices: Notices,
): Mark {
  if (!hasTraces(cookie) || named === false) return {}
  if (named !== undefined) return { provider: named }
  const { provider } = cookie
  if (typeof provider === 'string' && refresherOf(refreshers, provider)) return { provider }
  notices.once(
    'a cookie does not say whose tokens it holds: write `legacyCookieProvider`, ' +
      'or wait for sign-ins',
  )
  return {}
}

/** Reads each token field by itself, so that secrets of an unreadable set are found too. */
export function partsIn(value: object): Partial<TokenSet>[] {
  const fields = plainOf(value) as Fields
  return slotsIn(fields).flatMap(({ field, name }) => {
    const text = fields[name]
    return typeof text === 'string' && text !== '' ? [{ [field]: text }] : []
  })
}

export function withoutTokenSet(cookie: Fields): Fields {
  const rest = { ...cookie }
  for (const { name } of slotsIn(cookie)) delete rest[name]
  return rest
}

/** The cookie as the application's `session` callback may see it. */
export function withoutSecrets(cookie: Fields): Fields {
  const rest = { ...cookie }
  for (const { field, name } of slotsIn(cookie)) if (SECRET.has(field)) delete rest[name]
  const mark = markOf(cookie)
  return mark === undefined ? rest : withMark(rest, omitted(omitted(mark, 'sets'), 'handle'))
}

/** Writes a token set under the field names under which it was found. */
export function withTokenSet({ tokens, style }: CookieTokenSet, into: Fields): Fields {
  return writeTokenSet(tokens, style, into)
}

/**
 * Puts our token set back into the cookie that the application's callback returned. Each name of a
 * token field, in every known style, holds our value afterwards, or is absent.
 *
 * @param mayKeepIdToken Whether an ID token that the application put there itself may stay.
 */
export function restored(
  result: Fields,
  { tokens, style }: CookieTokenSet,
  mayKeepIdToken: boolean,
): Fields {
  const ours = writeTokenSet(tokens, style, {})
  const { slots } = readHeld(withoutOwnNames({ ...result, ...ours })).style
  const mayStay = (field: keyof TokenSet): boolean =>
    field === 'idToken' && mayKeepIdToken && tokens.idToken === undefined
  const all = { slots: slots.filter(({ field }) => field !== 'provider' && !mayStay(field)) }
  return writeTokenSet(tokens, { ...all, absent: 'omit' }, result)
}

/** Drops the fields of a token set for which the style has no name. */
export function fitted(tokens: TokenSet, style: FieldStyle): CookieTokenSet {
  const names = new Set<string>(style.slots.map(({ field }) => field))
  const kept = Object.entries(tokens).filter(([field]) => names.has(field))
  return { tokens: Object.fromEntries(kept) as unknown as TokenSet, style }
}

/**
 * Removes the name for `provider`, because Auth.js uses that name itself and our mark says which
 * provider it is. Removes the name for an ID token if the cookie holds none, because an ID token is
 * large.
 */
function cookieStyle(style: FieldStyle, fields: Fields): FieldStyle {
  const slots = style.slots.filter(
    ({ field, name }) =>
      field !== 'provider' && (field !== 'idToken' || Object.hasOwn(fields, name)),
  )
  return { ...style, slots }
}

/** The names of token fields that a cookie has, whether or not they make a readable set. */
function slotsIn(cookie: Fields): FieldStyle['slots'] {
  // `readTokenSet` reads every object that has an access token.
  const { style } = readHeld({ ...withoutOwnNames(cookie), accessToken: 'any' })
  return cookieStyle(style, cookie).slots.filter(({ name }) => Object.hasOwn(cookie, name))
}

/**
 * With `userId` and `accountId`, `readTokenSet` would take a cookie for a database row; and `exp`
 * says when the cookie itself expires (RFC 7519 §4.1.4).
 */
function withoutOwnNames(value: object): Fields {
  return omitted(omitted(value as Fields, 'userId'), 'exp')
}

function omitted<T extends object, K extends keyof T>(value: T, name: K): Omit<T, K> & Partial<T> {
  const { [name]: _, ...rest } = value
  return rest as Omit<T, K> & Partial<T>
}
