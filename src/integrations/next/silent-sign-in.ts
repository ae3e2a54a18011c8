import { withNote } from '../auth-js/noted.ts'
import { MARKER, markerIn, markerLine, type Marker } from '../react/marker.ts'
import type { RenewalResult } from '../auth-js/renewal.ts'

/** A request that Next.js passes to a proxy. */
export interface Addressed extends Request {
  /** Its path is without the `basePath` of the application. */
  readonly nextUrl?: { readonly pathname: string; readonly basePath?: string }
}

/** The path of a request, in the application and in the browser. */
export function placeOf({ nextUrl, url }: Addressed): { pathname: string; basePath: string } {
  const { pathname, basePath = '' } = nextUrl ?? { pathname: new URL(url).pathname }
  return { pathname, basePath }
}

interface Visit extends ReturnType<typeof placeOf> {
  readonly request: Request
}

/**
 * Adds the sign-in without a page to a proxy.
 *
 * @param path Where the application begins one. Absent: at most its guard does.
 * @param isOwnRoute Whether a request is for a route of Auth.js.
 */
export function withSilentSignIn(
  path: string | undefined,
  isOwnRoute: (request: Request) => boolean,
  proxy: (request: Request, event?: unknown) => Promise<Response>,
): (request: Request, event?: unknown) => Promise<Response> {
  return async (request, event) => {
    const visit = { request, ...placeOf(request) }
    const isOwn = isOwnRoute(request)
    const answer = answerOf(visit, path, isOwn)
    if (answer !== undefined) return answer
    const [response, result] = await withNote(() => proxy(request, event))
    return isOwn ? response : sentOff(visit, response, path, result)
  }
}

/** What an AS answers where a user without a session would need a page (OIDC Core §3.1.2.6). */
const NEEDS_PAGE = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/** What Auth.js 5 and NextAuth 4 call any error of an AS, on the page that shows it. */
const OF_AUTH_JS = ['OAuthCallbackError', 'OAuthCallback']

/** Headers of requests that load a page ahead, or for a part of another page. */
const AHEAD = ['rsc', 'next-action', 'next-router-prefetch', 'x-middleware-prefetch']
const PURPOSES = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz']

/**
 * Whether the request loads a page into a tab, so that the browser may be sent elsewhere. Browsers
 * say so in headers that no script can set (Fetch Metadata); without them, it does not count.
 */
function isNavigation({ method, headers }: Request): boolean {
  return (
    method === 'GET' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    !AHEAD.some((name) => headers.has(name)) &&
    !PURPOSES.some((name) => headers.get(name)?.includes('prefetch'))
  )
}

/** The answer to a request that belongs to a sign-in without a page. `undefined`: it does not. */
function answerOf(
  visit: Visit,
  path: string | undefined,
  isOwnRoute: boolean,
): Response | undefined {
  const { request, pathname, basePath } = visit
  const marker = markerOf(request)
  const { searchParams } = new URL(request.url)
  if (pathname === path || basePath + pathname === path) {
    // Nobody but this proxy begins one: a link of another site leads home.
    const isOurs = marker?.stage === 'begun' && searchParams.get('to') === marker.path
    if (!isOurs) return redirect(visit, marker?.path ?? (basePath || '/'))
    const headers = { 'x-middleware-next': '1', 'cache-control': 'private, no-store' }
    return withMarker(new Response(null, { headers }), visit, { ...marker, stage: 'sent' })
  }
  if (marker?.stage !== 'sent' || request.method !== 'GET') return undefined
  const error = searchParams.get('error') ?? ''
  const isFailed = OF_AUTH_JS.includes(error) || (isOwnRoute && NEEDS_PAGE.includes(error))
  if (!isFailed) return undefined
  return withMarker(redirect(visit, marker.path), visit, { ...marker, stage: 'back' })
}

/** Sends the user of an ended session to sign in without a page, if that was not tried. */
function sentOff(
  visit: Visit,
  response: Response,
  path: string | undefined,
  result: RenewalResult | undefined,
): Response {
  const { request, pathname, basePath } = visit
  const isMarked = markerOf(request) !== undefined
  if (result?.accessToken !== undefined && !result.mustSignIn) {
    return isMarked ? withMarker(response, visit, undefined) : response
  }
  if (path === undefined || isMarked || !isNavigation(request)) return response
  if (result?.canSignInSilently !== true) return response
  const { search } = new URL(request.url)
  const marker = markerIn(
    markerLine({ stage: 'begun', path: basePath + pathname + search }, false),
  )!
  const query = new URLSearchParams({ provider: result.provider, to: marker.path })
  const answer = redirect(
    visit,
    `${path.startsWith(`${basePath}/`) ? '' : basePath}${path}?${query}`,
  )
  for (const line of response.headers.getSetCookie()) answer.headers.append('set-cookie', line)
  return withMarker(answer, visit, marker)
}

const markerOf = ({ headers }: Request): Marker | undefined => markerIn(headers.get('cookie') ?? '')

function redirect({ request }: Visit, path: string): Response {
  const location = new URL(path, request.url).href
  return new Response(null, { status: 307, headers: { location, 'cache-control': 'no-store' } })
}

/** Next.js answers with headers that cannot be changed. */
function withMarker(response: Response, { request }: Visit, marker: Marker | undefined): Response {
  const { status, statusText, body } = response
  const headers = new Headers(response.headers)
  const others = headers.getSetCookie().filter((line) => !line.startsWith(`${MARKER}=`))
  headers.delete('set-cookie')
  const line = markerLine(marker, new URL(request.url).protocol === 'https:')
  for (const each of [...others, line]) headers.append('set-cookie', each)
  return new Response(body, { status, statusText, headers })
}
