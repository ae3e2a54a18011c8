import { sessionCookies } from './next/session-cookie.ts'
import type { SessionChange, SessionCookies } from './next/session-cookie.ts'

/** What Next calls for a request, exported from `proxy.ts` (`middleware.ts` before Next 16). */
export type Proxy = (request: Request, event?: unknown) => Promise<Response>

/** A proxy of whatever type: `auth`, what `auth` or `withAuth` makes, or one's own. */
export type AnyProxy = (...args: never[]) => unknown

/** What {@link refreshProxy} takes. */
export interface RefreshProxyOptions {
  /** Where the routes of Auth.js lie. Default `/api/auth`. */
  readonly basePath?: string
  /** The name of the session cookie, where `cookies.sessionToken` gives it one. */
  readonly cookieName?: string
}

/**
 * `auth` of next-auth 5 as a proxy that hands the renewed session on: to the page of the same
 * request, in its `Cookie` header, and to the browser.
 *
 *     export const proxy = refreshProxy(auth)
 *     export const proxy = refreshProxy(auth((request) => { … }))
 *
 * - An answer that sets the session cookie is `private, no-store`, whatever it said before.
 * - The routes of Auth.js set their cookie themselves: there, none is set here.
 * - Where a proxy deletes the session cookie, it stays deleted; `auth` would set it again.
 *
 * @see https://nextjs.org/docs/app/api-reference/file-conventions/proxy
 */
export function refreshProxy(
  proxy: AnyProxy | Promise<AnyProxy>,
  options: RefreshProxyOptions = {},
): Proxy {
  const cookies = sessionCookies(options.cookieName)

  return async (request, event) => {
    const response = await answerOf(await proxy, request, event)
    const change = cookies.changeIn(response.headers, request.headers.get('cookie') ?? '')
    if (change === undefined) return response
    if (!change.isDeleted && isOwnRoute(request, options)) return without(response, cookies)
    return carried(request, response, change, cookies)
  }
}

/**
 * A proxy that renews the session of NextAuth 4, whose `withAuth` only reads it, and hands it on:
 * to the proxy that follows, to the page of the same request, and to the browser.
 *
 *     export const proxy = nextAuth4Proxy({ callbacks, secret, decode, encode }, withAuth())
 *
 * What {@link refreshProxy} promises holds here, too. The cookie is written when its token changed.
 *
 * @param proxy What runs afterwards, if anything does.
 */
export function nextAuth4Proxy(nextAuth: NextAuth4 & RefreshProxyOptions, proxy?: AnyProxy): Proxy {
  const cookies = sessionCookies(nextAuth.cookieName)

  return async (request, event) => {
    const change = isOwnRoute(request, nextAuth)
      ? undefined
      : await renewed(request, nextAuth, cookies)
    if (change !== undefined) show(request, change)
    const response = await answerOf(proxy, request, event)
    // Whatever follows has the last word.
    const last = cookies.changeIn(response.headers, request.headers.get('cookie') ?? '') ?? change
    return last === undefined ? response : carried(request, response, last, cookies)
  }
}

/** @throws {TypeError} For an answer that Next does not take either. */
async function answerOf(
  proxy: AnyProxy | undefined,
  request: Request,
  event: unknown,
): Promise<Response> {
  const response = await (proxy as ((...args: unknown[]) => unknown) | undefined)?.(request, event)
  if (response === undefined || response === null) return goOn()
  if (response instanceof Response) return response
  throw new TypeError('refresh-once/next: the proxy answered something that is no Response')
}

function isOwnRoute(
  request: ProxyRequest,
  { basePath = '/api/auth' }: RefreshProxyOptions,
): boolean {
  const { pathname } = request.nextUrl ?? new URL(request.url)
  return pathname === basePath || pathname.startsWith(`${basePath}/`)
}

type Token = Record<string, unknown>

/** What renews a session of NextAuth 4. */
export interface NextAuth4 {
  /** Those of {@link refreshCallbacks}: `jwt` is asked. */
  readonly callbacks: { readonly jwt: { call(params: { token: object }): unknown }['call'] }
  /** The `secret` of NextAuth, or `NEXTAUTH_SECRET`. */
  readonly secret: string
  /** Of `next-auth/jwt`, or those of `authOptions.jwt`. */
  readonly decode: {
    call(params: { token: string; secret: string }): Promise<object | null>
  }['call']
  readonly encode: {
    call(params: { token: Token; secret: string; maxAge: number }): Promise<string>
  }['call']
  /** `session.maxAge` of NextAuth, seconds. Default 30 days, as there. */
  readonly maxAge?: number
}

const MAX_AGE = 30 * 24 * 60 * 60

/** Renews the session of a request. Never rejects: nothing changes where it does not work. */
export async function renewed(
  request: ProxyRequest,
  { callbacks, secret, decode, encode, maxAge = MAX_AGE }: NextAuth4,
  cookies: SessionCookies,
): Promise<SessionChange | undefined> {
  const cookie = request.headers.get('cookie') ?? ''
  const held = cookies.held(cookie)
  if (held === undefined) return undefined
  try {
    const token = await decode({ token: held.value, secret })
    if (token === null) return undefined
    const next = await callbacks.jwt({ token: { ...token } })
    // How an application ends a session.
    if (next === null) return cookies.changeTo(held, undefined, cookie)
    if (typeof next !== 'object' || isSame(next, token)) return undefined
    const value = await encode({ token: next as Token, secret, maxAge })
    return cookies.changeTo(held, { value, maxAge }, cookie)
  } catch {
    // A cookie of another secret, or a callback that throws: the routes of NextAuth deal with them.
    return undefined
  }
}

/** Lets whatever runs after us see the changed session: it reads `cookies`, or the header. */
export function show(request: ProxyRequest, change: SessionChange): void {
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

/** A request as Next hands it to a proxy, as far as it matters here. */
export interface ProxyRequest extends Request {
  /** Its path is without the `basePath` of the application. */
  readonly nextUrl?: { readonly pathname: string }
  readonly cookies?: { set(name: string, value: string): unknown; delete(name: string): unknown }
}

/**
 * How `NextResponse.next({ request: { headers } })` says which headers the page is to see: one
 * lists them, and each has its value in one of its own. What is not listed is dropped.
 *
 * @see https://github.com/vercel/next.js/blob/canary/packages/next/src/server/web/spec-extension/response.ts
 */
const LISTED = 'x-middleware-override-headers'
const VALUE_OF = 'x-middleware-request-'

/** What marks an answer that lets the request go on, to its page or to another. */
const GOES_ON = ['x-middleware-next', 'x-middleware-rewrite']

/** An answer of a proxy that lets the request go on. */
export function goOn(): Response {
  return new Response(null, { headers: { 'x-middleware-next': '1' } })
}

/**
 * The answer of a proxy, with which the changed session reaches both the page of this request and
 * the browser, and no shared cache.
 */
export function carried(
  request: ProxyRequest,
  response: Response,
  change: SessionChange,
  { has }: SessionCookies,
): Response {
  const headers = new Headers(response.headers)
  replaceCookies(headers, change.lines, has)
  if (GOES_ON.some((mark) => headers.has(mark))) handOn(request.headers, headers, change)
  headers.set('cache-control', 'private, no-store')
  const vary = headers.get('vary')
  if (!/(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(vary ?? '')) headers.append('vary', 'Cookie')
  return withHeaders(response, headers)
}

/** The answer of a proxy, without whatever it does to the session. */
export function without(response: Response, { has }: SessionCookies): Response {
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

/** Changes the `Cookie` header that the page will see. */
function handOn(request: Headers, headers: Headers, change: SessionChange): void {
  const listed = headers.get(LISTED)?.split(',')
  // The application has decided that the page is to see no cookies.
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
