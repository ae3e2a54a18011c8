import { RefreshError } from './errors.ts'
import { jwtClaims } from './jwt.ts'
import { isAccident, isDate, ownField, readInstant, readNumber } from './text.ts'
import type { Provider } from './provider.ts'
import { DEFAULT_AUDIENCE } from './tokens.ts'
import type { Tokens } from './tokens.ts'

type Described = Pick<Provider, 'response'>

/**
 * When a refresh token dies of age, epoch milliseconds: what the AS said, or what its description
 * says of the day of authorization, whichever is sooner. Absent: unknown.
 *
 * Past it the AS is still asked; only the reason of its refusal is then known.
 */
export function refreshExpiryMs(
  { refreshExpiresAtMs, authorizedAtMs }: Pick<Tokens, 'refreshExpiresAtMs' | 'authorizedAtMs'>,
  { response: { refreshLifetimeMs } }: Described,
): number | undefined {
  if (authorizedAtMs === undefined || refreshLifetimeMs === undefined) return refreshExpiresAtMs
  return Math.min(refreshExpiresAtMs ?? Infinity, authorizedAtMs + refreshLifetimeMs)
}

/** How a refresh token died that is past its known lifetime, or was not used for too long. */
export function deathOf(tokens: Tokens, provider: Described, nowMs: number) {
  const diesAtMs = refreshExpiryMs(tokens, provider) ?? Infinity
  const usedAtMs = Math.max(...[...tokens.access.values()].map((each) => each.obtainedAtMs ?? 0))
  const idleMs = usedAtMs > 0 ? (provider.response.refreshIdleMs ?? Infinity) : Infinity
  const expiredAtMs = Math.min(diesAtMs, usedAtMs + idleMs)
  if (nowMs < expiredAtMs) return undefined
  const reason = usedAtMs + idleMs < diesAtMs ? 'expired_idle' : 'expired_absolute'
  return { code: 'expired', reason, expiredAtMs } as const
}

/**
 * The tokens with the day of their authorization, where the description counts from it: what they
 * say themselves, else what is known of their chain, else the latest that it can have been.
 *
 * @param knownMs Of the chain. Storage may have dropped it.
 */
export function authorized(
  tokens: Tokens,
  { response }: Described,
  knownMs: number | undefined,
  nowMs: number,
): Tokens {
  if (response.refreshLifetimeMs === undefined || tokens.authorizedAtMs !== undefined) return tokens
  const obtainedAtMs = tokens.access.get(DEFAULT_AUDIENCE)?.obtainedAtMs
  return { ...tokens, authorizedAtMs: knownMs ?? obtainedAtMs ?? Math.round(nowMs) }
}

/**
 * The longest lifetime that is believed, milliseconds: ten years. What is longer is a mistake (an
 * instant where seconds belong) or means "for ever".
 */
const LIFETIME_MAX_MS = 10 * 365 * 24 * 60 * 60 * 1000

/**
 * How long a token counts as good whose expiry a response states in a way that cannot be read,
 * milliseconds: what is not understood never means "for ever".
 */
export const UNREAD_LIFETIME_MS = 5 * 60 * 1000

const UNIT = '(ms|millis|milliseconds|s|secs?|seconds|min|minutes|hours?)?'
const EXPIRES =
  '(?:expir(?:es?|y|ation|(?:ed|ing)(?=[_-]?at))' +
  '(?:[_-]?(?:at|on|date|time|timestamp|ts|utc|unix|epoch))*|valid[_-]?(?:until|to)|not[_-]?after)'
const OF_ACCESS = '(?:oauth2?[_-]?)?(?:access[_-]?)?(?:token[_-]?)?'
const OF_REFRESH = 'refresh[_-]?(?:token[_-]?)?'

const named = (name: string): RegExp => new RegExp(`^${name}[_-]?${UNIT}$`, 'i')

/** `expires_at`, `accessTokenExpiry`, `expiry_date`, `expires_on`, `valid_until`, `exp`, … */
const EXPIRY = named(`[._-]?${OF_ACCESS}(?:${EXPIRES}|exp)`)

/** `refresh_token_expires_at`, `refreshTokenExpiry`, … */
const REFRESH_EXPIRY = named(OF_REFRESH + EXPIRES)

/** `expires_in`, `expires_in_sec`, `expiresInMs`, `accessTokenLifetime`, … */
const LIFETIME = named(
  `${OF_ACCESS}(?:exp(?:ires?)?[_-]?in|valid[_-]?for|(?<=token[_-]?)(?:lifetime|ttl|validity))`,
)

/** `refresh_expires_in` (Keycloak), `refresh_token_expires_in`, `x_refresh_token_expires_in`. */
const REFRESH_LIFETIME = named(
  `(?:x[_-])?${OF_REFRESH}(?:expires?[_-]?in|(?<=token[_-]?)(?:lifetime|ttl|validity))`,
)

/** `issued_at` (Salesforce), `created_at` (Doorkeeper), `obtainedAt`, … */
const ISSUED = /^(?:obtained|issued|acquired|received|requested|created)[_-]?at[_-]?(?:ms)?$/i

/** Whether a field with this name says when an access token expires. */
export const isExpiryName = (name: string): boolean => EXPIRY.test(name)

/** Whether a field with this name says when a refresh token expires. */
export const isRefreshExpiryName = (name: string): boolean => REFRESH_EXPIRY.test(name)

/** Whether a field with this name says for how long an access token is issued. */
export const isLifetimeName = (name: string): boolean => LIFETIME.test(name)

/** What a user is told whose set holds a lifetime and no time. */
export const LIFETIME_ONLY =
  'expiresAtMs is missing. A lifetime alone does not tell when the access token expires, because ' +
  'it counts from the moment of the response: make the set by tokenSetFromResponse then.'

/** A lifetime as some object states it. */
interface Lifetime {
  readonly number: number
  /** What the name, or the value, says that it counts, milliseconds; else seconds are usual. */
  readonly unitMs: number | undefined
}

/** The lifetimes under names that a pattern matches, those that name their unit first. */
function lifetimesIn(from: object, names: RegExp): Lifetime[] {
  const found = Object.keys(from).flatMap((name): Lifetime[] => {
    const match = names.exec(name)
    if (!match) return []
    const value = ownField(from, name)
    const number = readNumber(value)
    if (number === undefined) return readDuration(value)
    return [{ number, unitMs: match[1] === undefined ? undefined : unitMsOf(match[1]) }]
  })
  return found.toSorted((one, other) => Number(!one.unitMs) - Number(!other.unitMs))
}

/** `3600s`, `60 min`, `1h`; `PT1H`, `PT3600S` (ISO 8601-1 §5.5.2). */
const DURATION = /^(?:PT)?(\d{1,12}(?:\.\d{1,9})?) ?(ms|s|secs?|seconds|m|min|minutes|h|hours?)$/i

function readDuration(value: unknown): Lifetime[] {
  const [, number, unit] = (typeof value === 'string' && DURATION.exec(value.trim())) || []
  return unit === undefined ? [] : [{ number: Number(number), unitMs: unitMsOf(unit) }]
}

function unitMsOf(unit: string): number {
  if (/^h/i.test(unit)) return 3_600_000
  if (/^m(?:$|in)/i.test(unit)) return 60_000
  return /^m/i.test(unit) ? 1 : 1000
}

/** What decides about the unit of a lifetime that does not name it. */
interface Hints {
  readonly nowMs: number
  /** The lifetime in another source of the same object, milliseconds. */
  readonly otherMs?: number | undefined
  /** Whether a lifetime that is read too short costs no more than an early renewal. */
  readonly canRenew: boolean
}

/**
 * For how long the access token of a response lives, or one that an object holds: milliseconds.
 *
 * Zoho and others write milliseconds into `expires_in`. They are told by a name with a unit beside
 * it (`expires_in_sec`), by another source that says a thousandth, or because as seconds it would
 * be more than ten years.
 */
export function accessLifetimeMsIn(from: object, hints: Hints): number | undefined {
  for (const lifetime of lifetimesIn(from, LIFETIME)) {
    const ms = lifetimeMs(lifetime, hints)
    if (ms !== undefined) return ms
  }
  return undefined
}

/** For how long the refresh token of a response lives, milliseconds. No RFC names it. */
export function refreshLifetimeMsIn(from: object, nowMs: number): number | undefined {
  for (const lifetime of lifetimesIn(from, REFRESH_LIFETIME)) {
    const ms = lifetimeMs(lifetime, { nowMs, canRenew: false })
    if (ms !== undefined) return ms
  }
  return untilIn(from, REFRESH_EXPIRY, nowMs)
}

function lifetimeMs({ number, unitMs }: Lifetime, hints: Hints): number | undefined {
  const { nowMs, otherMs, canRenew } = hints
  if (unitMs !== undefined) return plausibleMs(number * unitMs)
  const isThousandth = otherMs !== undefined && number > otherMs / 2 && number < otherMs * 2
  if (isThousandth) return plausibleMs(number)
  const ms = plausibleMs(number * 1000)
  if (ms !== undefined) return ms
  return plausibleMs(epochMsUntil(number, nowMs)) ?? (canRenew ? plausibleMs(number) : undefined)
}

/** How long it is until the expiry that an object states, milliseconds. */
export function expiryUntilIn(from: object, nowMs: number): number | undefined {
  // Some write the instant where the lifetime belongs.
  return untilIn(from, EXPIRY, nowMs) ?? untilIn(from, LIFETIME, nowMs)
}

/** Whether a response says when its access token expires, in a form that cannot be read. */
export function isExpiryUnread(from: object): boolean {
  return Object.keys(from).some((name) => {
    const value = ownField(from, name)
    const isStated = EXPIRY.test(name) || LIFETIME.test(name)
    return isStated && saysSomething(value) && !isRead(value)
  })
}

const isRead = (value: unknown): boolean =>
  readNumber(value) !== undefined || (readInstant(value) ?? 0) > 0

/** A response's `expires` may be a lifetime in seconds, which is too small for an instant. */
function untilIn(from: object, names: RegExp, nowMs: number): number | undefined {
  for (const name of Object.keys(from)) {
    if (!names.test(name)) continue
    const value = ownField(from, name)
    const seconds = /^expires?$/i.test(name) ? readNumber(value) : undefined
    const found = plausibleMs(epochMsUntil(value, nowMs)) ?? plausibleMs((seconds ?? 0) * 1000)
    if (found !== undefined) return found
  }
  return undefined
}

function epochMsUntil(instant: unknown, nowMs: number): number | undefined {
  const atMs = readInstant(instant)
  return atMs === undefined ? undefined : atMs - nowMs
}

/** A lifetime, in whole milliseconds, if it can be one. */
export function plausibleMs(ms: number | undefined): number | undefined {
  const whole = ms === undefined ? 0 : Math.round(ms)
  return whole > 0 && whole <= LIFETIME_MAX_MS ? whole : undefined
}

/** When the tokens of an object were issued, epoch milliseconds, if a field says it. */
function issuedAtMsIn(from: object): number | undefined {
  for (const name of Object.keys(from)) {
    const value = ISSUED.test(name) ? ownField(from, name) : undefined
    // A `Date` under `createdAt` is when a database made its row.
    const atMs = readNumber(value) === undefined ? undefined : readInstant(value)
    if (atMs) return atMs
  }
  return undefined
}

/**
 * Reads when the access token of a stored set expires; else asks the token itself (RFC 7519
 * §4.1.4), then a lifetime with the time from which it counts. What is not understood is never
 * taken for "it does not expire".
 *
 * @param names The fields that should tell it.
 * @param isRow Whether `null` is an empty column, not what JSON makes of `NaN`.
 * @returns `0` for an expiry that cannot be read: one refresh heals the set.
 * @throws {RefreshError} `invalid_tokens` for a lifetime without such a time.
 */
export function readExpiry(
  from: object,
  names: readonly string[],
  accessToken: string,
  canRefresh: boolean,
  isRow: boolean,
): number | undefined {
  const values = names.map((name) => ownField(from, name))
  const expiresAtMs =
    values.map(readInstant).find((atMs) => atMs !== undefined) ??
    readInstant(ownField(jwtClaims(accessToken) ?? {}, 'exp')) ??
    issueEndMs(from, canRefresh)
  if (expiresAtMs !== undefined) return expiresAtMs
  const isNotUnderstood = (value: unknown): boolean =>
    canRefresh ? value !== undefined && !(isRow && value === null) : saysSomething(value)
  if (values.some(isNotUnderstood)) return 0
  if (Object.keys(from).some((name) => isLifetimeName(name) && ownField(from, name) != null)) {
    throw new RefreshError('invalid_tokens', { field: 'expiresAtMs', hint: LIFETIME_ONLY })
  }
  return undefined
}

function issueEndMs(from: object, canRenew: boolean): number | undefined {
  const issuedAtMs = readInstant(ownField(from, 'obtainedAtMs')) ?? issuedAtMsIn(from)
  if (issuedAtMs === undefined) return undefined
  const lifetimeMs = accessLifetimeMsIn(from, { nowMs: issuedAtMs, canRenew })
  return lifetimeMs === undefined ? undefined : issuedAtMs + lifetimeMs
}

/** Whether an expiry that cannot be read is more than what code writes that was told none. */
function saysSomething(value: unknown): boolean {
  if (typeof value !== 'string') {
    return value === true || (typeof value === 'object' && value !== null && !isDate(value))
  }
  return value.trim() !== '' && !isAccident(value) && value !== 'Invalid Date'
}
