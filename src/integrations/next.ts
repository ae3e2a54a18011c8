import { checkOptions, func, isAbove0, kind, needed, number, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { placeOf, withSilentSignIn, type Addressed } from './next/silent-sign-in.ts'
import { sendSessionOnce, sessionCookies } from './next/session-cookie.ts'
import type { SessionChange, SessionCookies } from './next/session-cookie.ts'

/** The type of the function that `proxy.ts` exports (`middleware.ts` before Next 16). */
export type Proxy = (request: Request, event?: unknown) => Promise<Response>

/** A proxy of any type: `auth`, the result of `auth` or `withAuth`, or the application's own. */
export type AnyProxy = (...args: never[]) => unknown

/** The options of {@link refreshProxy}. */
export interface RefreshProxyOptions {
  /**
   * The path of the routes of Auth.js, with or without the `basePath` of `next.config`. Default
   * `/api/auth`.
   */
  readonly basePath?: string
  /** The name of the session cookie, if `cookies.sessionToken` sets one. */
  readonly cookieName?: string
  /**
   * The path at which the application signs a user in with `prompt=none`: `/silent`. If only a new
   * sign-in helps, and the AS may give one without a page, a user who opens a page is sent there
   * once, with `?provider=…&to=…`. If the AS wants to show a page, they come back to the page that
   * they opened. For that, the matcher needs `/api/auth/callback/:path*` too. Default: not tried.
   */
  readonly silentSignIn?: string
}

/**
 * Wraps `auth` of next-auth 5 as a proxy that passes the renewed session on: to the page of the
 * same request, in its `Cookie` header, and to the browser.
 *
 *     export const proxy = refreshProxy(auth)
 *     export const proxy = refreshProxy(auth((request) => { … }))
 *
 * - A response that sets the session cookie becomes `private, no-store`.
 * - The routes of Auth.js set their cookie themselves: the proxy sets none there.
 * - If a proxy deletes the session cookie, it stays deleted. `auth` alone would set it again.
 * - If a handler sets the session too (`update()`), the browser gets the handler's only.
 *
 * @see https://nextjs.org/docs/app/api-reference/file-conventions/proxy
 */
export function refreshProxy(
  proxy: AnyProxy | Promise<AnyProxy>,
  options: RefreshProxyOptions = {},
): Proxy {
  checkOptions('refreshProxy', { proxy }, { proxy: needed(PROXY) })
  checkOptions('refreshProxy', options, PROXY_OPTIONS)
  const cookies = sessionCookies(options.cookieName)
  sendSessionOnce(options.cookieName)
  const isOwn = (request: Request): boolean => isOwnRoute(request, options)

  return withSilentSignIn(options.silentSignIn, isOwn, async (request, event) => {
    const response = await callProxy(await proxy, request, event)
    const change = cookies.changeIn(response.headers, request.headers.get('cookie') ?? '')
    if (change === undefined) return response
    if (!change.isDeleted && isOwn(request)) {
      return withoutSessionCookies(response, cookies)
    }
    return withSessionChange(request, response, change, cookies)
  })
}

const PROXY = kind('auth of next-auth 5, or a proxy: is it imported in a circle?', (value) => {
  return typeof value === 'function' || value instanceof Promise
})

const PROXY_OPTIONS: TableOf<RefreshProxyOptions> = {
  basePath: text("a path: '/api/auth'", (path) => path.startsWith('/')),
  cookieName: text(),
  silentSignIn: text("a path: '/silent'", (path) => path.startsWith('/')),
}

/** The parts of NextAuth 4 that {@link nextAuth4Proxy} calls. */
export interface NextAuth4 {
  /** The result of {@link refreshCallbacks}. Its `jwt` is called. */
  readonly callbacks: { readonly jwt: { call(params: { token: object }): unknown }['call'] }
  /** The `secret` of NextAuth, or `NEXTAUTH_SECRET`. */
  readonly secret: string
  /** `decode` of `next-auth/jwt`, or of `authOptions.jwt`. */
  readonly decode: {
    call(params: { token: string; secret: string }): Promise<object | null>
  }['call']
  /** `encode` of `next-auth/jwt`, or of `authOptions.jwt`. */
  readonly encode: {
    call(params: {
      token: Record<string, unknown>
      secret: string
      maxAge: number
    }): Promise<string>
  }['call']
  /** `session.maxAge` of NextAuth, in seconds. Default 30 days, as in NextAuth. */
  readonly maxAge?: number
}

/**
 * Makes a proxy that renews the session of NextAuth 4, whose `withAuth` only reads it. The proxy
 * passes the session on: to the proxy that follows, to the page of the same request, and to the
 * browser.
 *
 *     export const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode }, withAuth())
 *
 * The points of {@link refreshProxy} apply here too. The cookie is written only if its token
 * changed.
 *
 * @param proxy Runs afterwards, if given.
 */
export function nextAuth4Proxy(nextAuth: NextAuth4 & RefreshProxyOptions, proxy?: AnyProxy): Proxy {
  checkOptions('nextAuth4Proxy', nextAuth, NEXT_AUTH)
  checkOptions('nextAuth4Proxy', { proxy }, { proxy: func })
  const cookies = sessionCookies(nextAuth.cookieName)
  sendSessionOnce(nextAuth.cookieName)
  const isOwn = (request: Request): boolean => isOwnRoute(request, nextAuth)

  return withSilentSignIn(nextAuth.silentSignIn, isOwn, async (request, event) => {
    const change = isOwn(request) ? undefined : await renewSession(request, nextAuth, cookies)
    if (change !== undefined) applyToRequest(request, change)
    const response = await callProxy(proxy, request, event)
    // If the proxy that follows changes the session too, its change wins.
    const last = cookies.changeIn(response.headers, request.headers.get('cookie') ?? '') ?? change
    return last === undefined ? response : withSessionChange(request, response, last, cookies)
  })
}

const NEXT_AUTH: TableOf<NextAuth4 & RefreshProxyOptions> = {
  ...PROXY_OPTIONS,
  callbacks: needed(
    kind('what refreshCallbacks returns', (value) => {
      return typeof (value as { jwt?: unknown } | null)?.jwt === 'function'
    }),
  ),
  secret: needed(text('the secret of NextAuth: is NEXTAUTH_SECRET set?')),
  decode: needed(func),
  encode: needed(func),
  maxAge: number('seconds above 0', isAbove0),
}

const MAX_AGE = 30 * 24 * 60 * 60

/** Renews the session of a request. Never rejects: if it fails, nothing changes. */
async function renewSession(
  request: ProxyRequest,
  { callbacks, secret, decode, encode, maxAge = MAX_AGE }: NextAuth4,
  cookies: SessionCookies,
): Promise<SessionChange | undefined> {
  const cookie = request.headers.get('cookie') ?? ''
  const session = cookies.sessionIn(cookie)
  if (session === undefined) return undefined
  try {
    const token = await decode({ token: session.value, secret })
    if (token === null) return undefined
    const next = await callbacks.jwt({ token: { ...token } })
    // The application ends the session.
    if (next === null) return cookies.changeTo(session, undefined, cookie)
    if (typeof next !== 'object' || isSame(next, token)) return undefined
    const value = await encode({ token: next as Record<string, unknown>, secret, maxAge })
    return cookies.changeTo(session, { value, maxAge }, cookie)
  } catch {
    // The cookie has another secret, or a callback threw. The routes of NextAuth handle both.
    return undefined
  }
}

/** Changes the cookies of the request, so that the proxy that follows reads the new session. */
function applyToRequest(request: ProxyRequest, change: SessionChange): void {
  for (const { name, value } of change.cookies) {
    if (value === '') request.cookies?.delete(name)
    else request.cookies?.set(name, value)
  }
}

function isSame(one: object, other: object): boolean {
  const text = (token: object): string => JSON.stringify(Object.entries(token).toSorted(byName))
  return text(one) === text(other)
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}

/** The fields that are used here of the request that Next passes to a proxy. */
interface ProxyRequest extends Addressed {
  readonly cookies?: { set(name: string, value: string): unknown; delete(name: string): unknown }
}

/** @throws {TypeError} If the proxy returns no `Response`. Next rejects that too. */
async function callProxy(
  proxy: AnyProxy | undefined,
  request: Request,
  event: unknown,
): Promise<Response> {
  const response = await (proxy as ((...args: unknown[]) => unknown) | undefined)?.(request, event)
  if (response === undefined || response === null) {
    return new Response(null, { headers: { 'x-middleware-next': '1' } })
  }
  if (response instanceof Response) return response
  throw new TypeError('refresh-once/next: the proxy answered something that is no Response')
}

function isOwnRoute(
  request: ProxyRequest,
  { basePath = '/api/auth' }: RefreshProxyOptions,
): boolean {
  const { pathname, basePath: before } = placeOf(request)
  return [pathname, before + pathname].some(
    (path) => path === basePath || path.startsWith(`${basePath}/`),
  )
}

/**
 * `NextResponse.next({ request: { headers } })` tells Next in these headers which request headers
 * the page sees: the first lists their names, and each value is in a header of its own. A header
 * that is not listed is dropped.
 *
 * @see https://github.com/vercel/next.js/blob/canary/packages/next/src/server/web/spec-extension/response.ts
 */
const LISTED = 'x-middleware-override-headers'
const VALUE_OF = 'x-middleware-request-'

/** A response with one of these headers lets the request continue, to its page or to another. */
const CONTINUES = ['x-middleware-next', 'x-middleware-rewrite']

/**
 * Adds the changed session to the response of a proxy. The change reaches the page of this request
 * and the browser, and no shared cache keeps it.
 */
function withSessionChange(
  request: ProxyRequest,
  response: Response,
  change: SessionChange,
  { has }: SessionCookies,
): Response {
  const headers = new Headers(response.headers)
  replaceCookies(headers, change.lines, has)
  if (CONTINUES.some((mark) => headers.has(mark))) passToPage(request.headers, headers, change)
  headers.set('cache-control', 'private, no-store')
  const vary = headers.get('vary')
  if (!/(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(vary ?? '')) headers.append('vary', 'Cookie')
  return withHeaders(response, headers)
}

function withoutSessionCookies(response: Response, { has }: SessionCookies): Response {
  const headers = new Headers(response.headers)
  replaceCookies(headers, [], has)
  return withHeaders(response, headers)
}

function replaceCookies(
  headers: Headers,
  lines: readonly string[],
  has: (name: string) => boolean,
): void {
  const others = headers.getSetCookie().filter((line) => !has(line.split('=')[0]!.trim()))
  headers.delete('set-cookie')
  for (const line of [...others, ...lines]) headers.append('set-cookie', line)
}

/** Changes the `Cookie` header that the page sees. */
function passToPage(request: Headers, headers: Headers, change: SessionChange): void {
  const listed = headers.get(LISTED)?.split(',')
  // The application has decided that the page sees no cookies.
  if (listed !== undefined && !listed.includes('cookie')) return
  if (listed === undefined) {
    for (const [name, value] of request) headers.set(VALUE_OF + name, value)
  }
  const names = new Set(listed ?? request.keys())
  const cookie = change.applied(headers.get(`${VALUE_OF}cookie`) ?? '')
  if (cookie === '') {
    names.delete('cookie')
    headers.delete(`${VALUE_OF}cookie`)
  } else {
    names.add('cookie')
    headers.set(`${VALUE_OF}cookie`, cookie)
  }
  headers.set(LISTED, [...names].join(','))
}

function withHeaders(response: Response, headers: Headers): Response {
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}
