import { jwtClaims } from '../../core/jwt.ts'
import { ownField, readNumber, toBase64url } from '../../core/text.ts'

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
const LIKE_A_TOKEN = /[\w+/=~-]{20,}|@/

/** Words: a code, or a sentence. */
const WORDS = /^[a-z]{1,20}(?:[\s_.,:-]{1,2}[a-z]{1,20})*[.!]?$/i

/** No text that is the same for everybody is longer: it is not even looked at. */
const TEXT_MAX = 300

/** Between the words of a name: `token_type`, `not-before-policy`, `expiresIn`. */
const BETWEEN_WORDS = /[\s_.:-]+|(?<=[a-z])(?=[A-Z])/

const NAME_WORD = /^(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,6})\d{0,2}$/
const NAME_MAX = 48

/** The mean length of the words below which a long name is a token without digits. */
const WORD_MEAN = 3

/** Deeper members are left out. */
const DEPTH_MAX = 16

/**
 * The body of an answer without what is of one resource owner: its shape stays. It takes time in
 * proportion to the length of the body, whatever the body holds.
 *
 * @param names Tokens of the exchange, and what stands in their place.
 */
export function sanitised(
  body: unknown,
  names: ReadonlyMap<string, string>,
  name = '',
  depth = 0,
): unknown {
  if (typeof body === 'string') return text(body, names, name)
  if (typeof body === 'number') return COMMON.has(name) ? body : 0
  if (typeof body !== 'object' || body === null) return body ?? null
  if (depth === DEPTH_MAX) return '[more]'
  const inner = (value: unknown, at: string): unknown => sanitised(value, names, at, depth + 1)
  if (Array.isArray(body)) return body.slice(0, 1).map((each) => inner(each, name))
  return Object.fromEntries(
    Object.entries(body).map(([member, value]) => {
      return isWordy(member) && !isNamed(member, names)
        ? [member, inner(value, member)]
        : ['[name]', inner(value, '')]
    }),
  )
}

/** Whether the name of a member is made of words. Servers also use ids, addresses and tokens. */
function isWordy(name: string): boolean {
  if (name.length > NAME_MAX) return false
  const words = name.split(BETWEEN_WORDS).filter((word) => word !== '')
  const isLong = name.length >= 20
  return (
    words.every((word) => NAME_WORD.test(word)) &&
    (!isLong || name.length >= words.length * (WORD_MEAN + 1))
  )
}

function isNamed(text: string, names: ReadonlyMap<string, string>): boolean {
  return [...names.keys()].some((token) => text.includes(token))
}

function text(value: string, names: ReadonlyMap<string, string>, name: string): string {
  const other = names.get(value)
  if (other !== undefined) return withClaims(value, other)
  if (!COMMON.has(name) || value.length > TEXT_MAX || isNamed(value, names)) return '[text]'
  return WORDS.test(value) || !LIKE_A_TOKEN.test(value) ? value : '[text]'
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
