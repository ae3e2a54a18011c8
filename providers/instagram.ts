import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Instagram: a long-lived access token is exchanged for another one.
 *
 * There are no refresh tokens. Keep the access token as `refreshToken`, too.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is a GET, so the token is in the address. No client is sent.
 * - §5.2: the error is an object with a number, `error.code`.
 */
export const facts = {
  id: 'instagram',
  name: 'Instagram',
  for: 'Instagram API with long-lived tokens',
  tokenEndpoint: 'https://graph.instagram.com/refresh_access_token',
  revocationEndpoint: null,
  clientAuthentication: 'none',
  rotation: 'sometimes',
  lifetimes: { refreshIdleMs: 60 * DAY_MS },
  played: { rotation: 'always' },
  request: {
    method: 'GET',
    format: 'query',
    names: { refresh_token: 'access_token', client_id: null },
    parameters: { grant_type: 'ig_refresh_token' },
  },
  response: { members: { refresh_token: ['refresh_token', 'access_token'], error: 'error.code' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    carry: { query: 'access_token' },
    answer: {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error.code',
    },
    dead: { status: 400, error: '190' },
    client: { status: 400, error: '101' },
  },
  failures: { '190': 'rejected', '101': 'refused_before' },
  missingRefreshToken:
    'Exchange the token of the sign-in for a long-lived one, and keep it as refreshToken.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const BUSINESS_LOGIN =
  'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login'
const ERROR_HANDLING = 'https://developers.facebook.com/docs/graph-api/guides/error-handling'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'another long-lived token, which is the next to be exchanged',
      source: BUSINESS_LOGIN,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 5_183_944 },
      ends: 'granted',
      reads: { refreshToken: 'at-2' },
    },
    {
      title: 'the token expired, or the user withdrew',
      source: ERROR_HANDLING,
      status: 400,
      body: {
        error: {
          message: 'Error validating access token',
          type: 'OAuthException',
          code: 190,
          fbtrace_id: 'x',
        },
      },
      ends: 'rejected',
      reads: { oauthError: '190' },
    },
    {
      title: 'an unknown client',
      source: ERROR_HANDLING,
      status: 400,
      body: {
        error: {
          message: 'Error validating application.',
          type: 'OAuthException',
          code: 101,
          fbtrace_id: 'x',
        },
      },
      ends: 'refused_before',
      reads: { oauthError: '101' },
    },
  ],
  sources: {
    tokenEndpoint: BUSINESS_LOGIN,
    revocationEndpoint: BUSINESS_LOGIN,
    clientAuthentication: BUSINESS_LOGIN,
    rotation: BUSINESS_LOGIN,
    lifetimes: BUSINESS_LOGIN,
    request: BUSINESS_LOGIN,
    response: [BUSINESS_LOGIN, ERROR_HANDLING],
    wire: [BUSINESS_LOGIN, ERROR_HANDLING],
    failures: ERROR_HANDLING,
  },
  aliases: { authJs: ['instagram'], nango: ['instagram'] },
  notes: ['A token must be 24 hours old, and not expired.'],
} as const satisfies ProviderEvidence

export const instagram = (overrides?: Overrides): Provider => providerOf(facts, overrides)
