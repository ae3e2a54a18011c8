import { decodeBody, readBody, streamOf } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import type { RawAnswer } from '../core/provider.ts'
import { isUntouched } from './own-socket.ts'
import { UNSENT, whyUnsent } from './unsent.ts'
import { attempt } from '../core/user-code.ts'

/** Sends one request, once: one that repeats a request by itself spends a token twice. */
export type FetchOnce = (url: string, init: RequestInit) => Promise<Response>

/** The means by which a transport sends every request. */
export interface Sender {
  readonly fetch: FetchOnce
  readonly clock: Clock
  /**
   * Whether a request leaves no idle connection behind. If the server closes an idle connection at
   * the very moment it is used again, the request is lost without proof (6 of 20 at the server's
   * idle limit).
   *
   * `ownSocket` opens a connection for each of these requests. Elsewhere `connection: close` says
   * so, which undici obeys (measured, undici 6.24: a socket each). It does not keep undici from
   * taking a connection that a request of the application's own left idle at the same origin.
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

/**
 * What came back. `unsent`: it is proved that the request was not sent. `hint`: what the operator
 * can do about it, in our own words.
 */
export type HttpReply =
  | {
      readonly answered: true
      readonly answer: RawAnswer
      /** The body as it came, also where it cannot be decoded. */
      readonly text?: string
      /** What the provider's `read` made of the answer. Absent: it was not asked yet. */
      readonly read?: unknown
    }
  | { readonly answered: false; readonly unsent: boolean; readonly hint?: string | undefined }

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
    const answer = await unlessAborted(deadline.signal, () =>
      sender.fetch(request.url, {
        method: request.method,
        headers: { ...request.headers, ...(closing && CLOSING) },
        ...(request.body !== undefined && { body: request.body }),
        redirect: 'manual',
        cache: 'no-store',
        signal: deadline.signal,
      }),
    )
    const response = readAnswer(answer)
    if (response === undefined) return { answered: false, unsent: false, hint: UNREADABLE }
    const { status, headers } = response
    const type = headers.get('content-type')
    const { text, whole } = await readBody(response.body, deadline.signal, type)
    const body = decodeBody(text, whole, type)
    // Not the connection broke, but what `fetch` made of the answer.
    const isForeign = !whole && text === '' && !(answer instanceof Response)
    if (isForeign) return { answered: false, unsent: false, hint: UNREADABLE }
    return { answered: true, answer: { status, headers, body }, text }
  } catch (error) {
    const why = whyUnsent(error) ?? (isUntouched(deadline.signal) ? 'unconnected' : undefined)
    return { answered: false, unsent: why !== undefined, hint: why && UNSENT[why] }
  } finally {
    clock.clearTimeout(timer)
  }
}

/**
 * Gives up a `fetch` that ignores its signal. The body of a late answer is cancelled. An HTTP
 * client that throws for a status of 400 has got an answer all the same.
 */
function unlessAborted(signal: AbortSignal, call: () => Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('deadline')))
    Promise.resolve(call()).then(
      (answer) => {
        if (signal.aborted) cancel(answer)
        resolve(answer)
      },
      (error: unknown) => {
        const answer = isObject(error) ? error['response'] : undefined
        if (readAnswer(answer) === undefined) reject(error)
        else resolve(answer)
      },
    )
  })
}

function cancel(answer: unknown): void {
  if (answer instanceof Response) answer.body?.cancel().catch(() => {})
}

/** What is needed of an answer, whatever `fetch` it came from. */
interface ReadableAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
}

const UNREADABLE =
  'The answer of `fetch` cannot be read: it must be a web Response, whose body was not read before.'

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/**
 * Reads what `fetch` answered: the platform's Response; one of another implementation, whose body
 * is a stream of Node's or nothing; or an object of a test or of an HTTP client, with `text`,
 * `json` or `data`. The token is spent by then, so everything that can be understood is.
 *
 * @returns `undefined` if there is no status, or no body that can be read.
 */
function readAnswer(answer: unknown): ReadableAnswer | undefined {
  if (!isObject(answer)) return undefined
  const { status = answer['statusCode'] ?? (answer['ok'] === true ? 200 : undefined) } = answer
  const body = bodyOf(answer)
  if (typeof status !== 'number' || body === undefined) return undefined
  return { status, headers: headersOf(answer['headers']), body }
}

/** The methods by which the body of an answer is read, in the order in which they are tried. */
const READERS = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'buffer']

function bodyOf(answer: Fields): ReadableAnswer['body'] | undefined {
  // `_data` is what ofetch has read of a Response.
  const { body, bodyUsed, _data: read, data = read } = answer
  const isSpent = bodyUsed === true || (isObject(body) && body['locked'] === true)
  if (isSpent) return data === undefined ? undefined : streamOf(once(() => data))
  if (isObject(body) && typeof body['getReader'] === 'function') {
    return body as unknown as ReadableStream<Uint8Array>
  }
  for (const stream of [body, data]) {
    if (isObject(stream) && !ArrayBuffer.isView(stream) && Symbol.asyncIterator in stream) {
      return streamOf(stream as unknown as AsyncIterable<unknown>)
    }
  }
  const readers = READERS.map((name) => answer[name]).filter((each) => typeof each === 'function')
  if (readers.length > 0) return streamOf(once(() => readBy(readers, answer)))
  const value = data ?? body
  return value === undefined ? undefined : streamOf(once(() => value))
}

/** Reads by the first method that gives something: mocks have some that throw or are empty. */
async function readBy(readers: readonly Function[], answer: Fields) {
  const failures: unknown[] = []
  for (const read of readers) {
    try {
      const value: unknown = await read.call(answer)
      if (value === '' || value === undefined) continue
      const isBlob = typeof Blob === 'function' && value instanceof Blob
      return isBlob ? await value.arrayBuffer() : value
    } catch (error) {
      failures.push(error)
    }
  }
  return failures.length > 0 ? Promise.reject(failures.at(-1)) : ''
}

async function* once(read: () => unknown): AsyncGenerator {
  yield await read()
}

/** The headers that are read of an answer whose headers cannot be listed. */
const READ_HEADERS = ['content-type', 'date', 'retry-after', 'set-cookie', 'www-authenticate']

/** Whatever is wrong with the headers of an answer, it must not cost what its body holds. */
function headersOf(given: unknown): Headers {
  if (given instanceof Headers) return given
  const headers = new Headers()
  if (!isObject(given)) return headers
  for (const [name, value] of attempt(() => pairsOf(given)) ?? []) {
    const isText = ['string', 'number'].includes(typeof value) || Array.isArray(value)
    if (typeof name === 'string' && isText) attempt(() => headers.append(name, String(value)))
  }
  return headers
}

function pairsOf(given: Fields): readonly (readonly [unknown, unknown])[] {
  if (Symbol.iterator in given) return [...(given as unknown as Iterable<[unknown, unknown]>)]
  const { get } = given
  if (typeof get !== 'function') return Object.entries(given)
  return READ_HEADERS.map((name) => [name, get.call(given, name) as unknown])
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
