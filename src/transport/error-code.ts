import { isRecord, ownField, readText } from '../core/text.ts'
import type { HttpReply } from './send.ts'

/** Where servers put the code into an object, in the order in which it is looked for. */
const CODE_MEMBERS = ['code', 'error', 'errors', 'type', 'status'] as const

/** Objects lie in objects; deeper ones are not read. */
const DEPTH_MAX = 4

/**
 * The error code of an answer: the text of `error` (RFC 6749 §5.2), or the one that stands inside,
 * for servers that put an object or a list there, or call the member `errors`.
 *
 * @param members Those of the answer; or the answer, if it is a list.
 * @returns `undefined` if there is none, or if a list holds several.
 */
export function errorCodeOf(members: unknown): string | undefined {
  if (!isRecord(members)) return codeIn(members, DEPTH_MAX)
  return (
    codeIn(ownField(members, 'error'), DEPTH_MAX) ?? codeIn(ownField(members, 'errors'), DEPTH_MAX)
  )
}

function codeIn(value: unknown, depth: number): string | undefined {
  if (depth === 0) return undefined
  if (Array.isArray(value)) {
    const codes = new Set(value.map((each) => codeIn(each, depth - 1)))
    return codes.size === 1 ? [...codes][0] : undefined
  }
  if (!isRecord(value)) return readText(value)
  for (const name of CODE_MEMBERS) {
    const code = codeIn(ownField(value, name), depth - 1)
    if (code !== undefined) return code
  }
  return undefined
}

/** Matches words that a party which never looked at the token does not use, and codes as text. */
const OF_A_TOKEN = /token|grant|session|expired|revoked|"(?:error_?)?code"\s*:\s*"/i

/** The `error` of a challenge (RFC 6750 §3), unless it speaks of the client. */
const CHALLENGE = /\berror\s*=\s*"?(?!(?:invalid|unauthorized)_client\b)[\w.-]/i

/**
 * Whether an answer speaks of the token, in whatever form. Its sender has looked at the token then,
 * and may have consumed it. A web page does not count: gateways send pages, and pages hold tokens
 * of their own.
 */
export function isAboutToken({
  answer,
  text = '',
}: Extract<HttpReply, { answered: true }>): boolean {
  const { body, headers } = answer
  const isPage = text.trimStart().startsWith('<')
  return (
    (isRecord(body) && ['error', 'errors'].some((name) => isSaid(ownField(body, name)))) ||
    (!isPage && OF_A_TOKEN.test(text)) ||
    CHALLENGE.test(headers.get('www-authenticate') ?? '')
  )
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
