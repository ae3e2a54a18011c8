import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Reddit, permanent tokens. */
export const facts = {
  id: 'reddit',
  name: 'Reddit',
  for: 'Reddit apps',
  tokenEndpoint: 'https://www.reddit.com/api/v1/access_token',
  revocationEndpoint: 'https://www.reddit.com/api/v1/revoke_token',
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  failures: { '401': 'refused_before' },
  authorizationRequest: { parameters: { duration: 'permanent' } },
  missingRefreshToken: 'Send duration=permanent.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH2 = 'https://github.com/reddit-archive/reddit/wiki/OAuth2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: OAUTH2,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 3600, scope: 'identity' },
      ends: 'granted',
    },
    {
      title: 'revoked, as RFC 6749 has it',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client: a 401 without a code',
      source: OAUTH2,
      status: 401,
      body: { message: 'Unauthorized', error: 401 },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH2,
    revocationEndpoint: OAUTH2,
    clientAuthentication: OAUTH2,
    rotation: OAUTH2,
    lifetimes: OAUTH2,
    wire: OAUTH2,
    failures: OAUTH2,
    authorizationRequest: OAUTH2,
  },
  variants: [
    {
      when: 'Reddit runs the code that it has published',
      reuse: 'accepted',
      says: 'A refresh then touches no refresh token. Tell it: `reuse: "accepted"`.',
      source: 'https://github.com/reddit-archive/reddit/blob/master/r2/r2/controllers/oauth2.py',
    },
  ],
  aliases: { authJs: ['reddit'], betterAuth: ['reddit'], nango: ['reddit'] },
  notes: [
    'Reddit wants a `User-Agent` that names the app: `request: { headers: { ' +
      '"user-agent": … } }`.',
  ],
} as const satisfies ProviderEvidence

export const reddit = (overrides?: Overrides): Provider => providerOf(facts, overrides)
