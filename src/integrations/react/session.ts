/** A session as far as the guard looks at it. That of Auth.js fits, whatever was added to it. */
export interface SessionLike {
  readonly user?: object | null | undefined
  /** There exactly while only a new sign-in can help. */
  readonly error?: unknown
}

/**
 * Where a session comes from: what `useSession` of next-auth 4 and 5 returns, or three fields of
 * one's own.
 */
export interface SessionSource {
  /** While `loading`, what was known before stands. */
  readonly status: 'loading' | 'authenticated' | 'unauthenticated'
  readonly data?: SessionLike | null | undefined
  /**
   * Reads the session at the server. `null` or `undefined`: there is none, or it could not be read;
   * nobody is signed out for that.
   */
  update(): Promise<SessionLike | null | undefined>
}

/** What `session.error` says by the guides of Auth.js 5 and NextAuth 4. */
export const SIGN_IN_ERRORS: readonly string[] = ['RefreshTokenError', 'RefreshAccessTokenError']

/**
 * Tells one user's sessions from another's: by `user.id`, else `email`, else `name`.
 *
 * @returns `undefined` when nothing tells.
 */
export function userOf({ user }: SessionLike): string | undefined {
  const { id, email, name } = (user ?? {}) as Readonly<Record<string, unknown>>
  const told = [id, email, name].find((value) => value != null && value !== '')
  return told === undefined ? undefined : JSON.stringify(told)
}
