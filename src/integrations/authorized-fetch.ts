import { checkOptions, func, having, kind, needed, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { canBeSentAgain, initOf, outgoing, redirected } from './authorized-fetch/request.ts'
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
  readonly isRefused?: (response: Response) => boolean | Promise<boolean>
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
  checkOptions('authorizedFetch', { tokens, ...options }, OPTIONS)
  const { audience } = options
  const isRefused = refusalOf(options)
  const send: Fetch = options.fetch ?? ((url, sent) => globalThis.fetch(url, sent))
  const origins: ReadonlySet<string> = new Set(options.origins)
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
      if (isOurs && mayRenew && canBeSentAgain(request.body) && (await isRefused(response))) {
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

const OWN: TableOf<OwnTokens<TokenSet>> = {
  refresher: needed(having('createRefresher(…)', 'refresh')),
  load: needed(func),
  save: needed(func),
}

const OPTIONS: TableOf<AuthorizedFetchOptions & { key?: unknown; tokens: unknown }> = {
  tokens: needed(
    kind('{ refresher, load, save }, or tokenSource(…)', (value) => {
      return 'get' in Object(value) || (typeof value === 'object' && OWN)
    }),
  ),
  origins: needed(
    kind("origins: ['https://api.example.com']", (value) => {
      return Array.isArray(value) && value.length > 0 && value.every(isOrigin)
    }),
  ),
  audience: { resource: text(), organization: text() },
  isRefused: func,
  fetch: func,
  key: kind('', () => true),
}

function isOrigin(value: unknown): boolean {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  return url?.origin === value && /^https?:$/.test(url!.protocol)
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
  return sendable(outcome.accessToken)
}

/** @throws {RefreshError} Without the token: the error of `Headers` would print it. */
function sendable(accessToken: string): string {
  if (/^[\x20-\x7e]{1,16384}$/.test(accessToken)) return accessToken
  const hint = 'No header can hold this access token, or it has more than 16 KiB.'
  throw new RefreshError('unusable', { hint })
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
    const accessToken = sendable(outcome.accessToken)
    await discard(response)
    return accessToken
  } catch (error) {
    await discard(response)
    throw error
  }
}

/** Frees the connection of a response. */
async function discard({ body }: Response): Promise<void> {
  try {
    await body?.cancel()
  } catch {
    // The body is read already, or its stream is none of the web's.
  }
}

/** What the application's function throws must not cost the answer that it looked at. */
function refusalOf({ isRefused = isTokenRefused }: AuthorizedFetchOptions) {
  return async (response: Response): Promise<boolean> => {
    try {
      return await isRefused(response)
    } catch {
      return isTokenRefused(response)
    }
  }
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
