import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * FusionAuth.
 *
 * An application decides whether a refresh token is reusable or good for one use.
 */
export const facts = {
  id: 'fusionauth',
  name: 'FusionAuth',
  for: 'FusionAuth',
  parameters: { base: { is: 'url', example: 'https://acme.fusionauth.io' } },
  tokenEndpoint: '{base}/oauth2/token',
  revocationEndpoint: null,
  introspectionEndpoint: '{base}/oauth2/introspect',
  rotation: 'sometimes',
  keptAs: 'echoed',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and turn "Generate refresh tokens" of ' +
    'the application on.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const ENDPOINTS = 'https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/endpoints'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: ENDPOINTS,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        refresh_token: 'rt-2',
        refresh_token_id: 'i-2',
        token_type: 'Bearer',
        userId: 'u-1',
      },
      ends: 'granted',
    },
    {
      title: 'unknown, spent or expired',
      source: ENDPOINTS,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_reason: 'refresh_token_not_found',
        error_description: 'The refresh token was not found.',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: ENDPOINTS,
      status: 401,
      body: {
        error: 'invalid_client',
        error_reason: 'invalid_client_authentication_scheme',
        error_description: 'Client authentication failed.',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: ENDPOINTS,
    revocationEndpoint: ENDPOINTS,
    introspectionEndpoint: ENDPOINTS,
    rotation: ENDPOINTS,
    keptAs: ENDPOINTS,
    wire: ENDPOINTS,
    authorizationRequest: ENDPOINTS,
  },
  aliases: { authJs: ['fusionauth'] },
} as const satisfies ProviderEvidence

/** @param options `base`: The address of FusionAuth, without a slash at its end. */
export const fusionauth = (options: { base: string } & Overrides): Provider =>
  providerOf(facts, options)
