/**
 * The callbacks of Auth.js' guide to refresh token rotation, as people copy them: the endpoint and
 * the client are other ones.
 *
 * @see https://authjs.dev/guides/refresh-token-rotation
 */
interface Copied {
  access_token?: string
  expires_at: number
  refresh_token?: string
  error?: string
}

export interface CopyOptions {
  /**
   * Whether an answer without refresh token leaves the old one in place. The guide's callbacks do
   * so; those of many a tutorial take what the answer has. Default `true`.
   */
  readonly fallsBack?: boolean
}

interface Account {
  readonly access_token?: string
  readonly expires_at?: number
  readonly refresh_token?: string
}

export function guideCallbacks(
  tokenEndpoint: string,
  client: { readonly id: string; readonly secret?: string },
  { fallsBack = true }: CopyOptions = {},
) {
  return {
    async jwt({ token, account }: { token: Copied; account?: Account | null }) {
      if (account) {
        return {
          ...token,
          access_token: account.access_token,
          expires_at: account.expires_at,
          refresh_token: account.refresh_token,
        }
      } else if (Date.now() < token.expires_at * 1000) {
        return token
      } else {
        if (!token.refresh_token) throw new TypeError('Missing refresh_token')
        try {
          const response = await fetch(tokenEndpoint, {
            method: 'POST',
            body: new URLSearchParams({
              client_id: client.id,
              ...(client.secret !== undefined && { client_secret: client.secret }),
              grant_type: 'refresh_token',
              refresh_token: token.refresh_token,
            }),
          })
          const tokensOrError: unknown = await response.json()
          if (!response.ok) throw tokensOrError
          const newTokens = tokensOrError as {
            access_token: string
            expires_in: number
            refresh_token?: string
          }
          return {
            ...token,
            access_token: newTokens.access_token,
            expires_at: Math.floor(Date.now() / 1000 + newTokens.expires_in),
            refresh_token:
              newTokens.refresh_token || !fallsBack ? newTokens.refresh_token : token.refresh_token,
          }
        } catch (error) {
          console.error('Error refreshing access_token', error)
          token.error = 'RefreshTokenError'
          return token
        }
      }
    },
    async session({ session, token }: { session: { error?: unknown }; token: Copied }) {
      session.error = token.error
      return session
    },
  }
}
