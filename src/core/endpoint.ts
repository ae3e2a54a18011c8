import type { Provider, RetiredAddress } from './provider.ts'

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

/**
 * The networks that no public name should lead to (IANA special-purpose registries): first bytes,
 * and how many bits of them count. `100.64/10` is what carriers and cloud providers use inside.
 */
const PRIVATE_V4: readonly (readonly [prefix: number, bits: number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0a80000, 16],
  [0xc6120000, 15],
  [0xe0000000, 3],
]

/** Names that no public DNS answers: without a dot, or below a zone of private use. */
const PRIVATE_NAME =
  /^[^.]+$|\.(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa)$/

/**
 * Whether a URL's host lies in a private network or on this machine: by its address, in any
 * spelling, or by a name that only private networks know. `new URL` has brought decimal, octal and
 * hexadecimal addresses to one form. A public name that leads to a private address is not noticed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6890.html
 */
export function isPrivateHost({ hostname }: URL): boolean {
  if (hostname.startsWith('[')) return isPrivateV6(groupsOf(hostname.slice(1, -1)))
  const bytes = hostname.split('.').map(Number)
  if (/^[\d.]+$/.test(hostname) && bytes.length === 4) return isPrivateV4(bytes)
  return PRIVATE_NAME.test(hostname.replace(/\.$/, ''))
}

function isPrivateV4(bytes: readonly number[]): boolean {
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  return PRIVATE_V4.some(([prefix, bits]) => {
    const size = 2 ** (32 - bits)
    return address >= prefix && address < prefix + size
  })
}

/** Only `2000::/3` is public, and what carries an IPv4 address counts as that address. */
function isPrivateV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0, third = 0] = groups
  const v4At = (index: number): boolean => {
    const [high = 0, low = 0] = groups.slice(index)
    return isPrivateV4([high >> 8, high & 255, low >> 8, low & 255])
  }
  // Mapped and compatible addresses (RFC 4291 §2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056).
  if (groups.slice(0, 5).every((group) => group === 0)) return v4At(6)
  if (first === 0x64 && second === 0xff9b && third === 0) return v4At(6)
  if (first === 0x2002) return v4At(1)
  return first < 0x2000 || first > 0x3fff
}

/** The eight groups of an IPv6 address as `new URL` writes it. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  if (tail === undefined) return numbers(head)
  const [before, after] = [numbers(head), numbers(tail)]
  return Array.from({ length: 8 }, (_, i) => before[i] ?? after[i - 8 + after.length] ?? 0)
}

/** An IPv6 address without its brackets. */
const BARE_V6 = /^[\da-f:.]*:[\da-f.]*:[\da-f:.]*$/i

/**
 * Reads a host, with a port or for any: `10.0.0.5`, `id.internal:8443`, `fd00::5`.
 *
 * @returns As `URL` spells it. `undefined` for anything else, e.g. a whole URL.
 */
export function readHost(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || /[/\\?#@\s*]/.test(text)) return undefined
  const url = `https://${BARE_V6.test(text) ? `[${text}]` : text}`
  return URL.canParse(url) ? new URL(url).host : undefined
}

/** The address among a provider's endpoints that the AS gives up, or gave up. */
export function retiredAddress({
  tokenEndpoint,
  revocationEndpoint,
  introspectionEndpoint,
  retired = [],
}: Pick<Provider, 'tokenEndpoint' | 'revocationEndpoint' | 'introspectionEndpoint' | 'retired'>):
  RetiredAddress | undefined {
  const used = [tokenEndpoint, revocationEndpoint, introspectionEndpoint].map(placeOf)
  return retired.find(({ address }) => used.includes(placeOf(address)))
}

/** Host and path of a URL: its query, and a slash at its end, lead to the same place. */
function placeOf(url: string | null | undefined): string {
  const { host = '', pathname = '' } =
    typeof url === 'string' && URL.canParse(url) ? new URL(url) : {}
  return `${host}${pathname.replace(/\/+$/, '')}`
}
