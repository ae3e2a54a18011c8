import { RefreshError } from '../../core/errors.ts'
import type { McpClientInformation, McpClientProvider, McpCurrent } from './types.ts'

/** What the provider asks of its session. */
export interface ProviderSession {
  token(): Promise<string | undefined>
  current(): Promise<McpCurrent | undefined>
  clientOf(issuer: string | undefined): Promise<McpClientInformation | undefined>
  /** Makes the next token another one than the server has refused. */
  recover(): Promise<void>
}

/** No client is registered with it: the session signs in with a port of its own. */
const NO_REDIRECT = 'http://127.0.0.1/callback'

/**
 * `OAuthClientProvider` for SDKs that sign in by themselves on a 401. They see no refresh token, so
 * they can present none. Where they begin to sign in, the session has done so: their own begin ends
 * with `UnauthorizedError`, and the next call works.
 */
export function clientProviderOf(session: ProviderSession): McpClientProvider {
  /** An SDK asks for its discovery first, or not at all. */
  let hasRecovered = false
  return {
    redirectUrl: NO_REDIRECT,
    clientMetadata: { redirect_uris: [NO_REDIRECT] },
    state: () => 'none',
    saveState() {},
    storedState: () => undefined,
    authorizationServerInformation: () => undefined,
    saveAuthorizationServerInformation() {},
    clientInformation: (context) => session.clientOf(context?.issuer),
    async saveClientInformation() {},
    async tokens() {
      const accessToken = await session.token()
      if (accessToken === undefined) return undefined
      const grant = await session.current()
      return {
        access_token: accessToken,
        token_type: 'Bearer',
        ...(grant?.scope !== undefined && { scope: grant.scope }),
        ...(grant !== undefined && { issuer: grant.issuer }),
      }
    },
    saveTokens() {},
    async redirectToAuthorization() {
      if (!hasRecovered) await session.recover()
      hasRecovered = false
    },
    saveCodeVerifier() {},
    codeVerifier() {
      throw new RefreshError('sign_in_failed', {
        hint: 'The session signs in by itself: make the call again, in place of finishAuth().',
      })
    },
    saveDiscoveryState() {},
    async discoveryState() {
      await session.recover()
      hasRecovered = true
      return undefined
    },
    async invalidateCredentials() {},
  }
}
