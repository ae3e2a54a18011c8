import type { TokenSet } from '../../index.ts'
import {
  cleared,
  fitted,
  heldIn,
  isObject,
  marked,
  markOf,
  restored,
  written,
  type Held,
  type Mark,
  type Token,
} from './cookie-token-set.ts'
import { noticesFor, refresherOf, type CallbackOptions, type Refreshers } from './options.ts'
import { ownerOf } from './legacy-cookie.ts'
import { renewal, type Result } from './renewal.ts'
import { setAtSignIn } from './sign-in.ts'

/** What Auth.js hands to the `jwt` callback, as far as it matters here. */
export interface JwtParams {
  readonly token: Token
  /** At a sign-in: the user, or what `authorize` returned. */
  readonly user?: unknown
  /** At a sign-in: the account, with the tokens of the code exchange. */
  readonly account?: unknown
  readonly trigger?: string | undefined
  /** With the trigger `update`: what the client sent. Never believed here. */
  readonly session?: unknown
}

/** Our `jwt` callback: for whatever type of token the application declared. */
export type JwtCallback = <T extends object>(params: {
  readonly token: T
  readonly user?: unknown
  readonly account?: unknown
  readonly trigger?: string | undefined
  readonly session?: unknown
}) => Promise<T>

/** A `jwt` callback of any version of Auth.js: a method, so that its parameters may say more. */
export type AnyJwtCallback = { call(params: JwtParams): unknown }['call']

/** A token with our fields in it, and what is to be put back after the application's callback. */
interface Renewed {
  readonly token: Token
  readonly mark: Mark
  /** Absent: no set of ours. */
  readonly held?: Held | undefined
  /** That of the token first, if it has one; then those of linked providers. */
  readonly results: readonly Result[]
}

type Options = CallbackOptions & { readonly jwt?: AnyJwtCallback | undefined }

/** @param remember Takes, by the very token, what the `session` callback is to know of it. */
export function jwtCallback(
  refreshers: Refreshers,
  options: Options,
  remember: WeakMap<object, readonly Result[]>,
): JwtCallback {
  const { errorName = 'RefreshTokenError', adopt } = options
  const notices = noticesFor(options.log)

  async function jwt(params: JwtParams): Promise<Token | null> {
    const isSignIn = params.account != null || params.user != null
    const ours = await (isSignIn ? atSignIn(params) : later(params.token))
    const token = await withOwn(ours, params, isSignIn)
    if (token !== null) remember.set(token, ours.results)
    return token
  }

  async function atSignIn(params: JwtParams): Promise<Renewed> {
    const { error: _, ...token } = cleared(params.token)
    const account = isObject(params.account) ? params.account : {}
    const user = isObject(params.user) ? params.user : {}
    const found = await setAtSignIn(refreshers, options, notices, account, user)
    if (found === undefined) return { token: marked(token, {}), mark: {}, results: [] }
    const { provider, held, sets } = found
    const mark = { provider, ...(sets !== undefined && { sets }) }
    const results = [{ provider, accessToken: held.tokens.accessToken, mustSignIn: false }]
    return { token: marked(written(held, token), mark), mark, held, results }
  }

  async function later(token: Token): Promise<Renewed> {
    const before = markOf(token) ?? ownerOf(token, refreshers, adopt, notices)
    const { provider } = before
    const refresher = refresherOf(refreshers, provider)
    if (provider === undefined || refresher === undefined) {
      if (provider !== undefined) notices.once(`there is no refresher for ${provider} any more`)
      return { token: marked(token, before), mark: before, results: [] }
    }
    const held = heldIn(token, { strict: true })
    const [main, ...linked] = await Promise.all([
      renewal(provider, refresher, held?.tokens, options),
      ...Object.entries(before.sets ?? {}).map(([id, tokens]) =>
        renewal(id, refresherOf(refreshers, id), tokens, options),
      ),
    ])
    const sets = linked.map(({ result, tokens }) => [result.provider, tokens] as const)
    const mark = { ...before, ...(before.sets && { sets: setsOf(sets) }) }
    const results = [main.result, ...linked.map(({ result }) => result)]
    const next = held && main.tokens && fitted(main.tokens, held.style)
    const { error: _, ...rest } = next ? written(next, token) : token
    const error = main.result.mustSignIn && { error: errorName }
    return { token: marked({ ...rest, ...error }, mark), mark, held: next, results }
  }

  /** Lets the application's own callback run, and undoes what it did to our fields. */
  async function withOwn(
    { token, mark, held, results }: Renewed,
    params: JwtParams,
    isSignIn: boolean,
  ): Promise<Token | null> {
    if (options.jwt === undefined) return token
    let result: unknown
    try {
      result = await options.jwt({ ...params, token: { ...token } })
    } catch (cause) {
      // Nothing is lost by a sign-in that fails, and somebody may have wanted it to.
      if (isSignIn) throw cause
      notices.failed('the jwt callback of the application', cause)
      return token
    }
    // How Auth.js lets an application end a session.
    if (result === null) return null
    if (!isObject(result)) return token
    if (results.length === 0) return marked(result, mark)
    const { error: _, ...rest } = result
    const kept = Object.hasOwn(token, 'error') ? { ...rest, error: token['error'] } : rest
    const whole = held ? restored(kept, held, params.trigger !== 'update') : unheld(kept, token)
    return marked(whole, mark)
  }

  return jwt as JwtCallback
}

function setsOf(
  entries: readonly (readonly [string, TokenSet | undefined])[],
): Record<string, TokenSet> {
  return Object.fromEntries(
    entries.filter((entry): entry is [string, TokenSet] => entry[1] !== undefined),
  )
}

/** Where there is no set that can be read, its traces are all that stays. */
function unheld(result: Token, token: Token): Token {
  const rest = cleared(result)
  const own = cleared(token)
  const traces = Object.entries(token).filter(([name]) => !Object.hasOwn(own, name))
  return { ...rest, ...Object.fromEntries(traces) }
}
