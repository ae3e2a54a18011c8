import { RefreshError } from './errors.ts'
import { hasGrantShape, parseGrant } from './tokens.ts'
import { isAccident, MILLISECONDS_MAX, SECONDS_MAX } from './text.ts'
import type { TokenSet } from './token-set.ts'
import type { GrantRef } from './tokens.ts'
import type { Provider } from './provider.ts'

const LIFETIME =
  'expiresAtMs is missing, and a lifetime stands there, which counts from when the response ' +
  'came: make the set by tokenSetFromResponse then.'

/** Up to this a number that should be a point in time is a lifetime: in seconds, it is 3 years. */
const LIFETIME_MAX = 1e8

/** A set as it comes in, with the names that people have for the same things. */
type Candidate = {
  readonly [
    name in
      | keyof TokenSet
      | 'access_token'
      | 'refresh_token'
      | 'expires_at'
      | 'expiresAt'
      | 'accessTokenExpires'
      | 'accessTokenExpiresAt'
      | 'access_token_expires_at'
      | 'expires_in'
      | 'expiresIn'
  ]?: unknown
}

/**
 * Checks that a value is a token set, field by field, the fields that we do not know left alone. On
 * the path of every call, therefore nothing here looks at more than it must.
 *
 * Optional fields may be `undefined` or `null`. A point in time may be `0`: long ago. Of `grant`
 * only the shape is looked at, the characters by {@link grantOf}.
 *
 * @throws {RefreshError} `invalid_tokens`, naming the `field` and what to write instead.
 */
export function checkTokenSet(value: unknown): asserts value is TokenSet {
  if (typeof value !== 'object' || value === null) throw invalid(undefined, 'It is no object.')
  const set = value as Candidate
  if (!isToken(set.accessToken)) throw badAccessToken(set)
  if (set.refreshToken == null) checkNothingMeant(set.refresh_token, 'refreshToken')
  else if (!isToken(set.refreshToken)) throw badToken('refreshToken', set.refreshToken)
  if (set.expiresAtMs == null) checkNoOtherExpiry(set)
  else checkTime('expiresAtMs', set.expiresAtMs)
  if (set.refreshExpiresAtMs != null) checkTime('refreshExpiresAtMs', set.refreshExpiresAtMs)
  if (set.obtainedAtMs != null) checkTime('obtainedAtMs', set.obtainedAtMs)
  if (set.authorizedAtMs != null) checkTime('authorizedAtMs', set.authorizedAtMs)
  if (set.idToken != null) checkText('idToken', set.idToken)
  if (set.scope != null) checkText('scope', set.scope)
  if (set.tokenType != null) checkText('tokenType', set.tokenType)
  if (set.provider != null) checkText('provider', set.provider)
  if (set.grant != null) checkGrant(set.grant)
}

/**
 * The grant that a checked set names. For where the ledger is asked, not for every call.
 *
 * @returns `undefined` when the set names none.
 * @throws {RefreshError} `invalid_tokens`
 */
export function grantOf({ grant }: TokenSet): GrantRef | undefined {
  if (grant == null) return undefined
  const ref = parseGrant(grant)
  if (ref === undefined) throw badGrant()
  return ref
}

function isToken(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !isAccident(value)
}

function checkTime(field: keyof TokenSet, value: unknown): void {
  if (typeof value === 'number' && value > SECONDS_MAX && value < MILLISECONDS_MAX) return
  if (value === 0) return
  throw invalid(field, timeHint(field, value))
}

function checkText(field: keyof TokenSet, value: unknown): void {
  if (typeof value !== 'string') throw invalid(field, `${field} must be a string, or left out.`)
}

function checkGrant(value: unknown): void {
  if (typeof value !== 'string' || !hasGrantShape(value)) throw badGrant()
}

function checkNothingMeant(foreign: unknown, field: keyof TokenSet): void {
  if (foreign != null) throw invalid(field, otherStyle(field))
}

function checkNoOtherExpiry(set: Candidate): void {
  const { expires_at, expiresAt, accessTokenExpires } = set
  const { accessTokenExpiresAt, access_token_expires_at, expires_in, expiresIn } = set
  checkNothingMeant(
    expires_at ??
      expiresAt ??
      accessTokenExpires ??
      accessTokenExpiresAt ??
      access_token_expires_at,
    'expiresAtMs',
  )
  if ((expires_in ?? expiresIn) != null) throw invalid('expiresAtMs', LIFETIME)
}

function badAccessToken(set: Candidate): RefreshError {
  return set.accessToken === undefined && set.access_token !== undefined
    ? invalid('accessToken', otherStyle('accessToken'))
    : badToken('accessToken', set.accessToken)
}

function badToken(field: 'accessToken' | 'refreshToken', value: unknown): RefreshError {
  const orLeftOut = field === 'refreshToken' ? ', or left out' : ''
  const fault =
    typeof value === 'string' && value !== '' ? ' It is what code wrote without one.' : ''
  return invalid(field, `${field} must be a string that holds a token${orLeftOut}.${fault}`)
}

function badGrant(): RefreshError {
  return invalid(
    'grant',
    'grant must be stored exactly as it was handed out (43 base64url characters, a dot, ' +
      'a whole number), or left out.',
  )
}

function timeHint(field: keyof TokenSet, value: unknown): string {
  if (typeof value !== 'number') {
    return `${field} is a number of milliseconds since the epoch: convert it, or leave it out.`
  }
  if (value > LIFETIME_MAX && value <= SECONDS_MAX) {
    return `${field} is in milliseconds: multiply by 1000.`
  }
  if (value > 0 && value <= LIFETIME_MAX) {
    return `${field} is a point in time, no lifetime: write Date.now() + lifetime in milliseconds.`
  }
  if (value > SECONDS_MAX && Number.isFinite(value)) {
    return `${field} is in milliseconds, and this is beyond year 5138: leave it out for "never".`
  }
  return `${field} must be a number of milliseconds since the epoch: leave it out when unknown.`
}

function otherStyle(field: keyof TokenSet): string {
  return `${field} is missing, but stands there under another name: pass it to readTokenSet first.`
}

function invalid(field: keyof TokenSet | undefined, hint: string): RefreshError {
  return new RefreshError('invalid_tokens', { field, hint })
}

/**
 * A token goes to the provider that its set names, to no other.
 *
 * @throws {RefreshError} `provider_mismatch`
 */
export function checkProvider(tokens: TokenSet, { id }: Pick<Provider, 'id'>): void {
  if (tokens.provider == null || tokens.provider === id) return
  throw new RefreshError('provider_mismatch', { provider: id })
}
