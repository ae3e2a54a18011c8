import {
  clock as aClock,
  func,
  kind,
  needed,
  number,
  ms,
  random as aRandom,
  text,
} from '../../core/check-options.ts'
import type { TableOf } from '../../core/check-options.ts'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'

/** The fields of a session that the guard reads. Every session of Auth.js fits. */
export interface SessionLike {
  readonly user?: object | null | undefined
  /** Set exactly while only a new sign-in can help. */
  readonly error?: unknown
  /** Whether a sign-in with `prompt=none` may help without a page. */
  readonly canSignInSilently?: unknown
}

/** The result of `useSession` of next-auth 4 and 5, or an object with the same three fields. */
export interface SessionSource {
  /** While it is `loading`, the guard keeps the previous state. */
  readonly status: 'loading' | 'authenticated' | 'unauthenticated'
  readonly data?: SessionLike | null | undefined
  /**
   * Reads the session from the server. `null` or `undefined`: there is none, or it could not be
   * read. The guard does not sign the user out for that.
   */
  update(): Promise<SessionLike | null | undefined>
}

/** The values of `session.error` in the guides of Auth.js 5 and NextAuth 4. */
export const SIGN_IN_ERRORS: readonly string[] = ['RefreshTokenError', 'RefreshAccessTokenError']

/**
 * Names the user of a session: by `user.id`, else `email`, else `name`.
 *
 * @returns `undefined` if the session has none of them.
 */
export function userOf({ user }: SessionLike): string | undefined {
  const { id, email, name } = (user ?? {}) as Readonly<Record<string, unknown>>
  const told = [id, email, name].find((value) => value != null && value !== '')
  return told === undefined ? undefined : JSON.stringify(told)
}

/** Fields that name the user: in a session, and in the decoded cookie of NextAuth 4. */
const NAMES = ['user', 'sub', 'id', 'email', 'name']

/**
 * Whether a user is signed in: there is a session, it names a user, and it has no `error`, with
 * which only a new sign-in can help. A session that is not `null` is not enough: one whose grant
 * has ended stays, so that the page can say so, and some versions of next-auth 5 take the message
 * of a wrong configuration for a session.
 *
 *     authorized: ({ auth }) => isSignedIn(auth)
 *
 * @param session The result of `auth()`, `getServerSession`, or the `data` of `useSession`; or the
 *   token that NextAuth 4 passes to `authorized`.
 */
export function isSignedIn<S extends object>(session: S | null | undefined): session is S {
  if (typeof session !== 'object' || session === null) return false
  const fields = session as Readonly<Record<string, unknown>>
  return !fields['error'] && NAMES.some((name) => fields[name])
}

/** The options of `createSessionGuard`. Durations are in milliseconds. */
export interface SessionGuardOptions {
  /**
   * Signs the user out: `signOut` of next-auth/react. It is called once, in one of the tabs, and
   * may leave the page.
   */
  readonly signOut: () => unknown
  /**
   * Signs the user in with `prompt=none`: `() => signIn('id', { redirectTo: location.href }, {
   * prompt: 'none' })` of next-auth/react (`callbackUrl` in version 4). It is called instead of the
   * notice, once, if the page that was just opened has a session whose `canSignInSilently` is set.
   * Default: not tried.
   */
  readonly signInSilently?: () => unknown
  /**
   * How long the notice is shown before the user is signed out. `Infinity`: until they confirm.
   * Default 60,000.
   */
  readonly graceMs?: number
  /**
   * How long an error, or a missing session, must last until it is believed. On a slow network a
   * session may be missing for a moment. Default 1,000.
   */
  readonly debounceMs?: number
  /** The values of `session.error` that mean a new sign-in. Default: our two names. */
  readonly errors?: readonly string[]
  /** Names the user, so that another user's session stays. Default: id, else email, else name. */
  readonly identify?: (session: SessionLike) => string | undefined
  /** The name by which tabs of an application find each other. Default `refresh-once/session`. */
  readonly channel?: string
  readonly clock?: Clock
  readonly random?: Random
}

/** What each option of a guard may be. */
export const GUARD_OPTIONS: TableOf<SessionGuardOptions> = {
  signOut: needed(func, 'a function: signOut of next-auth/react'),
  signInSilently: func,
  graceMs: number('milliseconds, 0 or more, or Infinity', (value) => value >= 0),
  debounceMs: ms,
  errors: kind('a list of texts', Array.isArray),
  identify: func,
  channel: text(),
  clock: aClock,
  random: aRandom,
}
