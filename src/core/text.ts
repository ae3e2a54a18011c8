/** Above this a number of seconds since the epoch is one of milliseconds: it would be year 5138. */
export const SECONDS_MAX = 1e11

/** Above this a number is no point in time in milliseconds: it would be year 5138, too. */
export const MILLISECONDS_MAX = 1e14

/** Above this a number is no point in time in microseconds, but may be one in nanoseconds. */
const MICROSECONDS_MAX = 1e17

/**
 * A date, or date, time and zone, as ECMA-262 §21.4.1.32, RFC 3339 and databases write them
 * (`2030-01-01 00:00:00.123456+00`). What else `Date.parse` takes depends on the engine.
 */
const ISO_DATE = new RegExp(
  '^(\\d{4}-\\d\\d-\\d\\d)' +
    '(?:[T ](\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d{1,9})?)?)' +
    '(?: ?(Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?))?)?$',
  'i',
)

/**
 * The texts of `toUTCString` (also RFC 9110 §5.6.7) and `toString`, which `Date.parse` must read
 * (ECMA-262 §21.4.3.2).
 */
const SPELLED_DATE = new RegExp(
  '^[A-Z][a-z]{2}(?:, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT' +
    '| [A-Z][a-z]{2} \\d\\d \\d{4} \\d\\d:\\d\\d:\\d\\d GMT[+-]\\d{4}(?: \\(.*\\))?)$',
)

const NUMBER = /^-?\d{1,19}(?:\.\d{1,9})?$/

const BASE64URL = /^[A-Za-z0-9_-]*$/

/** The texts that template strings and `String()` make of a missing value. */
const ACCIDENTS: ReadonlySet<string> = new Set(['undefined', 'null', 'NaN', '[object Object]'])
const ACCIDENT_MAX_LENGTH = 15

/**
 * Names such as `expires`, `expiry` and `exp`, which an application may also use for a session of
 * its own. They count only if no other name tells when the access token expires.
 */
const VAGUE = /^[._-]?(?:exp$|valid|not[_-]?after|expir(?!(?:es?|y|ation|ed|ing)[_-]?at))/i

/** Whether a field with this name may be about something else than the access token. */
export const isVagueExpiryName = (name: string): boolean => VAGUE.test(name)

/** The value of an object's own field: inherited names are never read. */
export function ownField(from: object, name: string): unknown {
  return Object.hasOwn(from, name) ? (from as Record<string, unknown>)[name] : undefined
}

/** The value at a place in an object, by the names of a path: `'data.tokens.access'`. */
export function memberAt(from: unknown, path: string): unknown {
  if (!isRecord(from)) return undefined
  if (Object.hasOwn(from, path)) return from[path]
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? ownField(value, name) : undefined
  }, from)
}

/** Whether a value is an object with named members: neither `null` nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text that is not empty, else `undefined`. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The scope as one text (RFC 6749 §3.3); some servers and applications hold a list. */
export function readScope(value: unknown): string | undefined {
  return readText(Array.isArray(value) ? value.filter(readText).join(' ') : value)
}

/** Whether a text is `'undefined'` or the like: what code wrote that had no token in hand. */
export function isAccident(text: string): boolean {
  return text.length <= ACCIDENT_MAX_LENGTH && ACCIDENTS.has(text)
}

/** What files, variables, and columns of a fixed width put around a token. */
const AROUND = /^[\s\p{Cc}\p{Cf}]+|[\s\p{Cc}\p{Cf}]+$/gu

/** Matches a token: VSCHAR of RFC 6749 Appendix A.12 and A.17, and no more than 16 KiB of them. */
const TOKEN = /^[\x20-\x7e]{1,16384}$/

/**
 * Whether no white space, invisible sign or quote stands around a token: at a glance, for the path
 * of every call.
 */
export function isBare(token: string): boolean {
  const [first, last] = [token.charCodeAt(0), token.charCodeAt(token.length - 1)]
  return (
    first > 0x22 && first !== 0x27 && first !== 0x60 && first < 0x7f && last > 0x20 && last < 0x7f
  )
}

/** A token without the white space and invisible signs around it, which no server issues. */
export const bareToken = (token: string): string =>
  isBare(token) ? token : token.replace(AROUND, '')

/** Whether a token was written with quotes around it. */
export const isQuoted = (token: string): boolean => /^(["'`])[^]*\1$/.test(token)

/**
 * Why a text can be no token, as the rest of a sentence. It prints nothing of the text.
 *
 * @param quotes `kept`: quotes around it may be of it. A server that sends a refresh token as a
 *   cookie may want them back.
 */
export function tokenFault(
  token: string,
  quotes: 'refused' | 'kept' = 'refused',
): string | undefined {
  if (quotes === 'refused' && isQuoted(token)) return 'stands in quotes: store it without'
  if (TOKEN.test(token)) return undefined
  return 'has a line break, a sign that no token can hold (RFC 6749 A.17), or more than 16 KiB'
}

/** A finite number, or a decimal text of one (`'3600'`), or a `bigint`; else `undefined`. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string' || value.length > 30) return undefined
  const text = value.trim()
  return NUMBER.test(text) ? Number(text) : undefined
}

/**
 * A point in time as epoch milliseconds, however it was written: seconds, milliseconds (told apart
 * at 1e11), micro- or nanoseconds, each also as text; a text with date and time; a `Date` of any
 * realm; an object that stands for one of these.
 *
 * @returns `0` for all that lies before 1973: long ago, and below what is taken for milliseconds.
 *   `undefined` for what is no point in time, or lies before 1970 or after year 5138.
 */
export function readInstant(value: unknown): number | undefined {
  const ms = Math.round(toMilliseconds(value) ?? NaN)
  if (!(ms >= 0 && ms <= MILLISECONDS_MAX)) return undefined
  return ms > SECONDS_MAX ? ms : 0
}

function toMilliseconds(value: unknown): number | undefined {
  if (typeof value === 'object' && value !== null) return objectToMilliseconds(value)
  const number = readNumber(value)
  if (number !== undefined) return epochMs(number)
  return typeof value === 'string' ? textToMilliseconds(value.trim()) : undefined
}

/** Epoch seconds, milli-, micro- or nanoseconds, told apart by size, as milliseconds. */
export function epochMs(number: number): number {
  if (number <= SECONDS_MAX) return number * 1000
  if (number <= MILLISECONDS_MAX) return number
  return number / (number <= MICROSECONDS_MAX ? 1e3 : 1e6)
}

/**
 * Without a zone, a text is of UTC (databases) or of this host's zone. The earlier of the two
 * counts: a token is then renewed too early at worst, and never served after its end.
 */
function textToMilliseconds(given: string): number | undefined {
  // JSON quotes a date, and RFC 9557 §3.1 names a zone behind it.
  const text = given.replaceAll(/^"|(?:\[[^[\]]*\])*"?$/g, '')
  if (SPELLED_DATE.test(text)) return Date.parse(text)
  const [, date, time, zone] = ISO_DATE.exec(text) ?? []
  if (date === undefined) return undefined
  if (time === undefined) return Date.parse(date)
  const local = `${date}T${time.replace(/[.,](\d{1,3})\d*$/, '.$1')}`
  if (zone === undefined) return Math.min(Date.parse(`${local}Z`), Date.parse(local))
  const [, sign, hours, minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  return Date.parse(local + (sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`))
}

/** A `Date`, also of another realm, where `instanceof` does not know it. */
export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/**
 * A `Date`, a `Temporal.Instant`, what turns into a date or a number (Day.js, `Long`), and what
 * JSON makes of a Firestore or MongoDB date.
 */
function objectToMilliseconds(value: object): number | undefined {
  try {
    if (isDate(value)) return Date.prototype.getTime.call(value)
    const fields = value as Readonly<Record<string, unknown>>
    if (typeof fields['epochMilliseconds'] === 'number') return fields['epochMilliseconds']
    const convert = [fields['toDate'], fields['toNumber']].find(
      (each) => typeof each === 'function',
    )
    const { seconds = fields['_seconds'], $date: extended = seconds } = fields
    const meant: unknown = convert?.call(value) ?? extended ?? value.valueOf()
    if (isDate(meant)) return Date.prototype.getTime.call(meant)
    return typeof meant === 'object' ? undefined : toMilliseconds(meant)
  } catch {
    return undefined
  }
}

/**
 * How a value is written. A text as it is; a list of texts; a time as seconds or milliseconds, each
 * as a number or as a text; as ISO 8601, as a database prints it, or as a `Date`.
 */
export type FieldForm =
  'text' | 'list' | 's' | 'ms' | 's text' | 'ms text' | 'iso' | 'sql' | 'sql utc' | 'date'

/**
 * The form that a value has, if it can be told, else the usual one of its name. A name that ends in
 * its unit is believed.
 */
export function seenForm(value: unknown, name: string, usual: FieldForm): FieldForm {
  if (usual === 'text') return name === 'scope' && Array.isArray(value) ? 'list' : 'text'
  const isText = typeof value === 'string'
  if (name.endsWith('Ms')) return isText && readNumber(value) !== undefined ? 'ms text' : 'ms'
  if (isDate(value)) return 'date'
  const number = readNumber(value)
  if (number !== undefined && number > 0) {
    const unit = number > SECONDS_MAX ? 'ms' : 's'
    return isText ? `${unit} text` : unit
  }
  if (number !== undefined || readInstant(value) === undefined) return usual
  return isText ? textForm(value) : 'date'
}

/** A database prints a space before the time; a zone only if the column has one. */
function textForm(text: string): FieldForm {
  if (!/^\d\S* \S/.test(text) || /z$/i.test(text)) return 'iso'
  return /\d\d:\d\d.*(?:[+-]|utc$)/i.test(text) ? 'sql utc' : 'sql'
}

/** A value of a token set in that form. Times are cut, not rounded: early rather than late. */
export function inForm(value: string | number, form: FieldForm): unknown {
  if (typeof value === 'string') return form === 'list' ? value.split(' ') : value
  switch (form) {
    case 's':
      return Math.floor(value / 1000)
    case 'ms':
      return value
    case 's text':
      return String(Math.floor(value / 1000))
    case 'ms text':
      return String(value)
    case 'date':
      return new Date(value)
    case 'sql':
      return sqlText(value)
    case 'sql utc':
      return `${sqlText(value)}+00`
    case 'text':
    case 'list':
    case 'iso':
      return new Date(value).toISOString()
  }
}

function sqlText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** Bytes as base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/**
 * Bytes in memory of their own, as WebCrypto takes them: a `Uint8Array` over an `ArrayBuffer`. The
 * type takes no argument before TypeScript 5.7, so that it is not written with one.
 */
export type Bytes = ReturnType<Uint8ArrayConstructor['of']>

/**
 * The bytes of a base64url text without padding (RFC 4648 §5).
 *
 * @returns `undefined` for another alphabet, padding, or an impossible length.
 */
export function fromBase64url(text: string): Bytes | undefined {
  if (text.length % 4 === 1 || !BASE64URL.test(text)) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
