// What is used of Better Auth, by its shape: its own types need its package, and change often.

/** The tokens that Better Auth takes from a provider. */
export interface OAuthTokens {
  tokenType?: string | undefined
  accessToken?: string | undefined
  refreshToken?: string | undefined
  accessTokenExpiresAt?: Date | undefined
  refreshTokenExpiresAt?: Date | undefined
  scopes?: string[] | undefined
  idToken?: string | undefined
}

/** A row of the `account` table, or the account cookie. Tokens may be encrypted. */
export interface AccountRow {
  readonly id?: string
  readonly providerId: string
  readonly accessToken?: string | null | undefined
  readonly refreshToken?: string | null | undefined
  readonly idToken?: string | null | undefined
  readonly accessTokenExpiresAt?: Date | string | null | undefined
  readonly refreshTokenExpiresAt?: Date | string | null | undefined
}

/** A social provider, or one of the plugin `genericOAuth`. */
export interface SocialProvider {
  readonly id: string
  refreshAccessToken?: ((refreshToken: string, request?: never) => Promise<OAuthTokens>) | undefined
}

/** The part of `auth.$context` that is used here. */
export interface AuthContext {
  readonly socialProviders: readonly SocialProvider[]
  readonly options: {
    readonly account?:
      | {
          readonly encryptOAuthTokens?: boolean | undefined
          readonly updateAccountOnSignIn?: boolean | undefined
        }
      | undefined
    readonly plugins?: readonly { readonly id: string; readonly options?: unknown }[] | undefined
  }
  readonly logger: { warn(message: string): void }
}

/** The context of one request, in an endpoint, in its hooks and in the hooks of the database. */
export interface RequestContext {
  readonly path?: string | undefined
  readonly body?: unknown
  readonly query?: unknown
  readonly context: AuthContext & {
    readonly internalAdapter: {
      findAccounts(userId: string): Promise<readonly AccountRow[]>
      findSession(token: string): Promise<{ readonly user: { readonly id: string } } | null>
      listSessions(userId: string): Promise<readonly object[]>
    }
    readonly adapter: {
      findOne(query: { model: string; where: { field: string; value: string }[] }): Promise<unknown>
    }
    readonly authCookies: { readonly sessionToken: { readonly name: string } }
    readonly secret: string
    readonly returned?: unknown
  }
  getSignedCookie?(name: string, secret: string): Promise<string | false | null>
}

/** A hook as Better Auth runs it: `createAuthMiddleware` makes the function. */
type Handler = ((input: object) => Promise<never>) & { readonly options: Record<string, never> }

interface Hook {
  matcher(input: { readonly path?: string | undefined }): boolean
  readonly handler: Handler
}

/** Gets a row, and the request that changes it, if there is one. */
type DatabaseHook = (row: object, request: RequestContext | null) => Promise<void>

/** The plugin, as `betterAuth({ plugins })` takes it. */
export interface RefreshOncePlugin {
  readonly id: 'refresh-once'
  init(context: AuthContext): {
    options: {
      databaseHooks: {
        session: { delete: { before: DatabaseHook } }
        account: { delete: { after: DatabaseHook } }
      }
    }
  }
  hooks: { before: Hook[]; after: Hook[] }
}
