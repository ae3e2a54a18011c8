import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Ory Hydra and Ory Network.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: two requests with one token at once bring `invalid_request` with the words "Please retry
 *   the request": one of them may have spent the token.
 */
export const facts = {
  id: 'ory-hydra',
  name: 'Ory Hydra',
  for: 'Ory Hydra and Ory Network',
  parameters: { issuer: { is: 'url', example: 'https://acme.projects.oryapis.com' } },
  issuer: '{issuer}',
  tokenEndpoint: '{issuer}/oauth2/token',
  revocationEndpoint: '{issuer}/oauth2/revoke',
  introspectionEndpoint: null,
  rotation: 'always',
  // Outside of `rotation_grace_period`, which is 0 by default.
  reuse: 'revokes',
  reuseEffect: 'grant',
  // In the strict mode. With a grace period only the one that came with the token dies.
  oldAccessToken: 'dies',
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  response: { codes: { 'please retry the request': 'concurrent_refresh' } },
  failures: {
    concurrent_refresh: 'unknown',
    invalid_scope: 'refused_before',
    invalid_target: 'refused_before',
  },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access (or offline), and grant it in the consent.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const FLOW_REFRESH =
  'https://github.com/ory/hydra/blob/master/fosite/handler/oauth2/flow_refresh.go'
const CONFIG_JSON = 'https://github.com/ory/hydra/blob/master/spec/config.json'
const PERSISTER_OAUTH2 =
  'https://github.com/ory/hydra/blob/master/persistence/sql/persister_oauth2.go'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: FLOW_REFRESH,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3599,
        refresh_token: 'rt-2',
        scope: 'offline_access',
        token_type: 'bearer',
      },
      ends: 'granted',
    },
    {
      title: 'spent',
      source: FLOW_REFRESH,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'The provided authorization grant is invalid. The refresh token was already used.',
      },
      ends: 'rejected',
    },
    {
      title: 'several requests at once with the same token',
      source: FLOW_REFRESH,
      status: 400,
      body: {
        error: 'invalid_request',
        error_description:
          'Failed to refresh token because of multiple concurrent requests using the ' +
          'same token. Please retry the request.',
      },
      ends: 'unknown',
      reads: { oauthError: 'concurrent_refresh' },
    },
    {
      title: 'a scope that the client lost, before the token is spent',
      source: FLOW_REFRESH,
      status: 400,
      body: {
        error: 'invalid_scope',
        error_description: "The OAuth 2.0 Client is not allowed to request scope 'a'.",
      },
      ends: 'refused_before',
    },
    {
      title: 'a wrong client',
      source: 'https://github.com/ory/hydra/blob/master/fosite/errors.go',
      status: 401,
      body: { error: 'invalid_client', error_description: 'Client authentication failed.' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn: 'https://github.com/ory/hydra/blob/master/consent/strategy_default.go',
    issuer: CONFIG_JSON,
    tokenEndpoint: CONFIG_JSON,
    revocationEndpoint: CONFIG_JSON,
    introspectionEndpoint: CONFIG_JSON,
    rotation: FLOW_REFRESH,
    reuse: FLOW_REFRESH,
    reuseEffect: PERSISTER_OAUTH2,
    oldAccessToken: PERSISTER_OAUTH2,
    validates: FLOW_REFRESH,
    wire: FLOW_REFRESH,
    response: FLOW_REFRESH,
    failures: FLOW_REFRESH,
    authorizationRequest: FLOW_REFRESH,
  },
  variants: [
    {
      when: 'the server has the default settings',
      lifetimes: { accessMs: 3_600_000, refreshIdleMs: 2_592_000_000 },
      source: CONFIG_JSON,
    },
    {
      when: '`rotation_grace_period` is set',
      says:
        'A spent token is accepted for so long after its first use, and each use ' +
        'makes another pair. Tell it: `reuse: { acceptedForMs }`.',
      source: FLOW_REFRESH,
    },
  ],
  aliases: { authJs: ['ory-hydra'] },
  notes: ['Introspection is an endpoint of the admin API, which clients do not reach.'],
} as const satisfies ProviderEvidence

/** @param options `issuer`: As the metadata writes it, without a slash at its end. */
export const oryHydra = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
