import { DEFAULT_AUDIENCE, parseGrant, tokenSetOf } from './tokens.ts'
import { RefreshError } from './errors.ts'
import { jwtClaims } from './jwt.ts'
import {
  SECONDS_MAX,
  isAccident,
  ownField,
  readInstant,
  readNumber,
  readScope,
  readText,
} from './text.ts'
import { readTokenResponse, type ResponseContext } from './token-response.ts'
import type { TokenSet } from './token-set.ts'

/** A field of a token set. */
type Field = keyof TokenSet

/** How a value is written: a text as it is, a list of texts, a time in one of four ways. */
type FieldForm = 'text' | 'list' | 's' | 'ms' | 'iso' | 'date'

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
 * with `expiresAt` in seconds or milliseconds, `accessTokenExpires`, `Date`s, ISO texts, our own.
 *
 * Seconds and milliseconds are told apart by size. What cannot be read counts as absent, except an
 * expiry (`NaN`, `'Invalid Date'`; `null` too, which is what JSON makes of `NaN`, but not in a
 * database row) beside a refresh token: that set is taken as expired, so that one refresh heals it.
 * If no field holds an expiry, an access token that is a JWT tells it. `provider` is read in our
 * own style only: Auth.js calls its own providers so.
 *
 * @returns The set, which passes {@link checkTokenSet}, and the style to write its successor in.
 * @throws {RefreshError} `invalid_tokens` when there is no access token in it.
 */
export function readTokenSet(value: unknown): { tokens: TokenSet; style: FieldStyle } {
  if (typeof value !== 'object' || value === null) throw noAccessToken()
  const isRow = isDatabaseRow(value)
  const found = foundSlots(value)
  const accessToken = readToken(value, found, 'accessToken')
  if (accessToken === undefined) throw noAccessToken()
  const refreshToken = readToken(value, found, 'refreshToken')
  const tokens: TokenSet = {
    accessToken,
    ...present('refreshToken', refreshToken),
    ...present(
      'expiresAtMs',
      readExpiry(value, found, accessToken, refreshToken !== undefined, isRow),
    ),
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
 * @returns A new object.
 */
export function writeTokenSet(
  tokens: TokenSet,
  style: FieldStyle,
  into: Record<string, unknown>,
): Record<string, unknown> {
  const written = { ...into }
  for (const { field, name, form } of style.slots) {
    const value = tokens[field]
    if (value != null) written[name] = inForm(value, form)
    else if (style.absent === 'null') written[name] = null
    else delete written[name]
  }
  return written
}

/**
 * The token set of a raw token response (RFC 6749 §5.1), as it comes from a code exchange: what an
 * application stores at sign-in. `obtainedAtMs` and `authorizedAtMs` are now.
 *
 * @param body The decoded response, its members under their standard names.
 * @param context `nowMs`: epoch milliseconds. `accessLifetimeMs`: for a response that does not tell
 *   when its access token expires. `provider`: the `id` of the provider that sent it.
 * @throws {RefreshError} `invalid_tokens` when there is no access token in it.
 */
export function tokenSetFromResponse(
  body: unknown,
  { provider, ...context }: ResponseContext & { readonly provider?: string | undefined },
): TokenSet {
  const isObject = typeof body === 'object' && body !== null
  const response = isObject && readTokenResponse(body as Record<string, unknown>, context)
  if (!response) throw noAccessToken()
  const { access, ...chain } = response
  const tokens = {
    ...chain,
    access: new Map([[DEFAULT_AUDIENCE, access]]),
    authorizedAtMs: context.nowMs,
  }
  return tokenSetOf(tokens, undefined, { accessToken: access.token.expose() }, provider)
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
    const text = readText(value)
    return text === undefined || isAccident(text) ? undefined : text
  })
}

/** Reads when the access token expires, else asks the token itself (RFC 7519 §4.1.4). */
function readExpiry(
  from: object,
  found: readonly FieldSlot[],
  accessToken: string,
  canRefresh: boolean,
  isRow: boolean,
): number | undefined {
  const expiresAtMs = firstOf(from, found, 'expiresAtMs', readInstant)
  if (expiresAtMs !== undefined) return expiresAtMs
  const statedAtMs = readInstant(ownField(jwtClaims(accessToken) ?? {}, 'exp'))
  if (statedAtMs !== undefined || !canRefresh) return statedAtMs
  const isUnreadable = found.some(({ field, name }) => {
    const value = ownField(from, name)
    return field === 'expiresAtMs' && value !== undefined && !(isRow && value === null)
  })
  return isUnreadable ? 0 : undefined
}

function readGrant(value: unknown): string | undefined {
  return typeof value === 'string' && parseGrant(value) ? value : undefined
}

function present<K extends Field>(field: K, value: TokenSet[K]): Partial<Pick<TokenSet, K>> {
  return (value === undefined ? {} : { [field]: value }) as Partial<Pick<TokenSet, K>>
}

function noAccessToken(): RefreshError {
  return new RefreshError('invalid_tokens', {
    field: 'accessToken',
    hint: 'There is no access token in it, neither as accessToken nor as access_token.',
  })
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
  const slots = FIELDS.flatMap((field) =>
    NAMES[field]
      .filter(([name]) => Object.hasOwn(value, name))
      .map(([name, form]) => ({ field, name, form: seenForm(ownField(value, name), name, form) })),
  )
  const isOwn = slots.every(({ field, name }) => field === name)
  return isOwn ? slots : slots.filter(({ name }) => name !== 'provider')
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
function inForm(value: string | number, form: FieldForm): unknown {
  if (typeof value === 'string') return form === 'list' ? value.split(' ') : value
  if (form === 's') return Math.floor(value / 1000)
  if (form === 'ms') return value
  return form === 'date' ? new Date(value) : new Date(value).toISOString()
}
