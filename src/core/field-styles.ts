import { tokenSetOf } from './convert.ts'
import { RefreshError } from './errors.ts'
import {
  completed,
  type Field,
  type FieldSlot,
  type FieldStyle,
  foundSlots,
  inForm,
  isDatabaseRow,
} from './field-names.ts'
import { parseGrant } from './grant-ref.ts'
import { jwtClaims } from './jwt.ts'
import { isAccident, ownField, readInstant, readScope, readText } from './read-field.ts'
import { readTokenResponse, type ResponseContext } from './token-response.ts'
import type { TokenSet } from './token-set.ts'
import { DEFAULT_AUDIENCE } from './tokens.ts'

export { OWN_STYLE } from './field-names.ts'
export type { FieldStyle } from './field-names.ts'

/**
 * Reads a token set out of an object that holds it in any of the styles people have: `access_token`
 * with `expires_at` in seconds (Auth.js accounts and the columns of its databases), `accessToken`
 * with `expiresAt` in seconds or milliseconds, `accessTokenExpires`, `Date`s, ISO texts, our own.
 *
 * Seconds and milliseconds are told apart by size. What cannot be read counts as absent, except an
 * expiry (`NaN`, `'Invalid Date'`; `null` too, which is what JSON makes of `NaN`, but not in a
 * database row) beside a refresh token: that set is taken as expired, so that one refresh heals it.
 * An expiry that stands nowhere is read out of an access token that is a JWT. `provider` is read in
 * our own style only: Auth.js calls its own providers so.
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

/** What `read` makes of the first name of a field that it can make anything of. */
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

/** When the access token expires: what stands there, else its own word (RFC 7519 §4.1.4). */
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
