import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Bitbucket Cloud.
 *
 * Whether a refresh token changes is not documented: whatever comes is taken.
 */
export const facts = {
  id: 'bitbucket',
  name: 'Bitbucket',
  for: 'Bitbucket Cloud',
  tokenEndpoint: 'https://bitbucket.org/site/oauth2/access_token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 7_200_000 },
  wire: { expiresIn: 'number' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const USE_OAUTH_ON_BITBUCKET_CLOUD =
  'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: USE_OAUTH_ON_BITBUCKET_CLOUD,
      status: 200,
      body: {
        access_token: 'at-2',
        scopes: 'account',
        expires_in: 7200,
        refresh_token: 'rt-1',
        token_type: 'bearer',
      },
      ends: 'granted',
    },
    {
      title: 'revoked, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: RFC_6749,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: USE_OAUTH_ON_BITBUCKET_CLOUD,
    revocationEndpoint: USE_OAUTH_ON_BITBUCKET_CLOUD,
    clientAuthentication: USE_OAUTH_ON_BITBUCKET_CLOUD,
    rotation: USE_OAUTH_ON_BITBUCKET_CLOUD,
    keptAs: USE_OAUTH_ON_BITBUCKET_CLOUD,
    lifetimes: USE_OAUTH_ON_BITBUCKET_CLOUD,
    wire: USE_OAUTH_ON_BITBUCKET_CLOUD,
  },
  aliases: { authJs: ['bitbucket'], nango: ['bitbucket'] },
} as const satisfies ProviderEvidence

export const bitbucket = (overrides?: Overrides): Provider => providerOf(facts, overrides)
