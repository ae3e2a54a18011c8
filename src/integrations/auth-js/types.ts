/// <reference types="next-auth" />
/// <reference types="next-auth/jwt" />
/// <reference types="@auth/core/types" />
/// <reference types="@auth/core/jwt" />
/**
 * What {@link refreshCallbacks} adds to the types of Auth.js 5, NextAuth 4 and @auth/core:
 *
 *     import 'refresh-once/auth-js/types'
 *
 * Imported on purpose. The fields are inherited, not declared, so that they get along with the
 * declarations that the guides tell people to write (`error`, `access_token`, …).
 */
import type { SessionErrorName } from './options.ts'

/** In `session`. */
export interface SessionFields {
  /** There exactly while only a new sign-in can help. Any text, as others declare it so. */
  error?: SessionErrorName | (string & {}) | undefined
  /** With `accessToken: true`. Absent while none is usable. */
  accessToken?: string | undefined
  /** With `accessToken: true`, those of linked providers, by provider. */
  accessTokens?: Record<string, string> | undefined
  /** Linked providers that only a new sign-in with them can help, by provider. */
  errors?: Record<string, string> | undefined
}

/** In the token of the JWT strategy, after a sign-in with an OAuth provider. */
export interface TokenFields {
  access_token?: string | undefined
  /** Epoch seconds. */
  expires_at?: number | undefined
  refresh_token?: string | undefined
  error?: SessionErrorName | (string & {}) | undefined
}

declare module 'next-auth' {
  interface Session extends SessionFields {}
}

declare module 'next-auth/jwt' {
  interface JWT extends TokenFields {}
}

declare module '@auth/core/types' {
  interface Session extends SessionFields {}
}

declare module '@auth/core/jwt' {
  interface JWT extends TokenFields {}
}
