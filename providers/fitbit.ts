import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Fitbit.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: no `error`. The first of `errors` has the code as `errorType`, and its message holds the
 *   refresh token.
 */
export const facts = {
  id: 'fitbit',
  name: 'Fitbit',
  for: 'Fitbit Web API',
  tokenEndpoint: 'https://api.fitbit.com/oauth2/token',
  revocationEndpoint: 'https://api.fitbit.com/oauth2/revoke',
  introspectionEndpoint: 'https://api.fitbit.com/1.1/oauth2/introspect',
  rotation: 'always',
  lifetimes: { accessMs: 28_800_000 },
  response: { members: { error: 'errors.0.errorType' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    members: { user_id: 'ABC' },
    answer: { accessToken: 'access_token', refreshToken: 'refresh_token', expiresIn: 'expires_in' },
    dead: {
      status: 400,
      members: {
        success: false,
        errors: [{ errorType: 'invalid_grant', message: 'Refresh token invalid' }],
      },
    },
    client: {
      status: 401,
      members: {
        success: false,
        errors: [{ errorType: 'invalid_client', message: 'Invalid authorization header' }],
      },
    },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKEN = 'https://dev.fitbit.com/build/reference/web-api/authorization/refresh-token/'
const ERROR_MESSAGES =
  'https://dev.fitbit.com/build/reference/web-api/troubleshooting-guide/error-messages/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: REFRESH_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 28_800,
        refresh_token: 'rt-2',
        token_type: 'Bearer',
        user_id: 'ABC',
        scope: 'activity',
      },
      ends: 'granted',
    },
    {
      title: 'a dead token, which the message repeats',
      source: ERROR_MESSAGES,
      status: 400,
      body: {
        errors: [
          {
            errorType: 'invalid_grant',
            message:
              'Refresh token invalid: rt-1. Visit https://dev.fitbit.com/docs/oauth2 for ' +
              'more information.',
          },
        ],
        success: false,
      },
      ends: 'rejected',
      reads: { oauthError: 'invalid_grant' },
    },
    {
      title: 'a wrong client',
      source: ERROR_MESSAGES,
      status: 401,
      body: {
        errors: [{ errorType: 'invalid_client', message: 'Invalid authorization header format.' }],
        success: false,
      },
      ends: 'refused_before',
      reads: { oauthError: 'invalid_client' },
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_TOKEN,
    revocationEndpoint:
      'https://dev.fitbit.com/build/reference/web-api/authorization/revoke-token/',
    introspectionEndpoint:
      'https://dev.fitbit.com/build/reference/web-api/introspection/introspect/',
    rotation: REFRESH_TOKEN,
    lifetimes: REFRESH_TOKEN,
    response: ERROR_MESSAGES,
    wire: [REFRESH_TOKEN, ERROR_MESSAGES],
  },
  aliases: { nango: ['fitbit'] },
  notes: [
    'The message of an error holds the refresh token. This library reads the ' +
      'code only, and logs neither.',
  ],
} as const satisfies ProviderEvidence

export const fitbit = (overrides?: Overrides): Provider => providerOf(facts, overrides)
