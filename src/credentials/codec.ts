import { readTokenSet, writeTokenSet } from '../core/field-styles.ts'
import { isRecord, isAccident } from '../core/text.ts'
import type { TokenSet } from '../core/token-set.ts'

/** A JSON object as a file holds it. */
export type JsonObject = { readonly [name: string]: unknown }

/** How a credential file holds token sets: where they lie, under which names. */
export interface CredentialsCodec {
  /** The set under a key. `undefined`: there is none. */
  read(content: JsonObject, key: string): TokenSet | undefined
  /**
   * The content with the set under the key in its place, all else as it was. Without a set, it is
   * taken out: the user has signed out.
   */
  write(content: JsonObject, key: string, tokens: TokenSet | undefined): JsonObject
}

export interface FieldsOptions {
  /**
   * Names that `readTokenSet` does not know: `{ accessToken: 'access', expiresAtMs: 'expires' }`.
   * All that it knows is found without being told.
   */
  readonly names?: Partial<Record<keyof TokenSet, string>>
  /** Further fields that change with the tokens, such as the time of the last refresh. */
  readonly beside?: (tokens: TokenSet) => JsonObject
  /** Whether the object takes no field that it has not: another program refuses unknown ones. */
  readonly isClosed?: boolean
}

/**
 * Token sets in an object of the file, which other programs read and write, too. Each field that is
 * not of the set stays as it is, there and everywhere else in the file.
 *
 * ```ts
 * fieldsAt(['myOauth']) // { "myOauth": { "accessToken": …, "expiresAt": … }, … }
 * fieldsAt((key) => ['servers', key], { names: { accessToken: 'access' } })
 * ```
 *
 * @param place The names that lead to the object, from the top of the file; none: the top itself.
 */
export function fieldsAt(
  place: readonly string[] | ((key: string) => readonly string[]),
  { names = {}, beside, isClosed = false }: FieldsOptions = {},
): CredentialsCodec {
  const placeOf = typeof place === 'function' ? place : () => place
  const pairs = Object.entries(names)
  const inOurs = (fields: JsonObject): Record<string, unknown> => renamed(fields, pairs, 'toOurs')

  return {
    read(content, key) {
      const fields = objectAt(content, placeOf(key))
      if (fields === undefined) return undefined
      const ours = inOurs(fields)
      return hasAccessToken(ours) ? readTokenSet(ours).tokens : undefined
    },
    write(content, key, tokens) {
      const at = placeOf(key)
      const fields = inOurs(objectAt(content, at) ?? {})
      const { style } = readTokenSet(withAccessToken(fields))
      if (tokens === undefined) {
        const left = Object.fromEntries(
          Object.entries(fields).filter(
            ([name]) => !style.slots.some((slot) => slot.name === name),
          ),
        )
        const isEmpty = Object.keys(left).length === 0
        return put(content, at, isEmpty ? undefined : renamed(left, pairs, 'toTheirs'))
      }
      const written = Object.entries(writeTokenSet(tokens, style, fields)).filter(
        ([name]) => !isClosed || Object.hasOwn(fields, name) || !hasAccessToken(fields),
      )
      const theirs = renamed(Object.fromEntries(written), pairs, 'toTheirs')
      return put(content, at, { ...theirs, ...beside?.(tokens) })
    },
  }
}

/** The fields with an access token in them, from which their style can be read. */
function withAccessToken(fields: JsonObject): JsonObject {
  if (hasAccessToken(fields)) return fields
  return {
    ...fields,
    [Object.hasOwn(fields, 'access_token') ? 'access_token' : 'accessToken']: '-',
  }
}

const hasAccessToken = (fields: JsonObject): boolean =>
  [fields['accessToken'], fields['access_token']].some(
    (token) => typeof token === 'string' && token !== '' && !isAccident(token),
  )

function renamed(
  fields: JsonObject,
  pairs: readonly (readonly [ours: string, theirs: string])[],
  direction: 'toOurs' | 'toTheirs',
): Record<string, unknown> {
  const to = new Map(
    pairs.map(([ours, theirs]) => (direction === 'toOurs' ? [theirs, ours] : [ours, theirs])),
  )
  return Object.fromEntries(Object.entries(fields).map(([name, v]) => [to.get(name) ?? name, v]))
}

export function objectAt(content: JsonObject, place: readonly string[]): JsonObject | undefined {
  let value: unknown = content
  for (const name of place) {
    value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  }
  return isRecord(value) ? value : undefined
}

/** A copy with another value at a place. An object on the way that is missing is made. */
export function put(content: JsonObject, place: readonly string[], value: unknown): JsonObject {
  const [name, ...rest] = place
  if (name === undefined) return isRecord(value) ? value : {}
  const inner = Object.hasOwn(content, name) ? content[name] : undefined
  const next = rest.length === 0 ? value : put(isRecord(inner) ? inner : {}, rest, value)
  // By entries, so that the order stays, and `__proto__` is a name like any other.
  const entries = Object.entries(content).filter(([each]) => each !== name || next !== undefined)
  const kept = entries.map(([each, held]) => [each, each === name ? next : held] as const)
  const isNew = next !== undefined && !Object.hasOwn(content, name)
  return Object.fromEntries(isNew ? [...kept, [name, next] as const] : kept)
}

/** Numbers that JavaScript would round, as texts that no file holds. */
const MARK = '\u0000number '

/**
 * Reads an object of JSON so that writing it again changes nothing.
 *
 * @returns `undefined`, if it is no JSON or no object.
 */
export function parseObject(text: string): JsonObject | undefined {
  const source = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => {
      const isRounded = /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
      return isRounded ? JSON.stringify(MARK + token) : token
    })
  try {
    const value: unknown = JSON.parse(source)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Writes an object as the text before was: its indentation, and its last line break. */
export function writeObject(content: JsonObject, before: string | undefined): string {
  const [, indent = before === undefined || /\n/.test(before.trim()) ? '  ' : ''] =
    /^\uFEFF?\s*\{\r?\n([ \t]+)"/.exec(before ?? '') ?? []
  const text = JSON.stringify(content, null, indent).replaceAll(
    /"\\u0000number (-?\d+)"/g,
    (_, digits: string) => digits,
  )
  return before === undefined || /\n\s*$/.test(before) ? `${text}\n` : text
}
