import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Auth0.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: a dead token is `invalid_grant` with status 403.
 */
export const facts = {
  id: 'auth0',
  name: 'Auth0',
  for: 'Auth0 tenants',
  parameters: { domain: { is: 'url', example: 'https://acme.eu.auth0.com' } },
  issuer: '{domain}/',
  tokenEndpoint: '{domain}/oauth/token',
  revocationEndpoint: '{domain}/oauth/revoke',
  introspectionEndpoint: null,
  clientAuthentication: 'client_secret_post',
  // `rotation_type` of the application: `rotating` or `non-rotating`.
  rotation: 'sometimes',
  keptAs: 'absent',
  // Outside of the overlap period, which is off by default.
  reuse: 'revokes',
  reuseEffect: 'grant',
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    dead: {
      status: 403,
      error: 'invalid_grant',
      members: { error_description: 'Unknown or invalid refresh token.' },
    },
    client: { status: 401, error: 'access_denied', members: { error_description: 'Unauthorized' } },
  },
  failures: { '401 access_denied': 'refused_before', mfa_required: 'rejected' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and turn "Allow Offline Access" of the API on.',
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const USE_REFRESH_TOKENS = 'https://auth0.com/docs/secure/tokens/refresh-tokens/use-refresh-tokens'
const REFRESH_TOKEN_ROTATION =
  'https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation'
const TROUBLESHOOT_REFRESH_TOKEN_U =
  'https://support.auth0.com/center/s/article/troubleshoot-refresh-token-unknown-or-invalid-before-expiry-403-unknown-or-invalid-refresh-token'
const DOCS_582 = 'https://github.com/auth0/node-auth0/issues/582'
const CONFIGURE_REFRESH_TOKEN_ROTA =
  'https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'rotation is off: the old one is kept',
      source: USE_REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        id_token: 'x',
        expires_in: 86_400,
        scope: 'openid offline_access',
        token_type: 'Bearer',
      },
      ends: 'granted',
      reads: { idToken: null },
    },
    {
      title: 'rotation is on: a new one',
      source: REFRESH_TOKEN_ROTATION,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        expires_in: 86_400,
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked, with status 403',
      source: TROUBLESHOOT_REFRESH_TOKEN_U,
      status: 403,
      body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      ends: 'rejected',
    },
    {
      title: 'an Action wants a second factor',
      source: USE_REFRESH_TOKENS,
      status: 403,
      body: {
        error: 'mfa_required',
        error_description: 'Multifactor authentication required',
        mfa_token: 'm-1',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret',
      source: DOCS_582,
      status: 401,
      body: { error: 'access_denied', error_description: 'Unauthorized' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn: 'https://auth0.com/docs/authenticate/login/configure-silent-authentication',
    issuer: USE_REFRESH_TOKENS,
    tokenEndpoint: USE_REFRESH_TOKENS,
    revocationEndpoint: 'https://auth0.com/docs/secure/tokens/refresh-tokens/revoke-refresh-tokens',
    introspectionEndpoint: USE_REFRESH_TOKENS,
    clientAuthentication: USE_REFRESH_TOKENS,
    rotation: REFRESH_TOKEN_ROTATION,
    keptAs: USE_REFRESH_TOKENS,
    reuse: REFRESH_TOKEN_ROTATION,
    reuseEffect: REFRESH_TOKEN_ROTATION,
    wire: [USE_REFRESH_TOKENS, TROUBLESHOOT_REFRESH_TOKEN_U],
    'failures.401 access_denied': DOCS_582,
    'failures.mfa_required': USE_REFRESH_TOKENS,
    authorizationRequest: USE_REFRESH_TOKENS,
  },
  limits: [
    {
      what: 'live refresh tokens',
      per: 'user and application',
      max: 200,
      then: 'The oldest are removed, and no message says so.',
      source: TROUBLESHOOT_REFRESH_TOKEN_U,
    },
  ],
  variants: [
    {
      when: 'the application rotates, by default',
      lifetimes: { refreshMs: 2_592_000_000 },
      says: 'Rotation does not put the end off.',
      source: CONFIGURE_REFRESH_TOKEN_ROTA,
    },
    {
      when: 'an overlap period is set',
      says:
        'The token just before is accepted for so many seconds, and each use makes ' +
        'a new one. One that is older is reuse. Tell it: `reuse: { acceptedForMs ' +
        '}`.',
      source: CONFIGURE_REFRESH_TOKEN_ROTA,
    },
  ],
  aliases: { authJs: ['auth0'], nango: ['auth0'] },
  notes: ['A public client passes `clientAuthentication: "none"`.'],
} as const satisfies ProviderEvidence

/**
 * @param options `domain`: `https://acme.eu.auth0.com`, or your own domain, without a slash at its
 *   end.
 */
export const auth0 = (options: { domain: string } & Overrides): Provider =>
  providerOf(facts, options)
