import { fromBase64url, isRecord } from './text.ts'

/** Longer tokens are taken as opaque, in characters. Real ones stay below 16 Ki. */
const TOKEN_MAX_LENGTH = 64 * 1024

/**
 * The claims of a signed JWT in compact form (RFC 7515 §3.1, RFC 7519 §7.2), decoded and **not
 * verified**: good for knowing when one's own token expires, for no decision about trust.
 *
 * The object may hold any name, `__proto__` too: read it with `Object.hasOwn`.
 *
 * @returns `undefined` for everything else: opaque tokens, encrypted ones (RFC 7516, five parts),
 *   claims that are no JSON object or not UTF-8, tokens above 64 Ki characters. Never throws.
 */
export function jwtClaims(token: string): Record<string, unknown> | undefined {
  if (token.length > TOKEN_MAX_LENGTH) return undefined
  const payload = payloadOf(token)
  const bytes = payload === undefined ? undefined : fromBase64url(payload)
  if (bytes === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isRecord(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

/** The middle one of exactly three parts, the first of which is not empty. */
function payloadOf(token: string): string | undefined {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 1 || second < 0 || token.includes('.', second + 1)) return undefined
  return token.slice(first + 1, second)
}
