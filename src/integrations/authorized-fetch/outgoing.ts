/** A request as it is sent next. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: RequestInit['body']
}

/**
 * The request that a call of `fetch` describes.
 *
 * @throws {TypeError} For an address out of the origins, and for one that brings its own token.
 */
export function outgoing(
  input: string | URL | Request,
  init: RequestInit,
  origins: ReadonlySet<string>,
): Outgoing {
  const request = input instanceof Request ? input : undefined
  const text = input instanceof Request ? input.url : String(input)
  if (!URL.canParse(text)) throw new TypeError('write the whole address, with its origin')
  const url = new URL(text)
  if (!origins.has(url.origin)) {
    throw new TypeError(`${url.origin} is none of the origins that the access token is for`)
  }
  const headers = new Headers(init.headers ?? request?.headers)
  if (headers.has('authorization')) {
    throw new TypeError('the request has an Authorization header already: leave it out')
  }
  return {
    url,
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    headers,
    body: init.body === undefined ? request?.body : init.body,
  }
}

/** What `fetch` is called with. */
export function initOf(
  { method, headers, body }: Outgoing,
  init: RequestInit,
  signal: AbortSignal | undefined,
  accessToken: string | undefined,
): RequestInit {
  const all = new Headers(headers)
  if (accessToken !== undefined) all.set('authorization', `Bearer ${accessToken}`)
  return {
    cache: 'no-store',
    ...init,
    method,
    headers: all,
    body: body ?? null,
    redirect: 'manual',
    ...(signal && { signal }),
    ...(!isReplayable(body) && { duplex: 'half' }),
  }
}

/** Whether a body can be sent again: a stream is read once. */
export function isReplayable(body: unknown): boolean {
  if (body == null || typeof body === 'string') return true
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return true
  return [URLSearchParams, FormData, Blob].some((kind) => body instanceof kind)
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** What describes a body, and goes with it. */
const OF_A_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type']

/** What was meant for the first server only, as `fetch` has it. */
const OF_AN_ORIGIN = ['cookie', 'host', 'proxy-authorization']

/**
 * Where a redirect leads.
 *
 * @returns `undefined` for an answer that is none; and for one that could not be followed with what
 *   the request holds: a stream that was read, or a body that would go to a stranger.
 * @throws {TypeError} For an address that is none of HTTP.
 * @see https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export function redirected(
  request: Outgoing,
  { status, headers: answered }: Response,
  origins: ReadonlySet<string>,
): Outgoing | undefined {
  const location = answered.get('location')
  if (!REDIRECTS.has(status) || location === null) return undefined
  const url = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('the redirect leads to no address of HTTP')
  }
  const headers = new Headers(request.headers)
  if (url.origin !== request.url.origin) for (const name of OF_AN_ORIGIN) headers.delete(name)
  if (becomesGet(status, request.method)) {
    for (const name of OF_A_BODY) headers.delete(name)
    return { url, method: 'GET', headers, body: null }
  }
  const { method, body } = request
  const mayFollow = body == null || (isReplayable(body) && origins.has(url.origin))
  return mayFollow ? { url, method, headers, body } : undefined
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}
