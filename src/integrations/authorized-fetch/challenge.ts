/** A parameter with its value, or a word that stands alone: the name of a scheme. */
const PART = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)/g

/**
 * Whether an answer says that the access token is expired, revoked or otherwise no good.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1
 */
export function isTokenRefused({ status, headers }: Response): boolean {
  if (status !== 401) return false
  let scheme = ''
  for (const [, name, quoted, bare, word] of headers.get('www-authenticate')?.matchAll(PART) ??
    []) {
    if (word !== undefined) scheme = word.toLowerCase()
    const isError = scheme === 'bearer' && name?.toLowerCase() === 'error'
    if (isError && (quoted ?? bare) === 'invalid_token') return true
  }
  return false
}
