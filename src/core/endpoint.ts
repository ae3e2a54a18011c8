/** Hosts that a packet never leaves the machine for: 127.0.0.0/8, `[::1]`, `localhost`. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Matches what template strings and unexpanded `.env` files leave in a URL. */
export const UNFILLED = /\$\{|^undefined$|^null$|:\/\/(?:undefined|null)(?:[/:]|$)/

/**
 * Reads a URL that tokens may be sent to: https, or http on a loopback host.
 *
 * @param insecure Whether http is accepted on any host.
 * @returns `undefined` for anything else, and for a URL with user information, which `fetch`
 *   refuses, or with a fragment (RFC 6749 §3.2).
 */
export function readEndpoint(text: unknown, insecure: boolean): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || url.hash !== '') return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && (insecure || isLoopback(url)) ? url : undefined
}

/** Whether the URL's host is this machine. `new URL` brings `127.1` and `0x7f.1` to one form. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname)
}
