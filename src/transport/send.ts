import { decodeBody, readBody } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import type { RawAnswer } from '../core/provider.ts'
import { ownField } from '../core/text.ts'

/** Sends one request, once: one that repeats a request by itself spends a token twice. */
export type FetchOnce = (url: string, init: RequestInit) => Promise<Response>

/** The runtime's `fetch`, looked up at each call, because frameworks replace it. */
export const runtimeFetch: FetchOnce = (url, init) => globalThis.fetch(url, init)

/** The means by which a transport sends every request. */
export interface Sender {
  readonly fetch: FetchOnce
  readonly clock: Clock
  /**
   * Whether a request leaves no idle connection behind. If the server closes an idle connection at
   * the very moment it is used again, the request is lost without proof (6 of 20 at the server's
   * idle limit).
   *
   * With Node's `fetch` it is done by `connection: close`, which undici obeys (measured, undici
   * 6.24: a socket each). It does not keep undici from taking a connection that a request of the
   * application's own left idle at the same origin: only a `fetch` with an `Agent` of its own does.
   * Browsers and workers drop the header.
   */
  readonly closing: boolean
}

/** A request that can be sent as it is. */
export interface HttpRequest {
  readonly url: string
  readonly method: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** What came back. `unsent`: it is proved that the request was not sent. */
export type HttpReply =
  | { readonly answered: true; readonly answer: RawAnswer }
  | { readonly answered: false; readonly unsent: boolean }

/** A request as oauth4webapi builds it, before it is written for a provider. */
export interface BuiltRequest<Body> {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/**
 * Takes the request that a function of oauth4webapi builds, and sends nothing. The function stays
 * without an answer for ever: {@link send} sends the request when its time has come.
 *
 * @throws The error of the function, if the request cannot be built.
 */
export function captureRequest<Body>(
  build: (
    fetch: (url: string, request: Omit<BuiltRequest<Body>, 'url'>) => Promise<Response>,
  ) => Promise<Response>,
): Promise<BuiltRequest<Body>> {
  return new Promise((resolve, reject) => {
    build((url, { headers, body }) => {
      resolve({ url, headers, body })
      return new Promise<never>(() => {})
    }).catch(reject)
  })
}

const CLOSING = { connection: 'close' }

/**
 * Sends one request, once, and reads its answer whole.
 *
 * Bounded: one deadline over headers and body, 1 MiB of body, no redirect (a token goes to no other
 * host), no cache. Holds for any `fetch`, also one that ignores its signal.
 *
 * @param timeoutMs Milliseconds until the answer is given up.
 * @returns Never rejects.
 */
export async function send(
  request: HttpRequest,
  sender: Sender,
  timeoutMs: number,
): Promise<HttpReply> {
  const { clock, closing } = sender
  const deadline = new AbortController()
  const timer = clock.setTimeout(() => deadline.abort(), timeoutMs, { keepAlive: true })
  try {
    const response = await unlessAborted(deadline.signal, () =>
      sender.fetch(request.url, {
        method: request.method,
        headers: { ...request.headers, ...(closing && CLOSING) },
        ...(request.body !== undefined && { body: request.body }),
        redirect: 'manual',
        cache: 'no-store',
        signal: deadline.signal,
      }),
    )
    const read = await readBody(response.body, deadline.signal)
    const body = decodeBody(read.text, read.whole, response.headers.get('content-type'))
    return { answered: true, answer: { status: response.status, headers: response.headers, body } }
  } catch (error) {
    return { answered: false, unsent: isUnsent(error) }
  } finally {
    clock.clearTimeout(timer)
  }
}

/** Gives up a `fetch` that ignores its signal. The body of a late answer is cancelled. */
function unlessAborted(signal: AbortSignal, call: () => Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('deadline')))
    Promise.resolve(call()).then((response) => {
      if (signal.aborted) response.body?.cancel().catch(() => {})
      resolve(response)
    }, reject)
  })
}

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Reads the wait that a server asks for (RFC 9110 §10.2.3): seconds, or a date.
 *
 * @param nowMs This host's wall clock, epoch milliseconds. A date is counted from it.
 * @returns Milliseconds, 0 to 24 h. `undefined` if the header is missing or cannot be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  const seconds = /^\d+(?:\.\d+)?$/.test(text)
  // A date begins with a day's name; `Date.parse` would also find one in '-5'.
  const isDate = /^[A-Z][a-z]{2}/.test(text)
  const ms = seconds ? Number(text) * 1000 : isDate ? Date.parse(text) - nowMs : NaN
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.round(ms), 0), DAY_MS)
}

/** Causes lie nested: `fetch` wraps undici's error, which may wrap another. */
const DEPTH_MAX = 8

/** The name was not resolved, or no connection was made. */
const BEFORE_CONNECTING: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  // The only answer to a SYN that says so; an open TCP connection never ends like this.
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** An open connection fails with these, too: they are proof only if `connect` failed. */
const WHILE_CONNECTING: ReadonlySet<string> = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
])

/**
 * We refused the server's certificate (X.509 verification, as OpenSSL and Node name its results):
 * raised by this side, at the end of the handshake and before the first byte of the request.
 *
 * `EPROTO` and `ERR_SSL_*` are missing on purpose. With TLS 1.3 a server's alert (a client
 * certificate it wants, say) may come after the request was sent, under the same codes.
 */
const CERTIFICATE_REFUSED: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * Whether the error of a failed `fetch` proves that nothing of the request was sent.
 *
 * Strict, for a wrong `true` presents a token twice: what could also happen to an open connection
 * (`ECONNRESET`, a timeout of ours, any error without a code) proves nothing. The outermost error
 * that has a code decides; of several attempts to connect (RFC 8305) each must have failed so.
 *
 * Knows the codes of Node and undici. It holds for a `fetch` that tries once: one that sends again
 * by itself hides the first attempt behind the error of the last.
 */
export function isUnsent(error: unknown): boolean {
  try {
    return proves(error, DEPTH_MAX)
  } catch {
    return false
  }
}

function proves(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth === 0) return false
  const attempts = ownField(error, 'errors')
  if (Array.isArray(attempts) && attempts.length > 0) {
    return attempts.every((attempt) => proves(attempt, depth - 1))
  }
  const code = 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return proves(ownField(error, 'cause'), depth - 1)
  if (BEFORE_CONNECTING.has(code) || CERTIFICATE_REFUSED.has(code)) return true
  return WHILE_CONNECTING.has(code) && ownField(error, 'syscall') === 'connect'
}
