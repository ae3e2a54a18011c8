import { plainOf } from './entity.ts'
import { isRefreshError, RefreshError } from './errors.ts'
import { isExpiryName, isRefreshExpiryName, readExpiry } from './lifetime.ts'
import {
  bareToken,
  inForm,
  isAccident,
  isQuoted,
  isRecord,
  isVagueExpiryName,
  ownField,
  readInstant,
  readScope,
  readText,
  seenForm,
  tokenFault,
} from './text.ts'
import type { FieldForm } from './text.ts'
import { parseGrant } from './tokens.ts'
import type { TokenSet } from './token-set.ts'

/** A field of a token set. */
type Field = keyof TokenSet

/** One field of a token set, as some object holds it. */
interface FieldSlot {
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
    ['expiry_date', 'ms'],
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

const KNOWN = new Set(FIELDS.flatMap((field) => NAMES[field].map(([name]) => name)))

/** The names that fields get beside a snake_case access token, if the object has none. */
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

/**
 * Reads a token set out of an object that holds it in any of the styles people have: `access_token`
 * with `expires_at` in seconds (Auth.js accounts and the columns of its databases), `accessToken`
 * with `expiresAt` in seconds or milliseconds, `accessTokenExpires`, `expiry_date`, `expires_on`
 * and the like, `Date`s, ISO and database texts, our own; also behind the getters of an ORM's
 * entity.
 *
 * Seconds and milliseconds are told apart by size. A text without zone is of UTC, or of this host's
 * zone if that is earlier. What cannot be read counts as absent, except an expiry (`NaN`, `'Invalid
 * Date'`; `null` too, which is what JSON makes of `NaN`, but not in a database row) beside a
 * refresh token: that set is taken as expired, so that one refresh heals it. If no field holds an
 * expiry, an access token that is a JWT tells it, or a lifetime together with `issued_at` and the
 * like. `provider` is read in our own style only: Auth.js calls its own providers so.
 *
 * @returns The set, which passes {@link checkTokenSet}, and the style to write its successor in.
 * @throws {RefreshError} `invalid_tokens` when there is no access token in it, or only a lifetime
 *   (`expires_in`) and no time from which it counts.
 */
export function readTokenSet(value: unknown): { tokens: TokenSet; style: FieldStyle } {
  if (typeof value !== 'object' || value === null) throw noAccessToken()
  try {
    return readFields(plainOf(value))
  } catch (error) {
    if (isRefreshError(error)) throw error
    throw invalid('accessToken', 'It cannot be read: one of its getters throws.')
  }
}

function readFields(value: object): { tokens: TokenSet; style: FieldStyle } {
  const isRow = isDatabaseRow(value)
  const found = foundSlots(value)
  const accessToken = readToken(value, found, 'accessToken')
  if (accessToken === undefined) throw noAccessToken()
  const refreshToken = readToken(value, found, 'refreshToken')
  const canRefresh = refreshToken !== undefined
  // Of a refresh token only its provider knows whether quotes are of it.
  checkToken('refreshToken', refreshToken, 'kept')
  if (isQuoted(accessToken)) checkToken('accessToken', accessToken)
  const expiries = found.filter(({ field }) => field === 'expiresAtMs').map(({ name }) => name)
  const tokens: TokenSet = {
    accessToken,
    ...present('refreshToken', refreshToken),
    ...present('expiresAtMs', readExpiry(value, expiries, accessToken, canRefresh, isRow)),
    ...present('refreshExpiresAtMs', firstOf(value, found, 'refreshExpiresAtMs', readInstant)),
    ...present('obtainedAtMs', firstOf(value, found, 'obtainedAtMs', readInstant)),
    ...present('authorizedAtMs', firstOf(value, found, 'authorizedAtMs', readInstant)),
    ...present('idToken', readToken(value, found, 'idToken')),
    ...present('scope', firstOf(value, found, 'scope', readScope)),
    ...present('tokenType', firstOf(value, found, 'tokenType', readText)),
    ...present('grant', firstOf(value, found, 'grant', readGrant)),
    ...present('provider', firstOf(value, found, 'provider', readText)),
  }
  return { tokens, style: isRow ? { slots: found, absent: 'null' } : completed(found) }
}

/**
 * Writes a token set in a style, the other fields of `into` kept. A field that the set has not is
 * removed, or `null` in a database row; nothing is ever `undefined`. A row gets no field it had
 * not: there is no column for it.
 *
 * @returns A new, plain object, also of an ORM's entity.
 */
export function writeTokenSet(
  tokens: TokenSet,
  style: FieldStyle,
  into: Record<string, unknown>,
): Record<string, unknown> {
  const given: readonly unknown[] = [tokens, style, into]
  const isStyle = isRecord(style) && Array.isArray((style as { slots?: unknown }).slots)
  if (!isStyle || !given.every(isRecord)) {
    throw new TypeError(
      'writeTokenSet: write writeTokenSet(tokens, style, into), with the style that ' +
        'readTokenSet(into) found',
    )
  }
  const written = { ...plainOf(into) }
  for (const { field, name, form } of style.slots) {
    const value = tokens[field]
    if (value != null) written[name] = inForm(value, form)
    else if (style.absent === 'null') written[name] = null
    else delete written[name]
  }
  return written
}

/** Reads the first name of a field that `read` can read. */
function firstOf<V>(
  from: object,
  found: readonly FieldSlot[],
  field: Field,
  read: (value: unknown) => V | undefined,
): V | undefined {
  for (const slot of found) {
    const value = slot.field === field ? read(ownField(from, slot.name)) : undefined
    if (value !== undefined) return value
  }
  return undefined
}

function readToken(from: object, found: readonly FieldSlot[], field: Field): string | undefined {
  return firstOf(from, found, field, (value) => {
    const text = bareToken(readText(value) ?? '')
    return text === '' || isAccident(text) ? undefined : text
  })
}

function checkToken(field: Field, token: string | undefined, quotes?: 'kept'): void {
  const fault = token === undefined ? undefined : tokenFault(token, quotes)
  if (fault !== undefined) throw invalid(field, `${field} ${fault}.`)
}

function readGrant(value: unknown): string | undefined {
  return typeof value === 'string' && parseGrant(value) ? value : undefined
}

function present<K extends Field>(field: K, value: TokenSet[K]): Partial<Pick<TokenSet, K>> {
  return (value === undefined ? {} : { [field]: value }) as Partial<Pick<TokenSet, K>>
}

function invalid(field: Field, hint: string): RefreshError {
  return new RefreshError('invalid_tokens', { field, hint })
}

function noAccessToken(): RefreshError {
  return invalid(
    'accessToken',
    'There is no access token in it, neither as accessToken nor as access_token.',
  )
}

/** Tokens in a row of accounts: Auth.js's adapters, better-auth. Its columns are all it takes. */
function isDatabaseRow(value: object): boolean {
  return (
    Object.hasOwn(value, 'userId') &&
    (Object.hasOwn(value, 'providerAccountId') || Object.hasOwn(value, 'accountId'))
  )
}

/** Every name of ours that the object has. `provider` only where every other name is our own. */
function foundSlots(value: object): FieldSlot[] {
  const slotOf = (field: Field, name: string, form: FieldForm): FieldSlot => ({
    field,
    name,
    form: seenForm(ownField(value, name), name, form),
  })
  // Beside `iat` or `jti`, `exp` is about the JWT whose claims these are: a session's.
  const isOfClaims = Object.hasOwn(value, 'iat') || Object.hasOwn(value, 'jti')
  const others = Object.keys(value).filter((name) => {
    return !KNOWN.has(name) && !(isOfClaims && name === 'exp')
  })
  const slots = FIELDS.flatMap((field) => [
    ...NAMES[field]
      .filter(([name]) => Object.hasOwn(value, name))
      .map(([name, form]) => slotOf(field, name, form)),
    ...others
      .filter((name) => OTHER_NAMES[field]?.(name))
      .map((name) => slotOf(field, name, name.includes('_') ? 's' : 'ms')),
  ])
  const isClear = slots.some(
    ({ field, name }) => field === 'expiresAtMs' && !isVagueExpiryName(name),
  )
  const clear = isClear ? slots.filter(({ name }) => !isVagueExpiryName(name)) : slots
  const isOwn = clear.every(({ field, name }) => field === name)
  return isOwn ? clear : clear.filter(({ name }) => name !== 'provider')
}

/** How a field is found under further names. */
const OTHER_NAMES: { readonly [field in Field]?: (name: string) => boolean } = {
  expiresAtMs: isExpiryName,
  refreshExpiresAtMs: isRefreshExpiryName,
}

/** The style of an object that takes new fields: each of ours gets a name. */
function completed(found: readonly FieldSlot[]): FieldStyle {
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
