import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * A server made with the Ruby gem Doorkeeper.
 *
 * Where its table has the column `previous_refresh_token`, a refresh token lives until the new
 * access token is first used. Else it is dead at once.
 */
export const facts = {
  id: 'doorkeeper',
  name: 'Doorkeeper',
  for: 'servers made with Doorkeeper',
  parameters: { origin: { is: 'url', example: 'https://app.example.com' } },
  tokenEndpoint: '{origin}/oauth/token',
  revocationEndpoint: '{origin}/oauth/revoke',
  introspectionEndpoint: '{origin}/oauth/introspect',
  rotation: 'always',
  reuseEffect: 'error',
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  failures: { invalid_scope: 'refused_before' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKEN_REQUEST =
  'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/oauth/refresh_token_request.rb'
const EN_YML = 'https://github.com/doorkeeper-gem/doorkeeper/blob/main/config/locales/en.yml'
const ROUTES =
  'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/rails/routes.rb'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: REFRESH_TOKEN_REQUEST,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 7200,
        refresh_token: 'rt-2',
        scope: 'read',
        created_at: 1_628_711_391,
      },
      ends: 'granted',
    },
    {
      title: 'spent, revoked or unknown',
      source: EN_YML,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'The provided authorization grant is invalid, expired, revoked, does not ' +
          'match the redirection URI used in the authorization request, or was ' +
          'issued to another client.',
      },
      ends: 'rejected',
    },
    {
      title: 'a scope that was not granted, before the token is spent',
      source: EN_YML,
      status: 400,
      body: {
        error: 'invalid_scope',
        error_description: 'The requested scope is invalid, unknown, or malformed.',
      },
      ends: 'refused_before',
    },
    {
      title: 'a wrong client',
      source: EN_YML,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description:
          'Client authentication failed due to unknown client, no client ' +
          'authentication included, or unsupported authentication method.',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: ROUTES,
    revocationEndpoint: ROUTES,
    introspectionEndpoint: ROUTES,
    rotation: REFRESH_TOKEN_REQUEST,
    reuseEffect: REFRESH_TOKEN_REQUEST,
    validates: REFRESH_TOKEN_REQUEST,
    wire: REFRESH_TOKEN_REQUEST,
    failures: REFRESH_TOKEN_REQUEST,
  },
  variants: [
    {
      when: 'the table has the column previous_refresh_token',
      reuse: 'until_successor_used',
      says: 'Tell it: `reuse: "until_successor_used"`.',
      source: REFRESH_TOKEN_REQUEST,
    },
    {
      when: 'the server has the default settings',
      lifetimes: { accessMs: 7_200_000 },
      source: 'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/config.rb',
    },
  ],
} as const satisfies ProviderEvidence

/** @param options `origin`: The server's origin, with the path before `/oauth` if there is one. */
export const doorkeeper = (options: { origin: string } & Overrides): Provider =>
  providerOf(facts, options)
