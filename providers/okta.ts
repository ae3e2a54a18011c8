import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Okta, the org's or a custom authorization server.
 *
 * `STATIC` brings the same refresh token again, `ROTATE` a new one.
 */
export const facts = {
  id: 'okta',
  name: 'Okta',
  for: 'Okta orgs',
  parameters: { issuer: { is: 'url', example: 'https://acme.okta.com/oauth2/default' } },
  issuer: '{issuer}',
  tokenEndpoint: '{issuer}/v1/token',
  revocationEndpoint: '{issuer}/v1/revoke',
  introspectionEndpoint: '{issuer}/v1/introspect',
  rotation: 'sometimes',
  keptAs: 'echoed',
  // Outside of the leeway, which the application sets: 0 to 60 seconds, 30 by default.
  reuse: 'revokes',
  reuseEffect: 'grant',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and allow the grant type Refresh Token ' +
    'of the application.',
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const MAIN = 'https://developer.okta.com/docs/guides/refresh-tokens/main/'
const CUSTOMAS = 'https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'STATIC: the same one comes back',
      source: MAIN,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'offline_access openid',
        refresh_token: 'rt-1',
      },
      ends: 'granted',
    },
    {
      title: 'ROTATE: a new one',
      source: MAIN,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'offline_access openid',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: CUSTOMAS,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'The refresh token is invalid or expired.',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret',
      source: CUSTOMAS,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'The client secret supplied for a confidential client is invalid.',
      },
      ends: 'refused_before',
    },
    {
      title: 'too many requests',
      source: 'https://developer.okta.com/docs/reference/rl-best-practices/',
      status: 429,
      body: {
        errorCode: 'E0000047',
        errorSummary: 'API call exceeded rate limit due to too many requests.',
      },
      ends: 'deferred',
    },
  ],
  sources: {
    silentSignIn: 'https://developer.okta.com/docs/reference/api/oidc/',
    issuer: CUSTOMAS,
    tokenEndpoint: MAIN,
    revocationEndpoint: CUSTOMAS,
    introspectionEndpoint: CUSTOMAS,
    rotation: MAIN,
    keptAs: MAIN,
    reuse: MAIN,
    reuseEffect: MAIN,
    lifetimes: MAIN,
    wire: MAIN,
    authorizationRequest: MAIN,
  },
  variants: [
    {
      when: 'the application has ROTATE and a leeway (30 seconds by default)',
      reuse: { acceptedForMs: 30_000 },
      says: 'Tell yours: `reuse: { acceptedForMs: 30_000 }`.',
      source: MAIN,
    },
    {
      when: 'the policy of the authorization server is the default one',
      lifetimes: { refreshIdleMs: 604_800_000 },
      source: CUSTOMAS,
    },
  ],
  aliases: { authJs: ['okta'], nango: ['okta'] },
  notes: [
    'A refresh that sends a scope must send `offline_access` with it, or no ' +
      'refresh token comes.',
  ],
} as const satisfies ProviderEvidence

/**
 * @param options `issuer`: `https://acme.okta.com` for the authorization server of the org needs
 *   `/oauth2` at its end here; a custom one ends in `/oauth2/<id>`.
 */
export const okta = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
