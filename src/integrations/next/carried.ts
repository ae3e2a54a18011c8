import type { SessionChange, SessionCookies } from './session-cookie.ts'

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
