import { plainOf } from './entity.ts'
import { RefreshError } from './errors.ts'
import { isExpiryName, isLifetimeName, LIFETIME_ONLY } from './lifetime.ts'
import { hasGrantShape, parseGrant } from './tokens.ts'
import {
  bareToken,
  isAccident,
  isBare,
  isQuoted,
  MILLISECONDS_MAX,
  SECONDS_MAX,
  tokenFault,
} from './text.ts'
import type { TokenSet } from './token-set.ts'
import type { GrantRef } from './tokens.ts'
import type { Provider } from './provider.ts'

/** Up to this a number that should be a point in time is a lifetime: in seconds, it is 3 years. */
const LIFETIME_MAX = 1e8

/** A set as it comes in, with the names that people have for its tokens. */
type Candidate = {
  readonly [name in keyof TokenSet | 'access_token' | 'refresh_token' | 'tokens' | 'then']?: unknown
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
  if (typeof value !== 'object' || value === null) throw invalid(undefined, noSetHint(value))
  const set = value as Candidate
  if (!isToken(set.accessToken)) throw badAccessToken(set)
  if (set.refreshToken == null) checkNothingMeant(set.refresh_token ?? inner(set), 'refreshToken')
  else if (!isToken(set.refreshToken, true)) throw badToken('refreshToken', set.refreshToken)
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
 * A checked set without what stands around its tokens: a line break at the end of a file would make
 * another token of it, with a claim of its own, for servers that ignore it. The set itself where
 * nothing stands there.
 *
 * @throws {RefreshError} `invalid_tokens`
 */
export function checkedTokenSet<T extends TokenSet>(set: T): T {
  checkTokenSet(set)
  const { accessToken, refreshToken } = set
  if (isBare(accessToken) && (refreshToken == null || isBare(refreshToken))) return set
  const bare: T = Object.assign({}, plainOf(set), { accessToken: bareToken(accessToken) })
  return refreshToken == null
    ? bare
    : Object.assign(bare, { refreshToken: bareToken(refreshToken) })
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

/** @param mayBeQuoted Whether a provider is still to be asked if quotes are of the token. */
function isToken(value: unknown, mayBeQuoted = false): boolean {
  if (typeof value !== 'string' || value === '' || isAccident(value)) return false
  if (isBare(value)) return true
  const bare = bareToken(value)
  return bare !== '' && !isAccident(bare) && (mayBeQuoted || !isQuoted(bare))
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

/** Without this check, a set whose expiry has another name would be served for ever. */
function checkNoOtherExpiry(set: object): void {
  for (const [name, value] of Object.entries(plainOf(set))) {
    if (value == null) continue
    if (isExpiryName(name)) throw invalid('expiresAtMs', otherStyle('expiresAtMs'))
    if (isLifetimeName(name)) throw invalid('expiresAtMs', LIFETIME_ONLY)
  }
}

/** What to do with something that is no object. */
function noSetHint(value: unknown): string {
  if (typeof value === 'string') return 'It is a text: pass what JSON.parse makes of it.'
  if (value === undefined) return 'It is undefined: was there a set under this key?'
  return 'It is no object.'
}

/** The refresh token of what is around a set: an outcome, or the answer of `readTokenSet`. */
function inner({ tokens }: Candidate): unknown {
  return (tokens as { readonly refreshToken?: unknown } | null | undefined)?.refreshToken
}

function badAccessToken(set: Candidate): RefreshError {
  if (typeof set.then === 'function') return invalid(undefined, 'It is a promise: await it.')
  if (set.accessToken === undefined && set.tokens != null) {
    return invalid('accessToken', 'accessToken is missing: pass the `tokens` that stand in it.')
  }
  return set.accessToken === undefined && set.access_token !== undefined
    ? invalid('accessToken', otherStyle('accessToken'))
    : badToken('accessToken', set.accessToken)
}

function badToken(field: 'accessToken' | 'refreshToken', value: unknown): RefreshError {
  const orLeftOut = field === 'refreshToken' ? ', or left out' : ''
  const bare = typeof value === 'string' ? bareToken(value) : ''
  const fault = isAccident(bare) ? 'is what code wrote without one' : bare && tokenFault(bare)
  const said = fault ? ` It ${fault}.` : ''
  return invalid(field, `${field} must be a string that holds a token${orLeftOut}.${said}`)
}

function badGrant(): RefreshError {
  return invalid(
    'grant',
    'grant must be stored exactly as it was handed out (43 base64url characters, a dot, ' +
      'a whole number, a dot, 22 more: does the column hold 82 characters?), or left out.',
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
 * What is sent is a token, and goes to the provider that its set names, to no other.
 *
 * @throws {RefreshError} `provider_mismatch`, `invalid_tokens`
 */
export function checkSendable(
  tokens: TokenSet,
  { id, request }: Pick<Provider, 'id' | 'request'>,
): void {
  const { refreshToken } = tokens
  // The value of a cookie may have quotes of its own (RFC 6265 §4.1.1).
  const quotes = request.format === 'cookie' ? 'kept' : 'refused'
  if (refreshToken != null && tokenFault(refreshToken, quotes) !== undefined) {
    throw badToken('refreshToken', refreshToken)
  }
  if (tokens.provider == null || tokens.provider === id) return
  throw new RefreshError('provider_mismatch', {
    provider: id,
    field: 'provider',
    hint: 'Pass it to the refresher whose provider.id is the `provider` of the set.',
  })
}
