import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * X (Twitter), OAuth 2.0.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: a dead token is `invalid_request`. Only its description tells it from a request that is
 *   wrong.
 */
export const facts = {
  id: 'x',
  name: 'X',
  for: 'X (Twitter) apps',
  tokenEndpoint: 'https://api.x.com/2/oauth2/token',
  revocationEndpoint: 'https://api.x.com/2/oauth2/revoke',
  rotation: 'always',
  lifetimes: { accessMs: 7_200_000 },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    dead: {
      status: 400,
      error: 'invalid_request',
      members: { error_description: 'Value passed for the token was invalid.' },
    },
    client: {
      status: 401,
      error: 'unauthorized_client',
      members: { error_description: 'Missing valid authorization header' },
    },
  },
  response: { codes: { 'value passed for the token was invalid': 'invalid_grant' } },
  authorizationRequest: { scope: 'offline.access' },
  missingRefreshToken: 'Ask for the scope offline.access.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTHORIZATION_CODE =
  'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code'
const DOCS_496 = 'https://github.com/plhery/node-twitter-api-v2/issues/496'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: AUTHORIZATION_CODE,
      status: 200,
      body: {
        token_type: 'bearer',
        expires_in: 7200,
        access_token: 'at-2',
        scope: 'tweet.read offline.access',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked, as invalid_request',
      source: DOCS_496,
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'Value passed for the token was invalid.',
      },
      ends: 'rejected',
      reads: { oauthError: 'invalid_grant' },
    },
    {
      title: 'invalid_request of another kind',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'Missing required parameter [client_id].',
      },
      ends: 'refused_after',
    },
    {
      title: 'a wrong client',
      source: 'https://github.com/unasuke/omniauth-twitter2/issues/4',
      status: 401,
      body: {
        error: 'unauthorized_client',
        error_description: 'Missing valid authorization header',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: AUTHORIZATION_CODE,
    revocationEndpoint: AUTHORIZATION_CODE,
    rotation: AUTHORIZATION_CODE,
    lifetimes: AUTHORIZATION_CODE,
    response: DOCS_496,
    wire: [AUTHORIZATION_CODE, DOCS_496],
    authorizationRequest: AUTHORIZATION_CODE,
  },
  aliases: { authJs: ['twitter'], betterAuth: ['twitter'], nango: ['twitter-v2'] },
  notes: ['`https://api.twitter.com/2/oauth2/token` leads to the same server.'],
} as const satisfies ProviderEvidence

export const x = (overrides?: Overrides): Provider => providerOf(facts, overrides)
