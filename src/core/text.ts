/** Above this a number of seconds since the epoch is one of milliseconds: it would be year 5138. */
export const SECONDS_MAX = 1e11

/** Above this a number is no point in time in milliseconds: it would be year 5138, too. */
export const MILLISECONDS_MAX = 1e14

/**
 * A date, or date, time and zone, as ECMA-262 §21.4.1.32 has them. What else `Date.parse` takes
 * depends on the engine, and a time without zone on the host.
 */
const ISO_DATE = /^\d{4}-\d\d-\d\d(?:[T ][\d:.]{4,18}(?:Z|[+-]\d\d:\d\d))?$/

const NUMBER = /^-?\d{1,16}(?:\.\d{1,9})?$/

const BASE64URL = /^[A-Za-z0-9_-]*$/

/** The texts that template strings and `String()` make of a missing value. */
const ACCIDENTS: ReadonlySet<string> = new Set(['undefined', 'null', 'NaN', '[object Object]'])
const ACCIDENT_MAX_LENGTH = 15

/** The value of an object's own field: inherited names are never read. */
export function ownField(from: object, name: string): unknown {
  return Object.hasOwn(from, name) ? (from as Record<string, unknown>)[name] : undefined
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
 * at 1e11), either as text, an ISO 8601 text, a `Date`.
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
  if (value instanceof Date) return value.getTime()
  const number = readNumber(value)
  if (number !== undefined) return number > SECONDS_MAX ? number : number * 1000
  return typeof value === 'string' && ISO_DATE.test(value)
    ? Date.parse(value.replace(' ', 'T'))
    : undefined
}

/** Bytes as base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/**
 * Bytes in memory of their own, as WebCrypto takes them: `Uint8Array<ArrayBuffer>`. Not written so,
 * because the declarations must compile before TypeScript 5.7, where the type takes no argument.
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
