import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Facebook Login: a long-lived access token is exchanged for another one.
 *
 * There are no refresh tokens. Keep the access token as `refreshToken`, too: the exchange presents
 * it as `fb_exchange_token`.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is a GET, so token and secret are in the address.
 * - §5.2: the error is an object with a number, `error.code`.
 */
export const facts = {
  id: 'facebook',
  name: 'Facebook',
  for: 'Facebook Login, Pages and Marketing API',
  tokenEndpoint: 'https://graph.facebook.com/oauth/access_token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  lifetimes: { refreshIdleMs: 60 * DAY_MS },
  played: { rotation: 'always' },
  request: {
    method: 'GET',
    format: 'query',
    names: { refresh_token: 'fb_exchange_token' },
    parameters: { grant_type: 'fb_exchange_token' },
  },
  response: { members: { refresh_token: ['refresh_token', 'access_token'], error: 'error.code' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    answer: {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error.code',
    },
    dead: { status: 400, error: '190' },
    client: { status: 400, error: '101' },
  },
  failures: { '190': 'rejected', '101': 'refused_before', '1': 'unknown', '4': 'deferred' },
  missingRefreshToken:
    'Exchange the token of the sign-in for a long-lived one, and keep it as refreshToken.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const GET_LONG_LIVED =
  'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived'
const ERROR_HANDLING = 'https://developers.facebook.com/docs/graph-api/guides/error-handling'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'another long-lived token, which is the next to be exchanged',
      source: GET_LONG_LIVED,
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
          error_subcode: 463,
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
    {
      title: 'too many calls of the app',
      source: ERROR_HANDLING,
      status: 400,
      body: {
        error: {
          message: 'Application request limit reached',
          type: 'OAuthException',
          code: 4,
          fbtrace_id: 'x',
        },
      },
      ends: 'deferred',
      reads: { oauthError: '4' },
    },
  ],
  sources: {
    tokenEndpoint: GET_LONG_LIVED,
    revocationEndpoint: GET_LONG_LIVED,
    clientAuthentication: GET_LONG_LIVED,
    rotation: GET_LONG_LIVED,
    lifetimes: GET_LONG_LIVED,
    request: GET_LONG_LIVED,
    response: [GET_LONG_LIVED, ERROR_HANDLING],
    wire: [GET_LONG_LIVED, ERROR_HANDLING],
    failures: ERROR_HANDLING,
  },
  aliases: {
    authJs: ['facebook'],
    betterAuth: ['facebook'],
    nango: ['facebook', 'meta-marketing-api'],
  },
  notes: ['An expired token cannot be exchanged: renew it while it is good.'],
} as const satisfies ProviderEvidence

export const facebook = (overrides?: Overrides): Provider => providerOf(facts, overrides)
