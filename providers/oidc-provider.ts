import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * A server made with `oidc-provider` (panva), in its default configuration.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: `invalid_target` comes after the token was consumed.
 */
export const facts = {
  id: 'oidc-provider',
  name: 'oidc-provider',
  for: 'servers made with oidc-provider',
  parameters: { issuer: { is: 'url', example: 'https://id.example.com' } },
  issuer: '{issuer}',
  // Public clients: at each use. Others: past 70 % of the token's lifetime.
  rotation: 'sometimes',
  keptAs: 'echoed',
  reuse: 'revokes',
  reuseEffect: 'grant',
  oldAccessToken: 'lives',
  validates: 'after_consuming',
  audiences: ['resource'],
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access', prompt: 'consent' },
  missingRefreshToken: 'Ask for the scope offline_access with prompt=consent.',
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKEN =
  'https://github.com/panva/node-oidc-provider/blob/main/lib/actions/grants/refresh_token.js'
const ERRORS = 'https://github.com/panva/node-oidc-provider/blob/main/lib/helpers/errors.js'
const README = 'https://github.com/panva/node-oidc-provider/blob/main/docs/README.md'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new one',
      source: REFRESH_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        token_type: 'Bearer',
        scope: 'openid offline_access',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'the same one comes back',
      source: REFRESH_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        token_type: 'Bearer',
        scope: 'openid offline_access',
        refresh_token: 'rt-1',
      },
      ends: 'granted',
    },
    {
      title: 'spent, revoked or expired',
      source: ERRORS,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'grant request is invalid' },
      ends: 'rejected',
    },
    {
      title: 'an audience that it does not know, when the token is spent',
      source: REFRESH_TOKEN,
      status: 400,
      body: {
        error: 'invalid_target',
        error_description: 'resource indicator is missing, or unknown',
      },
      ends: 'refused_after',
      presented: { resource: 'https://other.example.com/' },
    },
    {
      title: 'a wrong client',
      source: ERRORS,
      status: 401,
      body: { error: 'invalid_client', error_description: 'client authentication failed' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn:
      'https://github.com/panva/node-oidc-provider/blob/main/lib/actions/authorization/check_prompt.js',
    issuer: README,
    rotation: 'https://github.com/panva/node-oidc-provider/blob/main/lib/helpers/defaults.js',
    keptAs: REFRESH_TOKEN,
    reuse: REFRESH_TOKEN,
    reuseEffect: REFRESH_TOKEN,
    oldAccessToken: REFRESH_TOKEN,
    validates: REFRESH_TOKEN,
    audiences: README,
    wire: REFRESH_TOKEN,
    authorizationRequest: README,
  },
  variants: [
    {
      when: 'the server has the default settings',
      lifetimes: { accessMs: 3_600_000, refreshIdleMs: 1_209_600_000 },
      says: 'Tokens are replaced for a year at the most.',
      source: README,
    },
  ],
  notes: ['Two requests with one token at exactly the same time may both succeed.'],
} as const satisfies ProviderEvidence

/** @param options `issuer`: As the metadata writes it, to the last slash. */
export const oidcProvider = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
