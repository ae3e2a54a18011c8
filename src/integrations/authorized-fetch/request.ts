/** The request that is sent next. */
export interface ApiRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: RequestInit['body']
}

/**
 * Makes the request that a call of `fetch` describes.
 *
 * @throws {TypeError} If the address is outside of the origins, or the request has its own token.
 */
export function outgoing(
  input: string | URL | Request,
  init: RequestInit,
  origins: ReadonlySet<string>,
): ApiRequest {
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

/** Makes the second argument of `fetch`. */
export function initOf(
  { method, headers, body }: ApiRequest,
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
    ...(!canBeSentAgain(body) && { duplex: 'half' }),
  }
}

/** Whether a body can be sent again. A stream can be read once only. */
export function canBeSentAgain(body: unknown): boolean {
  if (body == null || typeof body === 'string') return true
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return true
  return [URLSearchParams, FormData, Blob].some((kind) => body instanceof kind)
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** These headers describe the body. Without a body they are removed. */
const OF_A_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type']

/** `fetch` removes these headers when a redirect leads to another origin. */
const OF_AN_ORIGIN = ['cookie', 'host', 'proxy-authorization']

/**
 * Makes the request that follows a redirect.
 *
 * @returns `undefined` if the response is no redirect, or if the redirect cannot be followed: the
 *   body is a stream that was read, or it would be sent outside of the origins.
 * @throws {TypeError} If the redirect leads to an address that is not HTTP.
 * @see https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export function redirected(
  request: ApiRequest,
  { status, headers: answered }: Response,
  origins: ReadonlySet<string>,
): ApiRequest | undefined {
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
  const mayFollow = body == null || (canBeSentAgain(body) && origins.has(url.origin))
  return mayFollow ? { url, method, headers, body } : undefined
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}
