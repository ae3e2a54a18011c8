import type { TokenSet } from '../../index.ts'
import { discreet } from './discreet.ts'
import { heldIn, isObject, markOf, partsIn, withoutSecrets, type Token } from './held.ts'
import { noticesFor } from './notices.ts'
import type { SessionOptions } from './options.ts'
import type { Result } from './renewal.ts'

/** What Auth.js hands to the `session` callback, as far as it matters here. */
export interface SessionParams {
  readonly session: object
  /** With the JWT strategy. */
  readonly token?: Token
  /** With the database strategy. */
  readonly user?: unknown
  readonly trigger?: string | undefined
  readonly newSession?: unknown
}

/** Our `session` callback: for whatever type of session the application declared. */
export type SessionCallback = <S extends object>(params: {
  readonly session: S
  readonly token?: object
  readonly user?: unknown
  readonly trigger?: string | undefined
  readonly newSession?: unknown
}) => Promise<S>

/** A `session` callback of any version of Auth.js. */
export type AnySessionCallback = { call(params: SessionParams): unknown }['call']

/** What a session may show, and what it must not. */
export interface View {
  readonly results: readonly Result[]
  /** Whole or in parts. */
  readonly sets: readonly Partial<TokenSet>[]
}

type Options = SessionOptions & { readonly session?: AnySessionCallback | undefined }

/** What Auth.js shows of a user to the browser, and the id that its databases give. */
const USER_FIELDS = ['id', 'name', 'email', 'image']

/** @param remembered What the `jwt` callback found out, by the very token. */
export function tokenSessionCallback(
  options: Options,
  remembered: WeakMap<object, readonly Result[]>,
): SessionCallback {
  async function session(params: SessionParams): Promise<object> {
    const token = isObject(params.token) ? params.token : {}
    const main = heldIn(token)?.tokens
    const sets = [...partsIn(token), ...Object.values(markOf(token)?.sets ?? {})]
    const shown = { ...params, ...(params.token && { token: withoutSecrets(token) }) }
    const results = remembered.get(token) ?? resultsIn(token, main, options)
    return sessionOf(shown, { results, sets }, options)
  }
  return session as SessionCallback
}

/** What a token says itself: somebody has made another object of ours. */
function resultsIn(token: Token, main: TokenSet | undefined, options: Options): Result[] {
  const { errorName = 'RefreshTokenError' } = options
  const provider = markOf(token)?.provider
  if (provider === undefined) return []
  const mustSignIn = token['error'] === errorName
  return [{ provider, accessToken: mustSignIn ? undefined : main?.accessToken, mustSignIn }]
}

/**
 * The session that the application's callback makes, held to what we promise of it. Never rejects:
 * with the JWT strategy, that would delete the cookie.
 *
 * It always has a `user`: without one, `auth()` of next-auth 5 puts the whole token into its place.
 */
export async function sessionOf(
  params: SessionParams,
  { results, sets }: View,
  options: Options,
): Promise<object> {
  const { errorName = 'RefreshTokenError', accessToken: showsToken = false } = options
  const secrets = sets
    .flatMap(({ accessToken, refreshToken, grant }) => [
      showsToken ? undefined : accessToken,
      refreshToken,
      grant,
    ])
    .filter((secret) => secret != null)
  const plain = plainSession(params.session)
  const own = discreet(await ownSession(params, options), secrets)
  const shown = isObject(own) ? own : {}
  const session: Token = {
    ...plain,
    ...shown,
    user: isObject(shown['user']) ? shown['user'] : plain.user,
  }
  const [main, ...linked] = results
  if (main === undefined) return session
  const { error: _, ...rest } = session
  return {
    ...rest,
    ...(main.mustSignIn && { error: errorName }),
    ...(showsToken && tokensShown(main, linked)),
    ...errorsShown(linked, errorName),
  }
}

/** What Auth.js' own callback makes of a session. */
function plainSession(session: object): Token & { readonly user: Token } {
  const { user, expires } = session as Token
  const shown = isObject(user)
    ? USER_FIELDS.filter((field) => Object.hasOwn(user, field)).map((field) => [field, user[field]])
    : []
  return {
    user: Object.fromEntries(shown) as Token,
    expires: expires instanceof Date ? expires.toISOString() : expires,
  }
}

async function ownSession(params: SessionParams, { session, log }: Options): Promise<unknown> {
  try {
    return await session?.(params)
  } catch (cause) {
    noticesFor(log).failed('the session callback of the application', cause)
    return undefined
  }
}

function tokensShown({ accessToken }: Result, linked: readonly Result[]): Token {
  const others = linked.filter((each) => each.accessToken !== undefined)
  return {
    ...(accessToken !== undefined && { accessToken }),
    ...(linked.length > 0 && {
      accessTokens: Object.fromEntries(others.map((each) => [each.provider, each.accessToken])),
    }),
  }
}

function errorsShown(linked: readonly Result[], errorName: string): Token {
  const dead = linked.filter(({ mustSignIn }) => mustSignIn)
  if (dead.length === 0) return {}
  return { errors: Object.fromEntries(dead.map(({ provider }) => [provider, errorName])) }
}
