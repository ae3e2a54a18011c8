import { jwtClaims } from './jwt.ts'
import { isAccident, ownField, readInstant, readNumber, readScope, readText } from './text.ts'
import type { Access } from './tokens.ts'
import { Secret } from './secret.ts'

/**
 * The longest lifetime that is believed, milliseconds: ten years. What is longer is a mistake (an
 * instant where seconds belong) or means "for ever".
 */
const LIFETIME_MAX_MS = 10 * 365 * 24 * 60 * 60 * 1000

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
  const token = readToken(ownField(body, 'access_token'))
  if (token === undefined) return undefined
  const lifetimeMs = accessLifetimeMs(body, token, context)
  const scope = readScope(ownField(body, 'scope'))
  const tokenType = readText(ownField(body, 'token_type'))
  const successor = ownField(body, 'refresh_token')
  const refreshToken = readToken(successor)
  const refreshLifetimeMs = refreshTokenLifetimeMs(body)
  const idToken = readText(ownField(body, 'id_token'))
  return {
    access: {
      token: new Secret(token),
      obtainedAtMs: context.nowMs,
      ...(lifetimeMs !== undefined && { expiresAtMs: context.nowMs + lifetimeMs }),
      ...(scope !== undefined && { scope }),
      ...(tokenType !== undefined && { tokenType }),
    },
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    ...((successor === false || isAccidental(successor)) && { isWithout: true }),
    ...(refreshLifetimeMs !== undefined && {
      refreshExpiresAtMs: context.nowMs + refreshLifetimeMs,
    }),
    ...(idToken !== undefined && jwtClaims(idToken) && { idToken: new Secret(idToken) }),
  }
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
 * word, else what the provider's description says.
 *
 * A source that says zero, less, or more than ten years is passed over: a token that was just
 * issued is not dead, and to call it dead would refresh on every request.
 */
function accessLifetimeMs(
  body: Record<string, unknown>,
  token: string,
  { nowMs, accessLifetimeMs }: ResponseContext,
): number | undefined {
  return (
    secondsToMs(readNumber(ownField(body, 'expires_in'))) ??
    plausibleMs(untilMs(ownField(body, 'expires_at'), nowMs)) ??
    jwtLifetimeMs(token, nowMs) ??
    plausibleMs(accessLifetimeMs)
  )
}

/**
 * The lifetime that a JWT states (RFC 7519 §4.1.4, §4.1.6): `exp - iat` where both are there, both
 * being of the server's clock, so that ours may be wrong; else `exp` against our clock.
 */
function jwtLifetimeMs(token: string, nowMs: number): number | undefined {
  const claims = jwtClaims(token)
  if (claims === undefined) return undefined
  const exp = readNumber(ownField(claims, 'exp'))
  const iat = readNumber(ownField(claims, 'iat'))
  if (exp !== undefined && iat !== undefined) return secondsToMs(exp - iat)
  return plausibleMs(untilMs(exp, nowMs))
}

/**
 * Not of any RFC: `refresh_expires_in` is Keycloak's, which writes 0 for a token that does not
 * expire (an offline one); `refresh_token_expires_in` is what most others write.
 */
function refreshTokenLifetimeMs(body: Record<string, unknown>): number | undefined {
  return (
    secondsToMs(readNumber(ownField(body, 'refresh_expires_in'))) ??
    secondsToMs(readNumber(ownField(body, 'refresh_token_expires_in')))
  )
}

function untilMs(instant: unknown, nowMs: number): number | undefined {
  const atMs = readInstant(instant)
  return atMs === undefined ? undefined : atMs - nowMs
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return plausibleMs(seconds === undefined ? undefined : Math.round(seconds * 1000))
}

function plausibleMs(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 && ms <= LIFETIME_MAX_MS ? ms : undefined
}
