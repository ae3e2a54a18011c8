import { jwtCallback, type AnyJwtCallback, type JwtCallback } from './auth-js/jwt.ts'
import type { CallbackOptions, Refreshers } from './auth-js/options.ts'
import { checkOptions } from './auth-js/options.ts'
import type { Result } from './auth-js/renewal.ts'
import type { AnySessionCallback, SessionCallback } from './auth-js/session.ts'
import { tokenSessionCallback } from './auth-js/session.ts'

export { databaseCallbacks } from './auth-js/database.ts'
export type { DatabaseOptions } from './auth-js/database.ts'
export type { AccountStorage } from './auth-js/database.ts'
export { signInEvent, signOutEvent } from './auth-js/sign-in.ts'
export type { SignInMessage, SignOutMessage, SignOutOptions } from './auth-js/sign-in.ts'
export type { CallbackOptions, Refreshers, SessionErrorName } from './auth-js/options.ts'
export type { Log } from './auth-js/options.ts'
export type { AnyJwtCallback, JwtCallback, JwtParams } from './auth-js/jwt.ts'
export type { AnySessionCallback, SessionCallback, SessionParams } from './auth-js/session.ts'

/** Callbacks of one's own: they run after ours. */
export interface OwnCallbacks<J, S> {
  /**
   * Gets the renewed token, and may add to it or return `null` to end the session. What it does to
   * our fields is undone. If it throws at a sign-in, the sign-in fails; later, it counts as not
   * called.
   */
  readonly jwt?: J | undefined
  /**
   * Gets the session and the renewed token, that without the refresh token. If it throws, or
   * returns no object, the session has what Auth.js puts into it.
   */
  readonly session?: S | undefined
}

/**
 * The `jwt` and `session` callbacks of Auth.js 5, NextAuth 4 and @auth/core that keep the tokens in
 * the session cookie fresh.
 *
 * They never throw: a `jwt` callback that throws deletes the cookie, and signs the user out.
 *
 * - `session.error` is set exactly while only a new sign-in can help.
 * - The refresh token never reaches `session`; the access token with `accessToken: true`.
 * - Tokens stand in the cookie as they are found there; after a sign-in as `account` has them.
 *
 * @param refreshers By the `id` of the Auth.js provider. Others pass through.
 * @throws {TypeError} For options that contradict each other.
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
  checkOptions(refreshers, options)
  // From the `jwt` callback to the `session` callback of the same request: Auth.js hands on the
  // very object.
  const results = new WeakMap<object, readonly Result[]>()
  return {
    jwt: jwtCallback(refreshers, options, results),
    session: tokenSessionCallback(options, results),
  }
}
