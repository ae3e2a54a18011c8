/** The fields of a session that the guard reads. Every session of Auth.js fits. */
export interface SessionLike {
  readonly user?: object | null | undefined
  /** Set exactly while only a new sign-in can help. */
  readonly error?: unknown
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
