import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * User access tokens of a GitHub App that expire.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: errors come with status 200.
 * - §5.2: a dead token is `bad_refresh_token`, a wrong client `incorrect_client_credentials`.
 * - §5.1: without `Accept: application/json` the answer is a form.
 */
export const facts = {
  id: 'github-app',
  name: 'GitHub Apps',
  for: 'user access tokens of GitHub Apps',
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  oldAccessToken: 'dies',
  lifetimes: { accessMs: 28_800_000, refreshIdleMs: 184 * DAY_MS },
  request: { headers: { accept: 'application/json' } },
  wire: {
    tokenType: 'bearer',
    expiresIn: 'number',
    members: { refresh_token_expires_in: 15_897_600, scope: '' },
    dead: {
      status: 200,
      error: 'bad_refresh_token',
      members: { error_description: 'The refresh token passed is incorrect or expired.' },
    },
    client: { status: 200, error: 'incorrect_client_credentials' },
  },
  failures: { bad_refresh_token: 'rejected', incorrect_client_credentials: 'refused_before' },
  missingRefreshToken:
    'Turn "User-to-server token expiration" on in the optional features of the ' +
    'GitHub App. An OAuth App gives no refresh tokens.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESHING_USER_ACCESS_TOKEN =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens'
const DOCS_262 = 'https://github.com/interlink-hq/interLink/pull/262'
const TROUBLESHOOTING_OAUTH_APP_AC =
  'https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, with the lifetimes of both',
      source: REFRESHING_USER_ACCESS_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 28_800,
        refresh_token: 'rt-2',
        refresh_token_expires_in: 15_897_600,
        scope: '',
        token_type: 'bearer',
      },
      ends: 'granted',
    },
    {
      title: 'the same as a form',
      source: REFRESHING_USER_ACCESS_TOKEN,
      status: 200,
      body:
        'access_token=at-2&expires_in=28800&refresh_token=rt-2&refresh_token_expire' +
        's_in=15897600&scope=&token_type=bearer',
      ends: 'granted',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      reads: {
        accessToken: 'at-2',
        refreshToken: 'rt-2',
        tokenType: 'bearer',
        expiresInMs: 28_800_000,
      },
    },
    {
      title: 'a spent or expired token, with status 200',
      source: DOCS_262,
      status: 200,
      body: {
        error: 'bad_refresh_token',
        error_description: 'The refresh token passed is incorrect or expired.',
        error_uri: 'https://docs.github.com',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, with status 200',
      source: TROUBLESHOOTING_OAUTH_APP_AC,
      status: 200,
      body: {
        error: 'incorrect_client_credentials',
        error_description: 'The client_id and/or client_secret passed are incorrect.',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: REFRESHING_USER_ACCESS_TOKEN,
    revocationEndpoint: 'https://docs.github.com/en/rest/apps/oauth-applications',
    clientAuthentication: REFRESHING_USER_ACCESS_TOKEN,
    rotation: REFRESHING_USER_ACCESS_TOKEN,
    oldAccessToken: REFRESHING_USER_ACCESS_TOKEN,
    lifetimes: REFRESHING_USER_ACCESS_TOKEN,
    request: TROUBLESHOOTING_OAUTH_APP_AC,
    wire: [REFRESHING_USER_ACCESS_TOKEN, TROUBLESHOOTING_OAUTH_APP_AC],
    'failures.bad_refresh_token': DOCS_262,
    'failures.incorrect_client_credentials': TROUBLESHOOTING_OAUTH_APP_AC,
  },
  aliases: { authJs: ['github'], betterAuth: ['github'], nango: ['github', 'github-app-oauth'] },
  notes: [
    'A token of the device flow is refreshed without a secret: pass ' +
      '`clientAuthentication: "none"`.',
    'A token is revoked by `DELETE /applications/{client_id}/token`, which is ' +
      'no endpoint of RFC 7009.',
  ],
} as const satisfies ProviderEvidence

export const githubApp = (overrides?: Overrides): Provider => providerOf(facts, overrides)
