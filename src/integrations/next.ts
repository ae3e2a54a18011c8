import { carried, goOn, without, type ProxyRequest } from './next/carried.ts'
import { renewed, show, type NextAuth4 } from './next/next-auth-4.ts'
import { sessionCookies } from './next/session-cookie.ts'

export type { NextAuth4 }

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
