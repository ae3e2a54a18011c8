import { systemClock, within } from '../core/clock.ts'
import { checkClient } from '../core/provider.ts'
import { fromBase64url, isRecord, toBase64url } from '../core/text.ts'
import { isRefreshError, RefreshError } from '../index.ts'
import type { Outcome, RefreshOptions } from '../index.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import type { Fetch } from './authorized-fetch.ts'
import { cookiesIn, plain, redirect, setCookie } from './web/cookies.ts'
import { checkWebOptions } from './web/options.ts'
import type { WebSessionOptions } from './web/options.ts'
import { isRefused, responseTo } from './web/session.ts'
import type { OAuthSession } from './web/session.ts'
import { codeFlow, newFlow } from './web/sign-in.ts'
import type { Flow } from './web/sign-in.ts'

export type { HandleRefresher, WebSessionOptions } from './web/options.ts'
export type { OAuthSession } from './web/session.ts'

/** Sessions of a web application, by Request and Response. Made by {@link webSessions}. */
export interface WebSessions {
  /**
   * The session of a request. It reads the cookie, and nothing else.
   *
   * @param waitUntil Keeps a renewal alive on platforms that stop a process with its response.
   */
  of(request: Request, waitUntil?: RefreshOptions['waitUntil']): OAuthSession
  /**
   * Answers a request for one of `paths`: the sign-in, its callback, the sign-out (`POST`, from the
   * same origin).
   *
   * @returns `undefined` for any other request: the application answers.
   */
  route(request: Request): Promise<Response | undefined>
}

/** As `authorizedFetch` asks for tokens. */
interface Source {
  get(handle: string | undefined, asked?: RefreshOptions): Promise<Outcome | undefined>
}

const DAY_S = 86_400
const FLOW_S = 600
const WAIT_MS = 5_000

/**
 * Makes sessions for a web application: authorization code with PKCE, a cookie that holds a handle,
 * access tokens on the server, a sign-out that revokes. It needs nothing but `Request` and
 * `Response`.
 *
 * The tokens lie in the ledger. The handle never changes, so no response has to set a cookie after
 * a renewal, and no cookie can be out of date.
 *
 * @throws {TypeError} For options that cannot work, saying what to write instead.
 */
export function webSessions(options: WebSessionOptions): WebSessions {
  checkWebOptions(options)
  const { refresher, client, waitMs = WAIT_MS, clock = systemClock, apis = [] } = options
  const { provider } = refresher
  checkClient(client, provider)
  if (provider.issuer === undefined && options.authorizationEndpoint === undefined) {
    throw new TypeError(
      `webSessions: ${provider.id} has no issuer to ask: write authorizationEndpoint`,
    )
  }
  const { origin } = new URL(options.origin)
  const isSecure = origin.startsWith('https:')
  const prefix = isSecure ? '__Host-' : ''
  const { name = `${prefix}oauth`, maxAgeMs = 30 * DAY_S * 1000 } = options.cookie ?? {}
  const paths = {
    signIn: '/auth/sign-in',
    callback: '/auth/callback',
    signOut: '/auth/sign-out',
    ...options.paths,
  }
  const { scope = 'openid offline_access' } = options
  const consent = scope.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}
  const flows = codeFlow({
    provider,
    client,
    scope,
    redirectUri: origin + paths.callback,
    authorizationEndpoint: options.authorizationEndpoint,
    parameters: { ...consent, ...options.authorizationParameters },
    clock,
  })
  const sourceOf = (waitUntil: RefreshOptions['waitUntil']): Source => ({
    async get(handle, asked) {
      if (handle === undefined) return undefined
      return refresher.refresh(handle, waitUntil ? { waitUntil, ...asked } : asked)
    },
  })
  const fetchFor = (source: Source, handle: string | undefined): Fetch =>
    apis.length === 0
      ? () => Promise.reject(new TypeError("webSessions: write apis: ['https://api.example.com']"))
      : authorizedFetch(source as never, { origins: apis, key: handle, isRefused })
  // A wrong entry of `apis` is told at once.
  fetchFor(sourceOf(undefined), undefined)

  /** What is no handle is no session: a cookie of an earlier release, or of another application. */
  function handleIn({ headers }: Request): string | undefined {
    const value = cookiesIn(headers).get(name)
    return value?.startsWith('handle_') ? value : undefined
  }

  /** A path of this application, or `/`: never another site. */
  function pathOf(to: string | null): string {
    if (to === null || !URL.canParse(to, origin)) return '/'
    const url = new URL(to, origin)
    // A path that begins with two slashes names another host.
    const isPath = url.origin === origin && !url.pathname.startsWith('//')
    const isOwn = isPath && !Object.values(paths).includes(url.pathname)
    return isOwn ? url.pathname + url.search : '/'
  }

  const flowCookie = ({ state }: Pick<Flow, 'state'>): string =>
    `${prefix}oauth-${state.slice(0, 12)}`

  async function failed(error: unknown, request: Request, cookies: string[]): Promise<Response> {
    const known = isRefreshError(error) ? error : new RefreshError('sign_in_failed')
    const page = (await options.onSignInFailed?.(known, request)) ?? failurePage(known)
    const response = new Response(page.body, page)
    for (const cookie of cookies) response.headers.append('set-cookie', cookie)
    return response
  }

  async function signIn(request: Request): Promise<Response> {
    const flow = newFlow(pathOf(new URL(request.url).searchParams.get('to')))
    try {
      const page = await flows.begin(flow)
      const value = toBase64url(new TextEncoder().encode(JSON.stringify(flow)))
      return redirect(page.href, [setCookie(flowCookie(flow), value, { isSecure, maxAge: FLOW_S })])
    } catch (error) {
      return failed(error, request, [])
    }
  }

  async function callback(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const state = url.searchParams.get('state') ?? ''
    const flow = flowIn(cookiesIn(request.headers).get(flowCookie({ state })), state)
    if (flow === undefined) {
      const hint = 'This browser did not begin this sign-in, or more than ten minutes ago.'
      return failed(new RefreshError('sign_in_failed', { hint }), request, [])
    }
    const over = setCookie(flowCookie(flow), '', { isSecure, maxAge: 0 })
    try {
      const tokens = await flows.end(new URL(origin + url.pathname + url.search), flow)
      const handle = await refresher.deposit(tokens)
      const maxAge = Math.floor(maxAgeMs / 1000)
      return redirect(flow.to, [setCookie(name, handle, { isSecure, maxAge }), over])
    } catch (error) {
      return failed(error, request, [over])
    }
  }

  async function signOut(request: Request): Promise<Response> {
    if (request.method !== 'POST') {
      return plain(405, 'A sign-out is a POST.', { allow: 'POST' })
    }
    if (!isSameOrigin(request.headers, origin)) {
      return plain(403, 'A sign-out must come from a page of this application.')
    }
    const handle = handleIn(request)
    if (handle !== undefined) {
      await within(
        clock,
        waitMs,
        () => refresher.revoke(handle),
        () => undefined,
      )
    }
    const to = pathOf(new URL(request.url).searchParams.get('to'))
    return redirect(to, [setCookie(name, '', { isSecure, maxAge: 0 })])
  }

  return {
    of(request, waitUntil) {
      const handle = handleIn(request)
      const { pathname, search } = new URL(request.url)
      const signInPath = `${paths.signIn}?to=${encodeURIComponent(pathname + search)}`
      const source = sourceOf(waitUntil)
      const outcome = (asked?: RefreshOptions): Promise<Outcome | undefined> =>
        source.get(handle, asked)
      return {
        isSignedIn: handle !== undefined,
        signInPath,
        outcome,
        async accessToken(asked) {
          const now = await outcome(asked)
          if (now === undefined) throw new RefreshError('no_tokens')
          if (now.accessToken === undefined) throw now.error
          return now.accessToken
        },
        fetch: (input, init) => fetchFor(source, handle)(input, init),
        responseTo: (error) => responseTo(error, request, signInPath),
      }
    },
    async route(request) {
      switch (new URL(request.url).pathname) {
        case paths.signIn:
          return signIn(request)
        case paths.callback:
          return callback(request)
        case paths.signOut:
          return signOut(request)
        default:
          return undefined
      }
    },
  }
}

/** Old browsers send no `Origin` with a form; all that do not send `Sec-Fetch-Site` either. */
function isSameOrigin(headers: Headers, origin: string): boolean {
  const given = headers.get('origin')
  return given === null ? headers.get('sec-fetch-site') === 'same-origin' : given === origin
}

function flowIn(value: string | undefined, state: string): Flow | undefined {
  try {
    const flow: unknown = JSON.parse(new TextDecoder().decode(fromBase64url(value ?? '')))
    return isRecord(flow) && flow['state'] === state ? (flow as unknown as Flow) : undefined
  } catch {
    return undefined
  }
}

function failurePage(error: RefreshError): Response {
  const { oauthError, hint } = error
  const words = ['The sign-in failed.', oauthError && `The server said ${oauthError}.`, hint]
  return plain(400, words.filter(Boolean).join(' '))
}
