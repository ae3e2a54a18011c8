import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Strava.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: no `error`. The first of `errors` names what is wrong: `RefreshToken` or `Application`.
 * - §6: while the access token has more than an hour left, the same one comes back.
 */
export const facts = {
  id: 'strava',
  name: 'Strava',
  for: 'Strava apps',
  tokenEndpoint: 'https://www.strava.com/api/v3/oauth/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 21_600_000 },
  response: { members: { error: 'errors.0.resource' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    answer: { accessToken: 'access_token', refreshToken: 'refresh_token', expiresIn: 'expires_in' },
    dead: {
      status: 400,
      members: {
        message: 'Bad Request',
        errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }],
      },
    },
    client: {
      status: 400,
      members: {
        message: 'Bad Request',
        errors: [{ resource: 'Application', field: 'client_secret', code: 'invalid' }],
      },
    },
  },
  failures: { RefreshToken: 'rejected', Application: 'refused_before' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTHENTICATION = 'https://developers.strava.com/docs/authentication/'
const REFERENCE = 'https://developers.strava.com/docs/reference/#api-models-Fault'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token, which may be the same',
      source: AUTHENTICATION,
      status: 200,
      body: {
        token_type: 'Bearer',
        access_token: 'at-2',
        expires_at: 1_893_456_000,
        expires_in: 20_566,
        refresh_token: 'rt-1',
      },
      ends: 'granted',
    },
    {
      title: 'an older or revoked token',
      source: REFERENCE,
      status: 400,
      body: {
        message: 'Bad Request',
        errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }],
      },
      ends: 'rejected',
      reads: { oauthError: 'RefreshToken' },
    },
    {
      title: 'a wrong secret',
      source: REFERENCE,
      status: 400,
      body: {
        message: 'Bad Request',
        errors: [{ resource: 'Application', field: 'client_secret', code: 'invalid' }],
      },
      ends: 'refused_before',
      reads: { oauthError: 'Application' },
    },
  ],
  sources: {
    tokenEndpoint: AUTHENTICATION,
    revocationEndpoint: AUTHENTICATION,
    clientAuthentication: AUTHENTICATION,
    rotation: AUTHENTICATION,
    keptAs: AUTHENTICATION,
    lifetimes: AUTHENTICATION,
    response: REFERENCE,
    wire: [AUTHENTICATION, REFERENCE],
    failures: REFERENCE,
  },
  aliases: { authJs: ['strava'], nango: ['strava', 'strava-web'] },
  notes: ['`/oauth/deauthorize` takes an access token, and is no endpoint of RFC 7009.'],
} as const satisfies ProviderEvidence

export const strava = (overrides?: Overrides): Provider => providerOf(facts, overrides)
