import { readTokenSet, writeTokenSet } from '../../index.ts'
import type { FieldStyle, TokenSet } from '../../index.ts'

/** What Auth.js keeps in its session cookie: an object that both callbacks get. */
export type Token = Record<string, unknown>

/** A token set in some object, and how it is written there. */
export interface Held {
  readonly tokens: TokenSet
  readonly style: FieldStyle
}

/** What we note in a token: whose tokens these are. */
export interface Mark {
  /** The `id` of the Auth.js provider. Absent: the token holds no set of ours. */
  readonly provider?: string
  /** Sets of other providers that were linked, by provider (`keep: 'all'`). */
  readonly sets?: Readonly<Record<string, TokenSet>>
}

const MARK = 'refreshOnce'

/** Fields in which a set leaves traces. */
const TELLING: ReadonlySet<keyof TokenSet> = new Set(['accessToken', 'refreshToken', 'expiresAtMs'])

/** Fields that are nobody's business outside the server. */
const SECRET: ReadonlySet<keyof TokenSet> = new Set(['refreshToken', 'grant'])

export function isObject(value: unknown): value is Token {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `undefined`: the token comes from before us. */
export function markOf(token: object): Mark | undefined {
  const mark = Object.hasOwn(token, MARK) ? (token as Token)[MARK] : undefined
  if (!isObject(mark)) return undefined
  const { provider, sets } = mark
  return {
    ...(typeof provider === 'string' && { provider }),
    ...(isObject(sets) && { sets: setsIn(sets) }),
  }
}

function setsIn(sets: Token): Record<string, TokenSet> {
  const whole = Object.entries(sets).filter(
    (entry): entry is [string, Token & TokenSet] =>
      isObject(entry[1]) && typeof entry[1]['accessToken'] === 'string',
  )
  return Object.fromEntries(whole)
}

export function marked(token: Token, mark: Mark): Token {
  return { ...token, [MARK]: mark }
}

/**
 * The set in a token, a user or an account.
 *
 * @param options.strict Whether an expiry that cannot be read spoils the set: what hand-written
 *   callbacks made of a failed refresh (`NaN`, in JSON `null`).
 */
export function heldIn(value: object, { strict = false } = {}): Held | undefined {
  const fields = asToken(value)
  try {
    const { tokens, style } = readTokenSet(fields)
    const isPoisoned = style.slots.some(
      ({ field, name }) =>
        field === 'expiresAtMs' && tokens.expiresAtMs === undefined && Object.hasOwn(fields, name),
    )
    return strict && isPoisoned ? undefined : fitted(tokens, narrowed(style, fields))
  } catch {
    return undefined
  }
}

/** Whether there is, or was, a token set in it. */
export function hasTraces(token: Token): boolean {
  return slotsOf(token).some(({ field }) => TELLING.has(field))
}

/** The texts under the names of a set, name by name, though they may make no set. */
export function partsIn(value: object): Partial<TokenSet>[] {
  const token = value as Token
  return slotsOf(token).flatMap(({ field, name }) => {
    const text = token[name]
    return typeof text === 'string' && text !== '' ? [{ [field]: text }] : []
  })
}

/** A token without any field of a set. */
export function cleared(token: Token): Token {
  const rest = { ...token }
  for (const { name } of slotsOf(token)) delete rest[name]
  return rest
}

/** What others may see of a token. */
export function withoutSecrets(token: Token): Token {
  const rest = { ...token }
  for (const { field, name } of slotsOf(token)) if (SECRET.has(field)) delete rest[name]
  const mark = markOf(token)
  return mark === undefined ? rest : marked(rest, omitted(mark, 'sets'))
}

/** Writes a set as its holder has it. */
export function written({ tokens, style }: Held, into: Token): Token {
  return writeTokenSet(tokens, style, into)
}

/**
 * Puts our set back into what a callback of the application's returned: wherever a name of a set
 * stands in it, in whatever style, it holds ours, or nothing.
 *
 * @param idToken Whether an ID token that the application put there itself may stay.
 */
export function restored(result: Token, { tokens, style }: Held, idToken: boolean): Token {
  const ours = writeTokenSet(tokens, style, {})
  const { slots } = readTokenSet(asToken({ ...result, ...ours })).style
  const mayStay = (field: keyof TokenSet): boolean =>
    field === 'idToken' && idToken && tokens.idToken === undefined
  const all = { slots: slots.filter(({ field }) => field !== 'provider' && !mayStay(field)) }
  return writeTokenSet(tokens, { ...all, absent: 'omit' }, result)
}

/** A set, without what its holder has no place for. */
export function fitted(tokens: TokenSet, style: FieldStyle): Held {
  const places = new Set<string>(style.slots.map(({ field }) => field))
  const kept = Object.entries(tokens).filter(([field]) => places.has(field))
  return { tokens: Object.fromEntries(kept) as unknown as TokenSet, style }
}

/**
 * Without a slot for `provider`, since the mark says whose set it is and Auth.js has that name for
 * something else; nor for an ID token where none is.
 */
function narrowed(style: FieldStyle, fields: Token): FieldStyle {
  const slots = style.slots.filter(
    ({ field, name }) =>
      field !== 'provider' && (field !== 'idToken' || Object.hasOwn(fields, name)),
  )
  return { ...style, slots }
}

/** The names of a set that the token has, whether or not there is a set. */
function slotsOf(token: Token): FieldStyle['slots'] {
  // With an access token of its own any object can be read.
  const { style } = readTokenSet({ ...asToken(token), accessToken: 'any' })
  return narrowed(style, token).slots.filter(({ name }) => Object.hasOwn(token, name))
}

/** Whoever puts `userId` and `accountId` into a token has made no database row of it. */
function asToken(value: object): Token {
  return omitted(value as Token, 'userId')
}

function omitted<T extends object, K extends keyof T>(value: T, name: K): Omit<T, K> & Partial<T> {
  const { [name]: _, ...rest } = value
  return rest as Omit<T, K> & Partial<T>
}
