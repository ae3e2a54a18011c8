import type { RawAnswer } from '../../src/core/provider.ts'
import { isAccident, memberAt, readText } from '../../src/core/text.ts'
import { decodeCookie, readSetCookie } from './set-cookie.ts'

/** A member of the body, `'data.tokens.access'` for a nested one; or a cookie that is set. */
export type MemberPath = string | { readonly cookie: string }

/** Where a backend's answer holds what RFC 6749 §5.1 has other names for. */
export interface CredentialsAnswer {
  readonly accessToken: MemberPath
  /** Default, where the refresh token travels as a cookie: the cookie of that name. */
  readonly refreshToken?: MemberPath
  /** Seconds from now. Default: the access token's own `exp`, if it is a JWT. */
  readonly expiresIn?: MemberPath
  /** A point in time: seconds or milliseconds since the epoch, or an ISO 8601 text. */
  readonly expiresAt?: MemberPath
  /** Seconds from now until the refresh token expires. Default: unknown. */
  readonly refreshExpiresIn?: MemberPath
  readonly idToken?: MemberPath
  /** A text, or a list of texts. */
  readonly scope?: MemberPath
  /** The code that `failures` may name. Default `'error'`. */
  readonly error?: MemberPath
}

/** How {@link answerReader} has to look at an answer. */
export interface ReadingOptions {
  /** The cookie that carries the refresh token: its value goes back as it came. */
  readonly echoes?: string | undefined
  /** Whether a schema is asked first: what it refuses is no proof of what is missing. */
  readonly isValidated: boolean
}

const MEMBERS = {
  access_token: 'accessToken',
  expires_in: 'expiresIn',
  expires_at: 'expiresAt',
  refresh_token_expires_in: 'refreshExpiresIn',
  id_token: 'idToken',
  scope: 'scope',
  error: 'error',
} as const satisfies Record<string, keyof CredentialsAnswer>

/**
 * Reads the members of an answer under their standard names: out of what the schema made of the
 * body, else, for whatever it refuses or leaves out, out of the body as it came.
 *
 * `refresh_token: false` stands for one that is gone, or may be: its cookie is cleared, it cannot
 * be read, or it is missing in a body that the schema refuses.
 */
export function answerReader(
  answer: CredentialsAnswer,
  { echoes, isValidated }: ReadingOptions,
): (raw: RawAnswer) => Record<string, unknown> {
  const places = { error: 'error', ...answer }
  const refreshPlace = answer.refreshToken
  return (raw) => {
    const members = Object.entries(MEMBERS).flatMap(([name, field]) => {
      const found = at(places[field], raw)
      return found == null || isUnmeant(found) ? [] : [[name, found] as const]
    })
    const refresh = refreshToken(refreshPlace, raw, echoes)
    const isDoubtful = isValidated && !('validated' in raw) && typeof refreshPlace === 'string'
    const given = refresh ?? (isDoubtful ? false : undefined)
    return Object.fromEntries(
      given === undefined ? members : [...members, ['refresh_token', given]],
    )
  }
}

/** Its text; `false` for one that is gone or unreadable; `undefined` when none came. */
function refreshToken(
  place: MemberPath | undefined,
  raw: RawAnswer,
  echoes: string | undefined,
): string | false | undefined {
  const isEchoed = typeof place === 'object' && place.cookie === echoes
  const found = isEchoed ? readSetCookie(raw.headers, place.cookie) : at(place, raw)
  const isCleared = found === null && typeof place === 'object'
  if (isCleared) return false
  if (found == null || found === '') return undefined
  return isUnmeant(found) ? false : (readText(found) ?? false)
}

function at(place: MemberPath | undefined, { headers, body, validated }: RawAnswer): unknown {
  if (place === undefined) return undefined
  if (typeof place === 'string') return memberAt(validated, place) ?? memberAt(body, place)
  const value = readSetCookie(headers, place.cookie)
  return value == null ? value : decodeCookie(value)
}

function isUnmeant(value: unknown): boolean {
  return typeof value === 'string' && isAccident(value)
}
