import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Zoho, in the data centre of the user.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: errors have status 200: a dead token is `invalid_code`, too many requests are `Access
 *   Denied`.
 * - §5.1: old answers tell `expires_in` in milliseconds, and the seconds as `expires_in_sec`.
 */
export const facts = {
  id: 'zoho',
  name: 'Zoho',
  for: 'Zoho CRM, Books, Desk, Mail and the other Zoho products',
  parameters: {
    accounts: {
      is: 'name',
      pattern:
        'accounts\\.zoho\\.(?:com|eu|in|com\\.au|jp|sa|com\\.cn|uk)|accounts\\.zohocloud\\.ca',
      example: 'accounts.zoho.com',
    },
  },
  tokenEndpoint: 'https://{accounts}/oauth/v2/token',
  revocationEndpoint: 'https://{accounts}/oauth/v2/token/revoke',
  clientAuthentication: 'client_secret_post',
  rotation: 'never',
  keptAs: 'absent',
  reuse: 'accepted',
  lifetimes: { accessMs: 3_600_000, refreshMs: null },
  response: { members: { expires_in: ['expires_in_sec', 'expires_in'] } },
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    answer: {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error',
    },
    dead: { status: 200, error: 'invalid_code' },
    client: { status: 200, error: 'invalid_client' },
  },
  failures: {
    invalid_code: 'rejected',
    invalid_client_secret: 'refused_before',
    'Access Denied': 'deferred',
  },
  authorizationRequest: { prompt: 'consent', parameters: { access_type: 'offline' } },
  missingRefreshToken:
    'Send access_type=offline, and prompt=consent if the user has allowed the client before.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH = 'https://www.zoho.com/crm/developer/docs/api/v8/refresh.html'
const TOKEN_VALIDITY = 'https://www.zoho.com/crm/developer/docs/api/v8/token-validity.html'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: REFRESH,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        api_domain: 'https://www.zohoapis.com',
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'milliseconds, with the seconds beside them',
      source: TOKEN_VALIDITY,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3_600_000,
        expires_in_sec: 3600,
        api_domain: 'https://www.zohoapis.com',
        token_type: 'Bearer',
      },
      ends: 'granted',
      reads: { expiresInMs: 3_600_000 },
    },
    {
      title: 'a revoked token, or one of another data centre, with status 200',
      source: TOKEN_VALIDITY,
      status: 200,
      body: { error: 'invalid_code' },
      ends: 'rejected',
    },
    {
      title: 'more than 10 access tokens in 10 minutes',
      source: TOKEN_VALIDITY,
      status: 200,
      body: {
        error_description:
          'You have made too many requests continuously. Please try again after some time.',
        error: 'Access Denied',
        status: 'failure',
      },
      ends: 'deferred',
    },
    {
      title: 'the same with status 400',
      source: TOKEN_VALIDITY,
      status: 400,
      body: { error: 'Access Denied', status: 'failure' },
      ends: 'deferred',
    },
    {
      title: 'an unknown client, with status 200',
      source: REFRESH,
      status: 200,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
    {
      title: 'a wrong secret, with status 200',
      source: REFRESH,
      status: 200,
      body: { error: 'invalid_client_secret' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: [REFRESH, 'https://www.zoho.com/crm/developer/docs/api/v8/multi-dc.html'],
    revocationEndpoint: 'https://www.zoho.com/crm/developer/docs/api/v8/revoke-tokens.html',
    clientAuthentication: REFRESH,
    rotation: TOKEN_VALIDITY,
    keptAs: REFRESH,
    reuse: TOKEN_VALIDITY,
    lifetimes: TOKEN_VALIDITY,
    response: TOKEN_VALIDITY,
    wire: [REFRESH, TOKEN_VALIDITY],
    failures: [TOKEN_VALIDITY, REFRESH],
    authorizationRequest: 'https://www.zoho.com/crm/developer/docs/api/v8/auth-request.html',
  },
  limits: [
    {
      what: 'access tokens',
      per: 'refresh token',
      max: 10,
      withinMs: 600_000,
      then: 'Zoho answers "Access Denied" until the ten minutes are over.',
      source: TOKEN_VALIDITY,
    },
    {
      what: 'live access tokens',
      per: 'refresh token',
      max: 15,
      then: 'The oldest ends when one more is made.',
      source: TOKEN_VALIDITY,
    },
    {
      what: 'live refresh tokens',
      per: 'user',
      max: 20,
      then: 'The first one ends when one more is made.',
      source: TOKEN_VALIDITY,
    },
  ],
  aliases: {
    authJs: ['zoho'],
    nango: [
      'zoho',
      'zoho-bigin',
      'zoho-books',
      'zoho-calendar',
      'zoho-crm',
      'zoho-desk',
      'zoho-inventory',
      'zoho-invoice',
      'zoho-mail',
      'zoho-people',
      'zoho-recruit',
    ],
  },
  notes: [
    'The answer to a sign-in names the host as `accounts-server`: store it ' +
      'beside the tokens. A token is refreshed in its own data centre only.',
  ],
} as const satisfies ProviderEvidence

/**
 * @param options `accounts`: The host of the data centre: `accounts.zoho.com`, `.eu`, `.in`,
 *   `.com.au`, `.jp`, `.sa`, `.uk` or `.com.cn`, or `accounts.zohocloud.ca`.
 */
export const zoho = (options: { accounts: string } & Overrides): Provider =>
  providerOf(facts, options)
