import { ownField, readInstant, readNumber, SECONDS_MAX } from './read-field.ts'
import type { TokenSet } from './token-set.ts'

/** A field of a token set. */
export type Field = keyof TokenSet

/** How a value is written: a text as it is, a list of texts, a time in one of four ways. */
export type FieldForm = 'text' | 'list' | 's' | 'ms' | 'iso' | 'date'

/** One field of a token set, as some object holds it. */
export interface FieldSlot {
  readonly field: Field
  readonly name: string
  readonly form: FieldForm
}

/** How an object holds a token set. Plain data; {@link readTokenSet} finds it out. */
export interface FieldStyle {
  /** A field that several names hold is written to each of them, or one would go stale. */
  readonly slots: readonly FieldSlot[]
  /** What becomes of a field that the set has not. A database keeps a column that is left out. */
  readonly absent: 'omit' | 'null'
}

/** The names that people have for a field, ours first, each with the form it has unless seen. */
const NAMES: Readonly<Record<Field, readonly (readonly [name: string, form: FieldForm])[]>> = {
  accessToken: [
    ['accessToken', 'text'],
    ['access_token', 'text'],
  ],
  refreshToken: [
    ['refreshToken', 'text'],
    ['refresh_token', 'text'],
  ],
  expiresAtMs: [
    ['expiresAtMs', 'ms'],
    ['expires_at', 's'],
    ['expiresAt', 'ms'],
    ['accessTokenExpires', 'ms'],
    ['accessTokenExpiresAt', 'date'],
    ['access_token_expires_at', 's'],
  ],
  refreshExpiresAtMs: [
    ['refreshExpiresAtMs', 'ms'],
    ['refreshTokenExpires', 'ms'],
    ['refreshTokenExpiresAt', 'date'],
    ['refresh_token_expires_at', 's'],
  ],
  obtainedAtMs: [['obtainedAtMs', 'ms']],
  authorizedAtMs: [['authorizedAtMs', 'ms']],
  idToken: [
    ['idToken', 'text'],
    ['id_token', 'text'],
  ],
  scope: [['scope', 'text']],
  tokenType: [
    ['tokenType', 'text'],
    ['token_type', 'text'],
  ],
  grant: [['grant', 'text']],
  provider: [['provider', 'text']],
}

const FIELDS = Object.keys(NAMES) as readonly Field[]

/** What a field is called beside a snake_case access token, where no name is there to be seen. */
const SNAKE_SLOTS: readonly FieldSlot[] = [
  { field: 'refreshToken', name: 'refresh_token', form: 'text' },
  { field: 'expiresAtMs', name: 'expires_at', form: 's' },
  { field: 'idToken', name: 'id_token', form: 'text' },
  { field: 'tokenType', name: 'token_type', form: 'text' },
]

/** Our own style: the fields of a {@link TokenSet}. */
export const OWN_STYLE: FieldStyle = {
  slots: FIELDS.map((field) => ownSlot(field)),
  absent: 'omit',
}

/** Tokens in a row of accounts: Auth.js's adapters, better-auth. Its columns are all it takes. */
export function isDatabaseRow(value: object): boolean {
  return (
    Object.hasOwn(value, 'userId') &&
    (Object.hasOwn(value, 'providerAccountId') || Object.hasOwn(value, 'accountId'))
  )
}

/** Every name of ours that the object has. `provider` only where every other name is our own. */
export function foundSlots(value: object): FieldSlot[] {
  const slots = FIELDS.flatMap((field) =>
    NAMES[field]
      .filter(([name]) => Object.hasOwn(value, name))
      .map(([name, form]) => ({ field, name, form: seenForm(ownField(value, name), name, form) })),
  )
  const isOwn = slots.every(({ field, name }) => field === name)
  return isOwn ? slots : slots.filter(({ name }) => name !== 'provider')
}

/** The style of an object that takes new fields: each of ours gets a name. */
export function completed(found: readonly FieldSlot[]): FieldStyle {
  const isSnake = found.some(({ name }) => name === 'access_token')
  const isOwn = found.every(({ field, name }) => field === name)
  const missing = FIELDS.filter(
    (field) => !found.some((slot) => slot.field === field) && (isOwn || field !== 'provider'),
  )
  const names = isSnake ? SNAKE_SLOTS : []
  const added = missing.map((field) => names.find((slot) => slot.field === field) ?? ownSlot(field))
  return { slots: [...found, ...added], absent: 'omit' }
}

function ownSlot(field: Field): FieldSlot {
  return { field, name: field, form: NAMES[field][0]?.[1] ?? 'text' }
}

/** The form that a value has, if it can be told. A name that ends in its unit is believed. */
function seenForm(value: unknown, name: string, usual: FieldForm): FieldForm {
  if (usual === 'text') return name === 'scope' && Array.isArray(value) ? 'list' : 'text'
  if (name.endsWith('Ms')) return 'ms'
  if (value instanceof Date) return 'date'
  const number = readNumber(value)
  if (number !== undefined && number > 0) return number > SECONDS_MAX ? 'ms' : 's'
  return number === undefined && readInstant(value) !== undefined ? 'iso' : usual
}

/** A value of a token set, as a slot of that form holds it. */
export function inForm(value: string | number, form: FieldForm): unknown {
  if (typeof value === 'string') return form === 'list' ? value.split(' ') : value
  if (form === 's') return Math.floor(value / 1000)
  if (form === 'ms') return value
  return form === 'date' ? new Date(value) : new Date(value).toISOString()
}
