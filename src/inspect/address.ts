/** Where a page is served, and lines are taken. */
export interface PageAddress {
  /** Its last part is the secret. Ends with a slash. */
  readonly url: string
  readonly port: number
  readonly secret: string
}

/** 128 bits, as base64url. */
const SECRET = /^[\w-]{22,86}$/

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** The environment variable that names a page to those who are not told of one. */
export const ADDRESS_VARIABLE = 'REFRESH_ONCE_INSPECT'

/**
 * Reads the address of a page.
 *
 * @throws {TypeError} For what is none, or lies outside this machine.
 */
export function readAddress(text: string): PageAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const secret = url?.pathname.replaceAll('/', '') ?? ''
  if (url?.protocol !== 'http:' || url.port === '' || !SECRET.test(secret)) {
    throw new TypeError(
      'the address of a page is what `refresh-once inspect` prints: ' +
        'http://127.0.0.1:<port>/<secret>/',
    )
  }
  if (!LOOPBACK.has(url.hostname)) {
    throw new TypeError('a page is on this machine: its address begins with http://127.0.0.1')
  }
  return addressOf(Number(url.port), secret)
}

export function addressOf(port: number, secret: string): PageAddress {
  return { url: `http://127.0.0.1:${port}/${secret}/`, port, secret }
}
