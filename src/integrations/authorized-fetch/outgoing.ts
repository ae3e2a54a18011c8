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
