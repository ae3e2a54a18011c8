/// <reference types="next-auth" />
/// <reference types="next-auth/jwt" />
/// <reference types="@auth/core/types" />
/// <reference types="@auth/core/jwt" />
/**
 * Adds the fields of {@link refreshCallbacks} to the types of Auth.js 5, NextAuth 4 and @auth/core:
 *
 *     import 'refresh-once/auth-js/types'
 *
 * An application imports it if it wants it. The fields are inherited, not declared, so that they do
 * not contradict the declarations in the guides of Auth.js (`error`, `access_token`, …).
 */
import type { RefreshError } from '../../index.ts'
import type { SessionErrorName } from './options.ts'

/** The fields of `session`. */
export interface SessionFields {
  /** Set exactly while only a new sign-in can help. Its type fits the guides' `error?: string`. */
  error?: SessionErrorName | (string & {}) | undefined
  /** Beside an `error`: why, in one word of docs/troubleshooting.md. */
  errorReason?: RefreshError['reason'] | (string & {}) | undefined
  /** Beside an `error`: whether a sign-in with `prompt=none` may help without a page. */
  canSignInSilently?: boolean | undefined
  /** With `exposeAccessToken: true`. Absent while none is usable. */
  accessToken?: string | undefined
  /** With `exposeAccessToken: true`: the access tokens of linked providers, by provider. */
  accessTokens?: Record<string, string> | undefined
  /** The errors of linked providers that need a new sign-in, by provider. */
  errors?: Record<string, string> | undefined
}

/** The fields of the token of the JWT strategy, after a sign-in with an OAuth provider. */
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
