import { RefreshError, tokenSource } from '../index.ts'
import type { Outcome, Refresher, RefreshOptions, TokenSet, TokenSource } from '../index.ts'

/** The type of `fetch`, and of the function that {@link authorizedFetch} returns. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Reads and writes one token set, for example in a session. */
export interface OwnTokens<T extends TokenSet> {
  readonly refresher: Refresher
  load(): Promise<T | undefined>
  /** `previous` is the set that was loaded. */
  save(next: T, previous: T): Promise<void>
}

/** The options of {@link authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /**
   * The origins to which the access token may be sent, for example `https://api.example.com`. No
   * redirect sends it elsewhere. Use `http:` only if you trust the network on the way.
   */
  readonly origins: readonly string[]
  /** The resource that the access token is for. Default: no resource in particular. */
  readonly audience?: Pick<RefreshOptions, 'resource' | 'organization'>
  /**
   * Whether a response refuses the access token. Default: a 401 with `error="invalid_token"` (RFC
   * 6750 §3.1). Set it for servers that refuse a token in another way.
   */
  readonly isRefused?: (response: Response) => boolean
  /** Sends requests. Default: the runtime's `fetch`. */
  readonly fetch?: Fetch
}

/** `fetch` follows as many. */
const REDIRECTS_MAX = 20

/**
 * Makes a `fetch` for resource servers. It sends a usable access token in the header, and renews
 * the token before it expires and when the server refuses it.
 *
 * - A request is sent again once at most, and only if its body can be sent again. If the body is a
 *   stream, the caller gets the 401.
 * - Redirects are followed. Outside of `origins`, the access token and the body are not sent.
 * - Nothing is cached unless the request says so, because a response is for one user.
 *
 * It rejects if `fetch`, `load` or `save` rejects; and with a `RefreshError` if there is no usable
 * access token, or only a new sign-in helps.
 *
 * Use it on servers only: in a browser, every script of the page could read the token.
 *
 * @throws {TypeError} In a browser, and if an entry of `origins` is no origin.
 * @see https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1
 */
export function authorizedFetch<T extends TokenSet>(
  tokens: OwnTokens<T>,
  options: AuthorizedFetchOptions,
): Fetch
export function authorizedFetch<K, T extends TokenSet>(
  tokens: TokenSource<K, T>,
  options: AuthorizedFetchOptions & { readonly key: K },
): Fetch
export function authorizedFetch<K, T extends TokenSet>(
  tokens: TokenSource<K, T> | OwnTokens<T>,
  options: AuthorizedFetchOptions & { readonly key?: K },
): Fetch {
  if ('document' in globalThis) {
    throw new TypeError('authorizedFetch is for servers: in a browser, call a route of your own')
  }
  const { audience, isRefused = isTokenRefused } = options
  const send: Fetch = options.fetch ?? ((url, sent) => globalThis.fetch(url, sent))
  const origins = originsOf(options.origins)
  const get = getterOf(tokens, options.key as K)

  return async (input, init = {}) => {
    let request = outgoing(input, init, origins)
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const ask = async (refused?: string): Promise<Outcome | undefined> => {
      const outcome = await get({ ...audience, refused: refused, ...(signal && { signal }) })
      signal?.throwIfAborted()
      return outcome
    }
    let accessToken = usable(await ask())
    let mayRenew = true
    for (let redirects = 0; ;) {
      const isOurs = origins.has(request.url.origin)
      const sent = initOf(request, init, signal, isOurs ? accessToken : undefined)
      const response = await send(request.url.href, sent)
      if (isOurs && mayRenew && canBeSentAgain(request.body) && isRefused(response)) {
        mayRenew = false
        const another = await anotherToken(response, ask(accessToken))
        if (another === undefined) return response
        accessToken = another
        continue
      }
      const next = init.redirect === 'manual' ? undefined : redirected(request, response, origins)
      if (next === undefined) return response
      await discard(response)
      redirects += 1
      if (init.redirect === 'error') throw new TypeError('the server redirects')
      if (redirects > REDIRECTS_MAX) throw new TypeError('the server redirects without end')
      request = next
    }
  }
}

/** @throws {TypeError} If the list is empty, or an entry is no origin. */
function originsOf(origins: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new TypeError("origins is missing: write ['https://api.example.com']")
  }
  for (const origin of origins as readonly unknown[]) {
    const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
    if (url?.origin === origin && /^https?:$/.test(url!.protocol)) continue
    throw new TypeError(`origins: ${String(origin)} is none: write 'https://api.example.com'`)
  }
  return new Set(origins)
}

type Get = (options: RefreshOptions) => Promise<Outcome | undefined>

function getterOf<K, T extends TokenSet>(tokens: TokenSource<K, T> | OwnTokens<T>, key: K): Get {
  if ('get' in tokens) return (options) => tokens.get(key, options)
  const { refresher } = tokens
  const source = tokenSource<undefined, T>(refresher, {
    load: () => tokens.load(),
    save: (_, next, previous) => tokens.save(next, previous),
  })
  return (options) => source.get(undefined, options)
}

/** @throws {RefreshError} If there is no usable access token. */
function usable(outcome: Outcome | undefined): string {
  if (outcome === undefined) throw new RefreshError('no_tokens')
  if (outcome.accessToken === undefined) throw outcome.error ?? new RefreshError('internal')
  return outcome.accessToken
}

/**
 * Gets another access token after a response refused one, and discards that response.
 *
 * @returns `undefined` if no other access token is available now.
 * @throws {RefreshError} If only a new sign-in helps.
 */
async function anotherToken(
  response: Response,
  renewal: Promise<Outcome | undefined>,
): Promise<string | undefined> {
  try {
    const outcome = await renewal
    if (outcome === undefined) throw new RefreshError('no_tokens')
    if (outcome.needsSignIn) throw outcome.error ?? new RefreshError('internal')
    if (outcome.accessToken === undefined) return undefined
    await discard(response)
    return outcome.accessToken
  } catch (error) {
    await discard(response)
    throw error
  }
}

/** Frees the connection of a response. */
async function discard({ body }: Response): Promise<void> {
  await body?.cancel().catch(() => {})
}

/** Matches a parameter with its value, or a single word, which is the name of a scheme. */
const PART = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)/g

/**
 * Whether a response says that the access token is expired, revoked or otherwise invalid.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1
 */
function isTokenRefused({ status, headers }: Response): boolean {
  if (status !== 401) return false
  let scheme = ''
  for (const [, name, quoted, bare, word] of headers.get('www-authenticate')?.matchAll(PART) ??
    []) {
    if (word !== undefined) scheme = word.toLowerCase()
    const isError = scheme === 'bearer' && name?.toLowerCase() === 'error'
    if (isError && (quoted ?? bare) === 'invalid_token') return true
  }
  return false
}

/** The request that is sent next. */
interface ApiRequest {
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
function outgoing(
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
function initOf(
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
function canBeSentAgain(body: unknown): boolean {
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
function redirected(
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
