import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Better Auth as an authorization server (`@better-auth/oauth-provider`).
 *
 * A spent token ends every refresh token of the user at the client, with their access tokens.
 */
export const facts = {
  id: 'better-auth-provider',
  name: 'Better Auth OAuth provider',
  for: 'servers made with Better Auth',
  parameters: { issuer: { is: 'url', example: 'https://app.example.com/api/auth' } },
  issuer: '{issuer}',
  tokenEndpoint: '{issuer}/oauth2/token',
  revocationEndpoint: '{issuer}/oauth2/revoke',
  introspectionEndpoint: '{issuer}/oauth2/introspect',
  rotation: 'always',
  reuse: 'revokes',
  reuseEffect: 'grant',
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  failures: { invalid_scope: 'refused_before', invalid_target: 'refused_before' },
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken: 'Ask for the scope offline_access.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const TOKEN =
  'https://github.com/better-auth/better-auth/blob/main/packages/oauth-provider/src/token.ts'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 3600,
        expires_at: 1_893_456_000,
        refresh_token: 'rt-2',
        scope: 'openid offline_access',
      },
      ends: 'granted',
    },
    {
      title: 'spent or expired',
      source: TOKEN,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'invalid refresh token' },
      ends: 'rejected',
    },
    {
      title: 'unknown, or ended with its family',
      source: TOKEN,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'session not found' },
      ends: 'rejected',
    },
    {
      title: 'a scope that was not granted, before the token is spent',
      source: TOKEN,
      status: 400,
      body: { error: 'invalid_scope', error_description: 'unable to issue scope admin' },
      ends: 'refused_before',
    },
    {
      title: 'a wrong client',
      source: TOKEN,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: TOKEN,
    tokenEndpoint: TOKEN,
    revocationEndpoint:
      'https://github.com/better-auth/better-auth/blob/main/packages/oauth-provider/src/revoke.ts',
    introspectionEndpoint:
      'https://github.com/better-auth/better-auth/blob/main/packages/oauth-provider/src/introspect.ts',
    rotation: TOKEN,
    reuse: TOKEN,
    reuseEffect: TOKEN,
    validates: TOKEN,
    wire: TOKEN,
    failures: TOKEN,
    authorizationRequest: TOKEN,
  },
  variants: [
    {
      when: 'the server sets a reuse interval',
      says:
        'A spent token brings the same answer again within it. Tell it: `reuse: { ' +
        'acceptedForMs }`. The default is 0.',
      source: TOKEN,
    },
  ],
} as const satisfies ProviderEvidence

/** @param options `issuer`: The base URL of Better Auth, as the metadata writes it. */
export const betterAuthProvider = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
