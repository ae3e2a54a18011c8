import { isDate } from '../../core/text.ts'
import type { TokenSet } from '../../index.ts'
import {
  isObject,
  markOf,
  partsIn,
  tokenSetIn,
  withoutSecrets,
  type Fields,
} from './cookie-token-set.ts'
import { noticesFor, type SessionOptions } from './options.ts'
import { redacted, TOO_LARGE } from './redaction.ts'
import type { RenewalResult } from './renewal.ts'

/** The parameters of the `session` callback that are used here. */
export interface SessionParams {
  readonly session: object
  /** With the JWT strategy. `null`: the `jwt` callback has ended the session. */
  readonly token?: Fields | null
  /** With the database strategy. */
  readonly user?: unknown
  readonly trigger?: string | undefined
  readonly newSession?: unknown
}

/** Our `session` callback. It fits every type of session that an application declared. */
export type SessionCallback = <S extends object>(params: {
  readonly session: S
  readonly token?: object
  readonly user?: unknown
  readonly trigger?: string | undefined
  readonly newSession?: unknown
}) => Promise<S>

/** A `session` callback of any version of Auth.js. */
export type AnySessionCallback = { call(params: SessionParams): unknown }['call']

/** What the session shows, and the token sets whose secrets it must not show. */
interface SessionContents {
  /** The first is about `session.error` and `session.accessToken`, the others are linked. */
  readonly results: readonly RenewalResult[]
  /** Whole sets, or the fields of sets that cannot be read. */
  readonly sets: readonly Partial<TokenSet>[]
}

type CallbackSettings = SessionOptions & { readonly session?: AnySessionCallback | undefined }

/** The fields of a user that Auth.js shows to the browser, and the `id` that its databases give. */
const USER_FIELDS = ['id', 'name', 'email', 'image']

/**
 * Makes the `session` callback of the JWT strategy.
 *
 * @param remembered The results of the `jwt` callback, by the token object that it returned.
 */
export function tokenSessionCallback(
  options: CallbackSettings,
  remembered: WeakMap<object, readonly RenewalResult[]>,
): SessionCallback {
  async function session(params: SessionParams): Promise<object> {
    // NextAuth 4 calls this after a `jwt` that ended the session, and takes `{}` for no session.
    if (params.token === null) return {}
    const token = isObject(params.token) ? params.token : {}
    const results = remembered.get(token) ?? resultsIn(token, options)
    // Secrets are looked for in what the application's callback returns. Most have none.
    if (options.session === undefined) return sessionOf(params, { results, sets: [] }, options)
    const { sets: linked = {}, handle } = markOf(token) ?? {}
    // What a handle stands for is in no field of the token.
    const accessToken = results[0]?.accessToken
    const held =
      handle === undefined ? [] : [{ grant: handle, ...(accessToken && { accessToken }) }]
    const sets = [...partsIn(token), ...Object.values(linked), ...held]
    const visible = { ...params, ...(params.token && { token: withoutSecrets(token) }) }
    return sessionOf(visible, { results, sets }, options)
  }
  return session as SessionCallback
}

/** Reads the result out of the token itself, if the application has copied our token object. */
function resultsIn(token: Fields, options: CallbackSettings): RenewalResult[] {
  const { errorName = 'RefreshTokenError' } = options
  const provider = markOf(token)?.provider
  if (provider === undefined) return []
  const main = tokenSetIn(token)?.tokens
  const mustSignIn = token['error'] === errorName
  return [{ provider, accessToken: mustSignIn ? undefined : main?.accessToken, mustSignIn }]
}

/**
 * Calls the application's `session` callback, then removes secrets and sets our fields. Never
 * rejects: with the JWT strategy, Auth.js would delete the cookie.
 *
 * The session always has a `user`. Without one, `auth()` of next-auth 5 puts the whole token there.
 */
export async function sessionOf(
  params: SessionParams,
  { results, sets }: SessionContents,
  options: CallbackSettings,
): Promise<object> {
  const { errorName = 'RefreshTokenError', exposeAccessToken: showsToken = false } = options
  const secrets = sets
    .flatMap(({ accessToken, refreshToken, grant }) => [
      showsToken ? undefined : accessToken,
      refreshToken,
      grant,
    ])
    .filter((secret) => secret != null)
  const plain = plainSession(params.session)
  const { value: own, isWhole } = redacted(await ownSession(params, options), secrets)
  if (!isWhole) noticesFor(options.log).once(TOO_LARGE)
  const visible = isObject(own) ? own : {}
  const session: Fields = {
    ...plain,
    ...visible,
    user: isObject(visible['user']) ? visible['user'] : plain.user,
  }
  const [main, ...linked] = results
  if (main === undefined) return session
  const { error: _, canSignInSilently: __, errorReason: ___, ...rest } = session
  return {
    ...rest,
    ...(main.mustSignIn && { error: errorName }),
    ...(main.mustSignIn && main.reason && { errorReason: main.reason }),
    ...(main.mustSignIn && main.canSignInSilently === true && { canSignInSilently: true }),
    ...(showsToken && accessTokenFields(main, linked)),
    ...errorFields(linked, errorName),
  }
}

/** Makes the session that the callback of Auth.js itself makes. */
function plainSession(session: object): Fields & { readonly user: Fields } {
  const { user, expires } = session as Fields
  const fields = isObject(user)
    ? USER_FIELDS.filter((field) => user[field] !== undefined).map((field) => [field, user[field]])
    : []
  return {
    user: Object.fromEntries(fields) as Fields,
    expires: isDate(expires) ? new Date(expires).toISOString() : expires,
  }
}

async function ownSession(
  params: SessionParams,
  { session, log }: CallbackSettings,
): Promise<unknown> {
  try {
    return await session?.(params)
  } catch (cause) {
    noticesFor(log).failed('the session callback of the application', cause)
    return undefined
  }
}

function accessTokenFields(
  { accessToken }: RenewalResult,
  linked: readonly RenewalResult[],
): Fields {
  const others = linked.filter((each) => each.accessToken !== undefined)
  return {
    ...(accessToken !== undefined && { accessToken }),
    ...(linked.length > 0 && {
      accessTokens: Object.fromEntries(others.map((each) => [each.provider, each.accessToken])),
    }),
  }
}

function errorFields(linked: readonly RenewalResult[], errorName: string): Fields {
  const ended = linked.filter(({ mustSignIn }) => mustSignIn)
  if (ended.length === 0) return {}
  return { errors: Object.fromEntries(ended.map(({ provider }) => [provider, errorName])) }
}
