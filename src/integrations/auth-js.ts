import { jwtCallback, type AnyJwtCallback, type JwtCallback } from './auth-js/jwt.ts'
import { checkCallbackOptions, type CallbackOptions, type Refreshers } from './auth-js/options.ts'
import type { RenewalResult } from './auth-js/renewal.ts'
import { tokenSessionCallback } from './auth-js/session.ts'
import type { AnySessionCallback, SessionCallback } from './auth-js/session.ts'

export { databaseCallbacks } from './auth-js/database.ts'
export type { AccountStorage, DatabaseOptions } from './auth-js/database.ts'
export type { AnyJwtCallback, JwtCallback, JwtParams } from './auth-js/jwt.ts'
export type { CallbackOptions, Log, Refreshers, SessionErrorName } from './auth-js/options.ts'
export type { AnySessionCallback, SessionCallback, SessionParams } from './auth-js/session.ts'
export { refreshOnce } from './auth-js/refresh-once.ts'
export type { RefreshOnceOptions } from './auth-js/refresh-once.ts'
export { isSignedIn } from './react/session.ts'
export { signInEvent, signOutEvent } from './auth-js/sign-in.ts'
export type { SignInMessage, SignOutMessage, SignOutOptions } from './auth-js/sign-in.ts'

/** The application's own callbacks. They run after ours. */
export interface OwnCallbacks<J, S> {
  /**
   * Gets the renewed token. It may add to it, or return `null` to end the session. Changes to our
   * fields are undone. If it throws at a sign-in, the sign-in fails; if it throws later, its result
   * is ignored.
   */
  readonly jwt?: J | undefined
  /**
   * Gets the session and the renewed token without its refresh token. If it throws, or returns no
   * object, the session holds what Auth.js puts into it.
   */
  readonly session?: S | undefined
}

/**
 * Makes the `jwt` and `session` callbacks of Auth.js 5, NextAuth 4 and @auth/core. They keep the
 * tokens in the session cookie fresh.
 *
 * They never throw, because Auth.js deletes the cookie if `jwt` throws, and the user is signed out.
 *
 * - `session.error` is set exactly while only a new sign-in can help: {@link isSignedIn} knows it.
 * - If the user has signed out, an older cookie holds no session: `jwt` returns `null`.
 * - The refresh token never reaches `session`; `exposeAccessToken: true` lets the access token in.
 * - Tokens stay under the names that the cookie has for them; after a sign-in, under those of
 *   `account`.
 *
 * @param refreshers By the `id` of the Auth.js provider. Tokens of other providers are left alone.
 * @throws {TypeError} If options contradict each other.
 * @see https://authjs.dev/guides/refresh-token-rotation
 */
export function refreshCallbacks(
  refreshers: Refreshers,
  options?: CallbackOptions & OwnCallbacks<undefined, undefined>,
): { jwt: JwtCallback; session: SessionCallback }
export function refreshCallbacks<J extends AnyJwtCallback>(
  refreshers: Refreshers,
  options: CallbackOptions & OwnCallbacks<J, undefined>,
): { jwt: J; session: SessionCallback }
export function refreshCallbacks<S extends AnySessionCallback>(
  refreshers: Refreshers,
  options: CallbackOptions & OwnCallbacks<undefined, S>,
): { jwt: JwtCallback; session: S }
export function refreshCallbacks<J extends AnyJwtCallback, S extends AnySessionCallback>(
  refreshers: Refreshers,
  options: CallbackOptions & OwnCallbacks<J, S>,
): { jwt: J; session: S }
export function refreshCallbacks(
  refreshers: Refreshers,
  options: CallbackOptions & OwnCallbacks<AnyJwtCallback, AnySessionCallback> = {},
): { jwt: JwtCallback; session: SessionCallback } {
  checkCallbackOptions(refreshers, options)
  // Auth.js passes the object that `jwt` returned to the `session` callback of the same request.
  const results = new WeakMap<object, readonly RenewalResult[]>()
  return {
    jwt: jwtCallback(refreshers, options, results),
    session: tokenSessionCallback(options, results),
  }
}
