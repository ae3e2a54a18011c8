import { isRefreshError } from '../../index.ts'
import type { Outcome, RefreshOptions } from '../../index.ts'
import type { Fetch } from '../authorized-fetch.ts'
import { redirect } from './cookies.ts'

/** The session of one request. The browser holds a handle, and never a token. */
export interface OAuthSession {
  /** Whether the browser has a handle. It may have ended: `outcome()` tells. */
  readonly isSignedIn: boolean
  /** The path that begins a sign-in, and leads back to the page of this request. */
  readonly signInPath: string
  /** @throws {RefreshError} If there is none now; `no_tokens` if nobody is signed in. */
  accessToken(options?: RefreshOptions): Promise<string>
  /** The whole outcome. `undefined`: nobody is signed in. */
  outcome(options?: RefreshOptions): Promise<Outcome | undefined>
  /**
   * Calls one of `apis` with the access token. If the API refuses the token, it is renewed, and the
   * request is sent once more.
   */
  readonly fetch: Fetch
  /**
   * The response to an error of this session: a redirect to the sign-in for a page that a browser
   * opens, else a 401 in JSON; a 503 if it is worth to try again. `undefined`: it is another
   * error.
   */
  responseTo(error: unknown): Response | undefined
}

/** Many APIs refuse a token by the status alone. One that refuses all costs a renewal a minute. */
export const isRefused = ({ status }: Response): boolean => status === 401

/** See {@link OAuthSession.responseTo}. */
export function responseTo(
  error: unknown,
  request: Request,
  signInPath: string,
): Response | undefined {
  if (!isRefreshError(error)) return undefined
  const { code, reason } = error
  const headers = { 'cache-control': 'no-store' }
  if (reason === undefined && code !== 'no_tokens') {
    const again = { ...headers, 'retry-after': '5' }
    return Response.json({ error: 'try_again', code }, { status: 503, headers: again })
  }
  if (isNavigation(request)) return redirect(signInPath)
  const body = { error: 'sign_in', code, reason, signIn: signInPath }
  return Response.json(body, { status: 401, headers })
}

/** Whether a browser opens a page with it, so that a redirect leads the user on. */
function isNavigation({ method, headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode')
  const isPage = mode ? mode === 'navigate' : headers.get('accept')?.includes('text/html')
  return method === 'GET' && isPage === true
}
