import type { Refresher, TokenSet } from '../../index.ts'
import {
  fitted,
  isObject,
  markOf,
  markOfLegacyCookie,
  restored,
  tokenSetIn,
  withMark,
  withoutTokenSet,
  withTokenSet,
  type CookieTokenSet,
  type Fields,
  type Mark,
} from './cookie-token-set.ts'
import { noteSession } from './noted.ts'
import { noticesFor, refresherOf, type CallbackOptions, type Refreshers } from './options.ts'
import { renewal, type RenewalResult } from './renewal.ts'
import { tokenSetOfSignIn } from './sign-in.ts'

/** The parameters of the `jwt` callback that are used here. */
export interface JwtParams {
  /** The decoded session cookie. */
  readonly token: Fields
  /** At a sign-in: the user, or the object that `authorize` returned. */
  readonly user?: unknown
  /** At a sign-in: the account, with the tokens of the code exchange. */
  readonly account?: unknown
  readonly trigger?: string | undefined
  /** With the trigger `update`: the data that the client sent. It is never believed here. */
  readonly session?: unknown
}

/** Our `jwt` callback. It fits every type of token that an application declared. */
export type JwtCallback = <T extends object>(params: {
  readonly token: T
  readonly user?: unknown
  readonly account?: unknown
  readonly trigger?: string | undefined
  readonly session?: unknown
}) => Promise<T>

/** A `jwt` callback of any version of Auth.js: a method, so that its parameters may say more. */
export type AnyJwtCallback = { call(params: JwtParams): unknown }['call']

/** The session token with our fields, and what is put back after the application's callback. */
interface RenewedToken {
  readonly token: Fields
  readonly mark: Mark
  /** Absent: the token holds no token set of ours that can be read. */
  readonly main?: CookieTokenSet | undefined
  /** The result of the main set first, then those of linked providers. Empty: nothing is ours. */
  readonly results: readonly RenewalResult[]
}

/** How many deposits a process remembers, the oldest goes first. */
const DEPOSITS_MAX = 1_000

type JwtSettings = CallbackOptions & { readonly jwt?: AnyJwtCallback | undefined }

/**
 * Makes the `jwt` callback.
 *
 * @param remember Receives the results for the `session` callback, by the returned token object.
 */
export function jwtCallback(
  refreshers: Refreshers,
  options: JwtSettings,
  remember: WeakMap<object, readonly RenewalResult[]>,
): JwtCallback {
  const { errorName = 'RefreshTokenError', legacyCookieProvider } = options
  const notices = noticesFor(options.log)
  const deposited = new Map<string, Promise<string>>()

  async function jwt(params: JwtParams): Promise<Fields | null> {
    const isSignIn = params.account != null || params.user != null
    const ours = await (isSignIn ? atSignIn(params) : afterSignIn(params.token))
    // A late response brought the cookie back after its user had signed out. An error would keep a
    // session that names the user for as long as the cookie lives.
    if (ours.results[0]?.isSignedOut === true) return null
    const token = await withOwnCallback(ours, params, isSignIn)
    if (token !== null) remember.set(token, ours.results)
    return token
  }

  async function atSignIn(params: JwtParams): Promise<RenewedToken> {
    const { error: _, ...token } = withoutTokenSet(params.token)
    const account = isObject(params.account) ? params.account : {}
    const user = isObject(params.user) ? params.user : {}
    const found = await tokenSetOfSignIn(refreshers, options, notices, account, user)
    if (found === undefined) return { token: withMark(token, {}), mark: {}, results: [] }
    const { provider, main, sets } = found
    const results = [{ provider, accessToken: main.tokens.accessToken, mustSignIn: false }]
    const handle = await depositOf(refresherOf(refreshers, provider), main.tokens)
    if (handle !== undefined) {
      const mark = { provider, handle }
      return { token: withMark(token, mark), mark, results }
    }
    const mark = { provider, ...(sets !== undefined && { sets }) }
    return { token: withMark(withTokenSet(main, token), mark), mark, main, results }
  }

  async function afterSignIn(token: Fields): Promise<RenewedToken> {
    const before =
      markOf(token) ?? markOfLegacyCookie(token, refreshers, legacyCookieProvider, notices)
    const { provider } = before
    const refresher = refresherOf(refreshers, provider)
    if (provider === undefined || refresher === undefined) {
      if (provider !== undefined) notices.once(`there is no refresher for ${provider} any more`)
      return { token: withMark(token, before), mark: before, results: [] }
    }
    const found = tokenSetIn(token, { strict: true })
    const handle = before.handle ?? (await depositOf(refresher, found?.tokens))
    if (handle !== undefined) {
      const { result } = await renewal(provider, refresher, handle, options)
      noteSession(result)
      const mark = { provider, handle }
      const { error: _, ...rest } = withoutTokenSet(token)
      const error = result.mustSignIn && { error: errorName }
      return { token: withMark({ ...rest, ...error }, mark), mark, results: [result] }
    }
    const [renewed, ...linked] = await Promise.all([
      renewal(provider, refresher, found?.tokens, options),
      ...Object.entries(before.sets ?? {}).map(([id, tokens]) =>
        renewal(id, refresherOf(refreshers, id), tokens, options),
      ),
    ])
    noteSession(renewed.result)
    const sets = linked.map(({ result, tokens }) => [result.provider, tokens] as const)
    const mark = { ...before, ...(before.sets && { sets: definedSets(sets) }) }
    const results = [renewed.result, ...linked.map(({ result }) => result)]
    const main = found && renewed.tokens && fitted(renewed.tokens, found.style)
    const { error: _, ...rest } = main ? withTokenSet(main, token) : token
    const error = renewed.result.mustSignIn && { error: errorName }
    return { token: withMark({ ...rest, ...error }, mark), mark, main, results }
  }

  /**
   * The handle for tokens that are to stay in the ledger. `undefined`: they stay in the cookie, and
   * if only the ledger could not be reached, the next use of the session deposits them.
   */
  async function depositOf(
    refresher: Refresher | undefined,
    tokens: TokenSet | undefined,
  ): Promise<string | undefined> {
    if (options.tokens !== 'ledger' || tokens === undefined) return undefined
    try {
      return await depositOnce(refresher, tokens)
    } catch (cause) {
      notices.failed('the deposit of the tokens', cause)
      return undefined
    }
  }

  /** All requests of this process with one cookie get one handle: a render cannot write cookies. */
  function depositOnce(
    refresher: Refresher | undefined,
    tokens: TokenSet,
  ): Promise<string> | undefined {
    const name = tokens.refreshToken ?? tokens.accessToken
    const known = deposited.get(name)
    if (known !== undefined || refresher === undefined) return known
    const handle = refresher.deposit(tokens)
    deposited.set(name, handle)
    if (deposited.size > DEPOSITS_MAX) deposited.delete(deposited.keys().next().value!)
    handle.catch(() => deposited.delete(name))
    return handle
  }

  /** Calls the application's own callback and puts our fields back. */
  async function withOwnCallback(
    { token, mark, main, results }: RenewedToken,
    params: JwtParams,
    isSignIn: boolean,
  ): Promise<Fields | null> {
    if (options.jwt === undefined) return token
    let result: unknown
    try {
      result = await options.jwt({ ...params, token: { ...token } })
    } catch (cause) {
      // A sign-in that fails loses no token, and the application may have meant it to fail.
      if (isSignIn) throw cause
      notices.failed('the jwt callback of the application', cause)
      return token
    }
    // The application ends the session.
    if (result === null) return null
    if (!isObject(result)) return token
    if (results.length === 0) return withMark(result, mark)
    const { error: _, ...rest } = result
    const own = Object.hasOwn(token, 'error') ? { ...rest, error: token['error'] } : rest
    const mayKeepIdToken = params.trigger !== 'update'
    return withMark(main ? restored(own, main, mayKeepIdToken) : withTraces(own, token), mark)
  }

  return jwt as JwtCallback
}

function definedSets(
  entries: readonly (readonly [string, TokenSet | undefined])[],
): Record<string, TokenSet> {
  return Object.fromEntries(
    entries.filter((entry): entry is [string, TokenSet] => entry[1] !== undefined),
  )
}

/** Puts the fields of an unreadable token set back as they were in our token. */
function withTraces(result: Fields, token: Fields): Fields {
  const rest = withoutTokenSet(result)
  const own = withoutTokenSet(token)
  const traces = Object.entries(token).filter(([name]) => !Object.hasOwn(own, name))
  return { ...rest, ...Object.fromEntries(traces) }
}
