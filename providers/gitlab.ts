import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * GitLab.com and self-managed GitLab.
 *
 * A refresh ends the old access token with the old refresh token.
 */
export const facts = {
  id: 'gitlab',
  name: 'GitLab',
  for: 'GitLab.com and self-managed GitLab',
  parameters: { origin: { is: 'url', example: 'https://gitlab.com' } },
  issuer: '{origin}',
  tokenEndpoint: '{origin}/oauth/token',
  revocationEndpoint: '{origin}/oauth/revoke',
  introspectionEndpoint: '{origin}/oauth/introspect',
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  // "Invalidates the existing access_token and refresh_token."
  oldAccessToken: 'dies',
  // Doorkeeper, in a table without `previous_refresh_token`: the old row is revoked at once.
  reuse: 'refused',
  reuseEffect: 'error',
  validates: 'before_consuming',
  lifetimes: { accessMs: 7_200_000 },
  wire: { expiresIn: 'number' },
  silentSignIn: true,
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH2 = 'https://docs.gitlab.com/api/oauth2/'
const REFRESH_TOKEN_REQUEST =
  'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/oauth/refresh_token_request.rb'
const STRUCTURE = 'https://gitlab.com/gitlab-org/gitlab/-/blob/master/db/structure.sql'
const OPENID_CONFIGURATION = 'https://gitlab.com/.well-known/openid-configuration'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: OAUTH2,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 7200,
        refresh_token: 'rt-2',
        created_at: 1_628_711_391,
      },
      ends: 'granted',
    },
    {
      title: 'spent, revoked or unknown',
      source:
        'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/oauth/refresh_token_request.rb',
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
      title: 'a wrong client',
      source: 'https://github.com/doorkeeper-gem/doorkeeper/blob/main/config/locales/en.yml',
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
    silentSignIn:
      'https://github.com/doorkeeper-gem/doorkeeper-openid_connect/blob/master/lib/doorkeeper/openid_connect/helpers/controller.rb',
    issuer: OPENID_CONFIGURATION,
    tokenEndpoint: OAUTH2,
    revocationEndpoint: OAUTH2,
    introspectionEndpoint: OPENID_CONFIGURATION,
    clientAuthentication: OAUTH2,
    rotation: OAUTH2,
    oldAccessToken: OAUTH2,
    reuse: [STRUCTURE, REFRESH_TOKEN_REQUEST],
    reuseEffect: REFRESH_TOKEN_REQUEST,
    validates: REFRESH_TOKEN_REQUEST,
    lifetimes: OAUTH2,
    wire: OAUTH2,
  },
  aliases: { authJs: ['gitlab'], betterAuth: ['gitlab'], nango: ['gitlab', 'gitlab-group-token'] },
  notes: [
    'The documentation sends `redirect_uri` with a refresh. If your server ' +
      'wants it: `request: { parameters: { redirect_uri } }`.',
    'A client with PKCE and without a secret passes `clientAuthentication: "none"`.',
  ],
} as const satisfies ProviderEvidence

/**
 * @param options `origin`: `https://gitlab.com`, or the address of your own GitLab, without a slash
 *   at its end.
 */
export const gitlab = (options: { origin: string } & Overrides): Provider =>
  providerOf(facts, options)
