import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Linear. All apps have refresh tokens since 2026-04-01. */
export const facts = {
  id: 'linear',
  name: 'Linear',
  for: 'Linear apps',
  tokenEndpoint: 'https://api.linear.app/oauth/token',
  revocationEndpoint: 'https://api.linear.app/oauth/revoke',
  rotation: 'always',
  lifetimes: { accessMs: 86_400_000 },
  wire: { tokenType: 'Bearer', expiresIn: 'number' },
  clientAuthentication: 'client_secret_post',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH_2_0_AUTHENTICATION = 'https://linear.app/developers/oauth-2-0-authentication'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: OAUTH_2_0_AUTHENTICATION,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 86_399,
        refresh_token: 'rt-2',
        scope: 'read write',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: OAUTH_2_0_AUTHENTICATION,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'the same with status 401',
      source: 'https://github.com/anthropics/claude-code/issues/85236',
      status: 401,
      body: { error: 'invalid_grant', error_description: 'Grant not found' },
      ends: 'rejected',
    },
    {
      title: 'the client is not known, or its secret is wrong',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH_2_0_AUTHENTICATION,
    revocationEndpoint: OAUTH_2_0_AUTHENTICATION,
    clientAuthentication: OAUTH_2_0_AUTHENTICATION,
    rotation: OAUTH_2_0_AUTHENTICATION,
    lifetimes: OAUTH_2_0_AUTHENTICATION,
    wire: OAUTH_2_0_AUTHENTICATION,
  },
  changes: [
    {
      on: '2026-04-01',
      what: 'All apps use refresh tokens. Access tokens lived for 10 years before.',
      source: OAUTH_2_0_AUTHENTICATION,
    },
  ],
  aliases: { betterAuth: ['linear'], nango: ['linear'] },
  notes: [
    'A window of 30 minutes for a spent token is rumoured. It was refused ' +
      'inside that time, so it counts as not known.',
    'A client with PKCE and without a secret passes `clientAuthentication: "none"`.',
  ],
} as const satisfies ProviderEvidence

export const linear = (overrides?: Overrides): Provider => providerOf(facts, overrides)
