import {
  accessLifetimeMsIn,
  expiryUntilIn,
  isExpiryUnread,
  plausibleMs,
  refreshLifetimeMsIn,
  UNREAD_LIFETIME_MS,
} from './lifetime.ts'
import { plainOf } from './entity.ts'
import { jwtClaims } from './jwt.ts'
import {
  bareToken,
  epochMs,
  isAccident,
  MILLISECONDS_MAX,
  ownField,
  readInstant,
  readNumber,
  readScope,
  readText,
  SECONDS_MAX,
  tokenFault,
} from './text.ts'
import { RefreshError } from './errors.ts'
import { DEFAULT_AUDIENCE, tokenSetOf } from './tokens.ts'
import type { Access } from './tokens.ts'
import { Secret } from './secret.ts'
import type { TokenSet } from './token-set.ts'

/** A token response, read and normalised. */
export interface TokenResponse {
  readonly access: Access
  /** Absent: the AS sent none (or an empty one). */
  readonly refreshToken?: Secret
  /** The AS sent none and took the old one away, or may have. */
  readonly isWithout?: true
  /** Epoch milliseconds. */
  readonly refreshExpiresAtMs?: number
  readonly idToken?: Secret
  /**
   * Why the set must not be handed out although the AS sent it: its ID token speaks of another
   * subject (OIDC Core §12.2). It is settled all the same, or a live token would be lost.
   */
  readonly withheld?: 'subject_changed'
  /** Why the access token must not be handed out. The rest is settled, so nothing is lost. */
  readonly unusable?: Unusable
}

/** Why a token of an answer cannot be used, in our own words. */
export const UNUSABLE = {
  malformed: 'The server sent a token that no header can hold, or one of more than 16 KiB.',
  another_type: 'The server answered with another token_type than that of the tokens it renews.',
} as const

export type Unusable = keyof typeof UNUSABLE

/**
 * Marks a response whose tokens cannot be used: they are malformed, or of another type than the one
 * that is held, which the holder would send wrongly (a DPoP token as a bearer token).
 *
 * @param heldType `token_type` of the set that is renewed. Types are compared without case.
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-7.1
 */
export function withUsability(
  response: TokenResponse,
  heldType: string | undefined,
): TokenResponse {
  const { access, refreshToken, ...rest } = response
  const type = access.tokenType?.trim().toLowerCase()
  const isOther =
    type !== undefined && heldType !== undefined && type !== heldType.trim().toLowerCase()
  const given = refreshToken?.expose()
  // Also of a malformed one: what stands around it is not of it, and the token before is spent.
  const bare = given && bareToken(given)
  const successor = bare && tokenFault(bare, 'kept') === undefined ? bare : undefined
  const fault = tokenFault(access.token.expose()) ?? (given && tokenFault(given, 'kept'))
  const isMalformed = Boolean(fault)
  if (!isMalformed && !isOther && successor === given) return response
  return {
    ...rest,
    access,
    ...(successor ? { refreshToken: new Secret(successor) } : given && { isWithout: true }),
    ...((isMalformed || isOther) && { unusable: isMalformed ? 'malformed' : 'another_type' }),
  }
}

/** Facts about a response that it does not hold. */
export interface ResponseContext {
  /** When the response arrived, epoch milliseconds on this host's clock. */
  readonly nowMs: number
  /** The access token's lifetime where nothing in the response tells, milliseconds. */
  readonly accessLifetimeMs?: number | undefined
}

/**
 * Reads a token response (RFC 6749 §5.1) field by field. Servers write the optional ones in every
 * way there is; what cannot be read counts as not sent, for throwing here would lose a token.
 *
 * @param body Members under their standard names; any other member is left alone.
 * @returns `undefined` when it holds no `access_token`. Never throws.
 * @see https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1
 */
export function readTokenResponse(
  body: Record<string, unknown>,
  context: ResponseContext,
): TokenResponse | undefined {
  const nowMs = Math.round(context.nowMs)
  const token = readToken(ownField(body, 'access_token'))
  if (token === undefined) return undefined
  const lifetimeMs = accessLifetimeMs(body, token, { ...context, nowMs })
  const scope = readScope(ownField(body, 'scope'))
  const tokenType = readText(ownField(body, 'token_type'))
  const successor = ownField(body, 'refresh_token')
  const refreshToken = readToken(successor)
  const refreshLifetimeMs = refreshLifetimeMsIn(body, nowMs)
  const idToken = readText(ownField(body, 'id_token'))
  return {
    access: {
      token: new Secret(token),
      obtainedAtMs: nowMs,
      ...(lifetimeMs !== undefined && { expiresAtMs: nowMs + lifetimeMs }),
      ...(scope !== undefined && { scope }),
      ...(tokenType !== undefined && { tokenType }),
    },
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    ...((successor === false || isAccidental(successor)) && { isWithout: true }),
    ...(refreshLifetimeMs !== undefined && {
      refreshExpiresAtMs: nowMs + refreshLifetimeMs,
    }),
    ...(idToken !== undefined && jwtClaims(idToken) && { idToken: new Secret(idToken) }),
  }
}

/**
 * The token set of a raw token response (RFC 6749 §5.1), as it comes from a code exchange: what an
 * application stores at sign-in. `obtainedAtMs` and `authorizedAtMs` are now.
 *
 * @param body The decoded response, its members under their standard names.
 * @param context `nowMs`: epoch milliseconds. `accessLifetimeMs`: for a response that does not tell
 *   when its access token expires. `provider`: the `id` of the provider that sent it.
 * @throws {RefreshError} `invalid_tokens` when there is no access token in it.
 * @throws {TypeError} For a context without a `nowMs` in epoch milliseconds.
 */
export function tokenSetFromResponse(
  body: unknown,
  context: ResponseContext & { readonly provider?: string | undefined },
): TokenSet {
  const { provider, nowMs } = checkedContext(context)
  const isObject = typeof body === 'object' && body !== null
  const response = isObject && readTokenResponse(plainOf(body) as Record<string, unknown>, context)
  if (!response) {
    const hint = 'There is no access_token in it: pass the decoded JSON of the token response.'
    throw new RefreshError('invalid_tokens', { field: 'accessToken', hint })
  }
  const { access, ...chain } = response
  const tokens = {
    ...chain,
    access: new Map([[DEFAULT_AUDIENCE, access]]),
    authorizedAtMs: Math.round(nowMs),
  }
  const set = tokenSetOf<TokenSet>(
    tokens,
    undefined,
    { accessToken: access.token.expose() },
    provider,
  )
  for (const field of ['accessToken', 'refreshToken'] as const) {
    const token = set[field]
    if (token === undefined) continue
    set[field] = bareToken(token)
    const fault = tokenFault(set[field], field === 'refreshToken' ? 'kept' : 'refused')
    if (fault) throw new RefreshError('invalid_tokens', { field, hint: `${field} ${fault}.` })
  }
  return set
}

function checkedContext<C extends ResponseContext & { readonly provider?: unknown }>(
  context: C,
): C {
  const { nowMs, provider } = (context ?? {}) as Partial<C>
  const isInstant = typeof nowMs === 'number' && nowMs > SECONDS_MAX && nowMs < MILLISECONDS_MAX
  if (!isInstant) {
    throw new TypeError(
      'tokenSetFromResponse: nowMs is when the response came, in milliseconds since the epoch: ' +
        'write { nowMs: Date.now() }',
    )
  }
  if (provider != null && typeof provider !== 'string') {
    throw new TypeError("tokenSetFromResponse: provider is the provider's id: write provider.id")
  }
  return context
}

/** A token; not what code wrote that had none (`"undefined"`). */
function readToken(value: unknown): string | undefined {
  return isAccidental(value) ? undefined : readText(value)
}

function isAccidental(value: unknown): boolean {
  return typeof value === 'string' && isAccident(value)
}

/**
 * How long the access token lives from now: `expires_in`, else `expires_at`, else the token's own
 * word, else what the provider's description says. All of them under the names that servers have.
 *
 * A source that says zero, less, or more than ten years is passed over: a token that was just
 * issued is not dead, and to call it dead would refresh on every request. If all that is said is a
 * text that cannot be read, it lives for {@link UNREAD_LIFETIME_MS}.
 */
function accessLifetimeMs(
  body: Record<string, unknown>,
  token: string,
  { nowMs, accessLifetimeMs }: ResponseContext,
): number | undefined {
  const otherMs = expiryUntilIn(body, nowMs) ?? jwtLifetimeMs(token, nowMs)
  const canRenew = readToken(ownField(body, 'refresh_token')) !== undefined
  const statedMs = accessLifetimeMsIn(body, { nowMs, otherMs, canRenew })
  const knownMs = statedMs ?? otherMs ?? plausibleMs(accessLifetimeMs)
  return knownMs ?? (isExpiryUnread(body) ? UNREAD_LIFETIME_MS : undefined)
}

/**
 * The lifetime that a JWT states (RFC 7519 §4.1.4, §4.1.6): `exp - iat` where both are there, both
 * being of the server's clock, so that ours may be wrong; else `exp` against our clock. Some
 * servers write milliseconds.
 */
function jwtLifetimeMs(token: string, nowMs: number): number | undefined {
  const claims = jwtClaims(token)
  if (claims === undefined) return undefined
  const [expMs, iatMs = nowMs] = ['exp', 'iat'].map((name) => {
    const value = ownField(claims, name)
    const number = readNumber(value)
    return number === undefined ? readInstant(value) : epochMs(number)
  })
  return expMs === undefined ? undefined : plausibleMs(expMs - iatMs)
}
