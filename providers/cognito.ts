import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Amazon Cognito user pools, by the token endpoint of the domain of the pool.
 *
 * An app client decides whether refresh tokens rotate.
 */
export const facts = {
  id: 'cognito',
  name: 'Amazon Cognito',
  for: 'Amazon Cognito user pools',
  parameters: {
    domain: { is: 'url', example: 'https://acme.auth.eu-central-1.amazoncognito.com' },
  },
  tokenEndpoint: '{domain}/oauth2/token',
  revocationEndpoint: '{domain}/oauth2/revoke',
  introspectionEndpoint: null,
  // "Refresh token rotation" of the app client.
  rotation: 'sometimes',
  keptAs: 'absent',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  silentSignIn: true,
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const TOKEN_ENDPOINT =
  'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html'
const AMAZON_COGNITO_USER_POOLS_US =
  'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html'
const API_REFRESHTOKENROTATIONTYPE =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'rotation is off: the old one is kept',
      source: TOKEN_ENDPOINT,
      status: 200,
      body: { access_token: 'at-2', id_token: 'x', token_type: 'Bearer', expires_in: 3600 },
      ends: 'granted',
      reads: { idToken: null },
    },
    {
      title: 'rotation is on: a new one',
      source: AMAZON_COGNITO_USER_POOLS_US,
      status: 200,
      body: { access_token: 'at-2', refresh_token: 'rt-2', token_type: 'Bearer', expires_in: 3600 },
      ends: 'granted',
    },
    {
      title: 'revoked, expired, or spent',
      source: TOKEN_ENDPOINT,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: TOKEN_ENDPOINT,
      status: 400,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn:
      'https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html',
    tokenEndpoint: TOKEN_ENDPOINT,
    revocationEndpoint:
      'https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html',
    introspectionEndpoint: TOKEN_ENDPOINT,
    rotation: API_REFRESHTOKENROTATIONTYPE,
    keptAs: API_REFRESHTOKENROTATIONTYPE,
    wire: TOKEN_ENDPOINT,
  },
  variants: [
    {
      when: 'rotation is on with a grace period of up to 60 seconds',
      says:
        'The token just before stays valid for so long. Tell it: `reuse: { ' +
        'acceptedForMs }`. With 0 it is invalid at once.',
      source: API_REFRESHTOKENROTATIONTYPE,
    },
    {
      when: 'the app client has the default settings',
      lifetimes: { refreshMs: 2_592_000_000, accessMs: 3_600_000 },
      says: 'A refresh token may live for 60 minutes to 10 years.',
      source: AMAZON_COGNITO_USER_POOLS_US,
    },
  ],
  aliases: { authJs: ['cognito'], betterAuth: ['cognito'] },
} as const satisfies ProviderEvidence

/** @param options `domain`: The domain of the user pool, or your own, without a slash. */
export const cognito = (options: { domain: string } & Overrides): Provider =>
  providerOf(facts, options)
