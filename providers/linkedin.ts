import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * LinkedIn, for partners with programmatic refresh tokens.
 *
 * The refresh token lives for a year from the day of authorization, however often it is used.
 */
export const facts = {
  id: 'linkedin',
  name: 'LinkedIn',
  for: 'LinkedIn partners with programmatic refresh tokens',
  tokenEndpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
  introspectionEndpoint: 'https://www.linkedin.com/oauth/v2/introspectToken',
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  lifetimes: { accessMs: 60 * DAY_MS, refreshMs: 365 * DAY_MS },
  wire: { expiresIn: 'number', members: { refresh_token_expires_in: 439_200 } },
  missingRefreshToken: 'LinkedIn gives refresh tokens to approved partners only.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const PROGRAMMATIC_REFRESH_TOKENS =
  'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with the time that is left of the refresh token',
      source: PROGRAMMATIC_REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 86_400,
        refresh_token: 'rt-2',
        refresh_token_expires_in: 439_200,
      },
      ends: 'granted',
    },
    {
      title: 'expired or revoked',
      source: PROGRAMMATIC_REFRESH_TOKENS,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'The provided authorization grant or refresh token is invalid, expired or revoked.',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret',
      source:
        'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow',
      status: 401,
      body: { error: 'invalid_client', error_description: 'Client authentication failed' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: PROGRAMMATIC_REFRESH_TOKENS,
    introspectionEndpoint:
      'https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection',
    clientAuthentication: PROGRAMMATIC_REFRESH_TOKENS,
    rotation: PROGRAMMATIC_REFRESH_TOKENS,
    lifetimes: PROGRAMMATIC_REFRESH_TOKENS,
    wire: PROGRAMMATIC_REFRESH_TOKENS,
  },
  aliases: { authJs: ['linkedin'], betterAuth: ['linkedin'], nango: ['linkedin'] },
  notes: [
    'LinkedIn may revoke refresh and access tokens at any time for technical ' +
      'or policy reasons: let the user sign in again.',
  ],
} as const satisfies ProviderEvidence

export const linkedin = (overrides?: Overrides): Provider => providerOf(facts, overrides)
