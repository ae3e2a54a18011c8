import { isRecord } from '../../core/text.ts'
import { ownField, readNumber, toBase64url } from '../../core/text.ts'
import { jwtClaims } from '../../core/jwt.ts'

/** Members whose values are the same for everybody, and are kept if they look like it. */
const COMMON: ReadonlySet<string> = new Set([
  'token_type',
  'expires_in',
  'expires_at',
  'refresh_expires_in',
  'refresh_token_expires_in',
  'not-before-policy',
  'scope',
  'error',
  'error_code',
  'error_description',
  'error_uri',
  'code',
  'message',
  'msg',
  'status',
  'ok',
])

/** Runs of characters that no word has, and every token; and addresses of mail. */
const LIKE_A_TOKEN = /[\w+/=~-]{20,}|\S+@\S+/

/** Words: a code, or a sentence. */
const WORDS = /^[a-z]{1,20}(?:[\s_.,:-]{1,2}[a-z]{1,20})*[.!]?$/i

/**
 * The body of an answer without what is somebody's: its shape stays.
 *
 * @param names Tokens of the exchange, and what stands in their place.
 */
export function sanitised(body: unknown, names: ReadonlyMap<string, string>, name = ''): unknown {
  if (typeof body === 'string') return text(body, names, name)
  if (typeof body === 'number') return COMMON.has(name) ? body : 0
  if (Array.isArray(body)) return body.slice(0, 1).map((each) => sanitised(each, names, name))
  if (!isRecord(body)) return body ?? null
  return Object.fromEntries(
    Object.entries(body).map(([member, value]) => [member, sanitised(value, names, member)]),
  )
}

function text(value: string, names: ReadonlyMap<string, string>, name: string): string {
  const other = names.get(value)
  if (other !== undefined) return withClaims(value, other)
  const isKnown = [...names.keys()].some((token) => value.includes(token))
  const isHarmless = WORDS.test(value) || !LIKE_A_TOKEN.test(value)
  return COMMON.has(name) && !isKnown && isHarmless ? value : '[text]'
}

const encoder = new TextEncoder()

/** An access token that tells its lifetime goes on telling it: nothing else of it is kept. */
function withClaims(token: string, name: string): string {
  const claims = jwtClaims(token)
  const exp = claims && readNumber(ownField(claims, 'exp'))
  if (exp === undefined) return name
  const iat = readNumber(ownField(claims!, 'iat'))
  const part = (value: object): string => toBase64url(encoder.encode(JSON.stringify(value)))
  return `${part({ alg: 'none' })}.${part({ ...(iat !== undefined && { iat }), exp })}.${name}`
}
