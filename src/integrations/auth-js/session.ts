import type { TokenSet } from '../../index.ts'
import {
  heldIn,
  isObject,
  markOf,
  partsIn,
  withoutSecrets,
  type Token,
} from './cookie-token-set.ts'
import { noticesFor } from './options.ts'
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

/** Names under which a secret stands whatever its value. */
const NAMES: ReadonlySet<string> = new Set(['refresh_token', 'refreshToken', 'sessionToken'])

/** Shorter ones are looked for as whole texts: within others they would be found by chance. */
const PART_MIN_LENGTH = 16

/** Deeper than any session. What lies there is dropped. */
const DEPTH_MAX = 20

/** Something that may be shown, or nothing. */
type Shown = { readonly value: unknown } | undefined

/**
 * A value as it may be shown: without the secrets, by whatever name, and without whatever is called
 * a refresh token. A text that contains a secret is dropped whole. What holds none stays the very
 * same object.
 */
export function discreet(value: unknown, secrets: readonly string[]): unknown {
  return shown(value, secrets, 0)?.value
}

function shown(value: unknown, secrets: readonly string[], depth: number): Shown {
  if (typeof value === 'string') return isSecret(value, secrets) ? undefined : { value }
  if (typeof value !== 'object' || value === null || value instanceof Date) return { value }
  if (depth > DEPTH_MAX) return undefined
  if (Array.isArray(value)) {
    const entries = value.map((each: unknown) => shown(each, secrets, depth + 1))
    const isSame = entries.every((entry, index) => entry && entry.value === value[index])
    return { value: isSame ? value : entries.flatMap((entry) => (entry ? [entry.value] : [])) }
  }
  const entries = Object.entries(value).map(([name, member]) => {
    const entry = NAMES.has(name) ? undefined : shown(member, secrets, depth + 1)
    return { name, member: member as unknown, entry }
  })
  if (entries.every(({ member, entry }) => entry && entry.value === member)) return { value }
  const rest = entries.flatMap(({ name, entry }) => (entry ? [[name, entry.value] as const] : []))
  return { value: Object.fromEntries(rest) }
}

function isSecret(text: string, secrets: readonly string[]): boolean {
  return secrets.some(
    (secret) => text === secret || (secret.length >= PART_MIN_LENGTH && text.includes(secret)),
  )
}
