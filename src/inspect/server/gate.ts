import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { PageAddress } from '../address.ts'

/** Who may come in, and where to. */
export type Admission =
  | { readonly path: string; readonly status?: undefined }
  /** Refused, with this HTTP status. */
  | { readonly path?: undefined; readonly status: number }

/**
 * Lets in who knows the secret, by an address of this machine, from no foreign page. A name that
 * leads here by DNS is refused (rebinding): its `Host` gives it away.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-7.4
 */
export function admit(
  { url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  { port, secret }: Pick<PageAddress, 'port' | 'secret'>,
): Admission {
  const { host, origin } = headers
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return { status: 421 }
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403 }
  const [, given = '', ...rest] = url.split('?', 1)[0]!.split('/')
  if (!isSame(given, secret) || rest.length === 0) return { status: 404 }
  return { path: rest.join('/') }
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}
