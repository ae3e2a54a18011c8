import { decodeBody, readBody } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import type { RawAnswer } from '../core/provider.ts'
import { isUnsent } from './is-unsent.ts'

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
