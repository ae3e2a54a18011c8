import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * ZITADEL.
 *
 * A session has one refresh token, which each use replaces.
 */
export const facts = {
  id: 'zitadel',
  name: 'ZITADEL',
  for: 'ZITADEL Cloud and self-hosted',
  parameters: { issuer: { is: 'url', example: 'https://acme.zitadel.cloud' } },
  issuer: '{issuer}',
  tokenEndpoint: '{issuer}/oauth/v2/token',
  revocationEndpoint: '{issuer}/oauth/v2/revoke',
  introspectionEndpoint: '{issuer}/oauth/v2/introspect',
  rotation: 'always',
  // The session holds the newest refresh token and the newest access token, and no others.
  reuse: 'refused',
  oldAccessToken: 'dies',
  // Client and scope are checked before the new tokens are written.
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and allow the grant type Refresh Token ' +
    'of the application.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const ENDPOINTS = 'https://zitadel.com/docs/apis/openidoauth/endpoints'
const OIDC_SESSION = 'https://github.com/zitadel/zitadel/blob/main/internal/command/oidc_session.go'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: ENDPOINTS,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        refresh_token: 'rt-2',
        expires_in: 43_199,
      },
      ends: 'granted',
    },
    {
      title: 'spent, revoked or expired',
      source: ENDPOINTS,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Errors.OIDCSession.RefreshTokenInvalid' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: ENDPOINTS,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn: 'https://zitadel.com/docs/apis/openidoauth/endpoints',
    issuer: ENDPOINTS,
    tokenEndpoint: ENDPOINTS,
    revocationEndpoint: ENDPOINTS,
    introspectionEndpoint: ENDPOINTS,
    rotation: OIDC_SESSION,
    reuse: 'https://github.com/zitadel/zitadel/blob/main/internal/command/oidc_session_model.go',
    oldAccessToken: 'https://github.com/zitadel/zitadel/blob/main/internal/query/access_token.go',
    validates: OIDC_SESSION,
    wire: ENDPOINTS,
    authorizationRequest: ENDPOINTS,
  },
  variants: [
    {
      when: 'the instance has the default settings',
      lifetimes: { accessMs: 43_200_000, refreshIdleMs: 2_592_000_000, refreshMs: 7_776_000_000 },
      source: 'https://zitadel.com/docs/guides/manage/console/default-settings',
    },
  ],
  aliases: { authJs: ['zitadel'] },
  notes: [
    'A refresh ends the older access token at introspection and userinfo. An API that checks the ' +
      'signature of a JWT alone takes it until it expires.',
  ],
} as const satisfies ProviderEvidence

/** @param options `issuer`: The address of the instance, without a slash at its end. */
export const zitadel = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
