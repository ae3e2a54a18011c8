import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Slack apps with token rotation, the tokens of the bot or of a user.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: errors come with status 200, `ok: false` and codes of Slack's own.
 * - One installation has two pairs, the bot's and the user's: each is a chain of its own.
 */
export const facts = {
  id: 'slack',
  name: 'Slack',
  for: 'Slack apps with token rotation',
  tokenEndpoint: 'https://slack.com/api/oauth.v2.access',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  lifetimes: { accessMs: 43_200_000 },
  wire: {
    expiresIn: 'number',
    members: { ok: true },
    dead: { status: 200, error: 'invalid_refresh_token', members: { ok: false } },
    client: { status: 200, error: 'bad_client_secret', members: { ok: false } },
  },
  failures: {
    invalid_refresh_token: 'rejected',
    token_revoked: 'rejected',
    bad_client_secret: 'refused_before',
    invalid_client_id: 'refused_before',
    ratelimited: 'deferred',
  },
  missingRefreshToken:
    'Turn token rotation on in "OAuth & Permissions" of the app. It cannot be ' +
    'turned off again.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const USING_TOKEN_ROTATION = 'https://docs.slack.dev/authentication/using-token-rotation'
const TOOLING_TOKENS_ROTATE = 'https://docs.slack.dev/reference/methods/tooling.tokens.rotate'
const OAUTH_V2_EXCHANGE = 'https://api.slack.com/methods/oauth.v2.exchange'
const OAUTH_V2_ACCESS = 'https://docs.slack.dev/reference/methods/oauth.v2.access'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: USING_TOKEN_ROTATION,
      status: 200,
      body: {
        ok: true,
        access_token: 'at-2',
        refresh_token: 'rt-2',
        expires_in: 43_200,
        token_type: 'bot',
        team: { id: 'T1' },
      },
      ends: 'granted',
    },
    {
      title: 'a spent or revoked token, with status 200',
      source: TOOLING_TOKENS_ROTATE,
      status: 200,
      body: { ok: false, error: 'invalid_refresh_token' },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret, with status 200',
      source: OAUTH_V2_EXCHANGE,
      status: 200,
      body: { ok: false, error: 'bad_client_secret' },
      ends: 'refused_before',
    },
    {
      title: 'an unknown client, with status 200',
      source: OAUTH_V2_EXCHANGE,
      status: 200,
      body: { ok: false, error: 'invalid_client_id' },
      ends: 'refused_before',
    },
    {
      title: 'too many requests, with status 200',
      source: OAUTH_V2_ACCESS,
      status: 200,
      body: { ok: false, error: 'ratelimited' },
      ends: 'deferred',
    },
    {
      title: 'an error after which some of it may have succeeded',
      source: OAUTH_V2_EXCHANGE,
      status: 200,
      body: { ok: false, error: 'internal_error' },
      ends: 'unknown',
    },
    {
      title: '429 with a time to wait',
      source: OAUTH_V2_ACCESS,
      status: 429,
      body: { ok: false, error: 'ratelimited' },
      ends: 'deferred',
      headers: { 'retry-after': '30' },
      reads: { retryAfterMs: 30_000 },
    },
  ],
  sources: {
    tokenEndpoint: USING_TOKEN_ROTATION,
    revocationEndpoint: 'https://docs.slack.dev/reference/methods/auth.revoke',
    clientAuthentication: OAUTH_V2_ACCESS,
    rotation: USING_TOKEN_ROTATION,
    lifetimes: USING_TOKEN_ROTATION,
    wire: [USING_TOKEN_ROTATION, OAUTH_V2_EXCHANGE],
    'failures.invalid_refresh_token': TOOLING_TOKENS_ROTATE,
    'failures.token_revoked': OAUTH_V2_ACCESS,
    'failures.bad_client_secret': OAUTH_V2_EXCHANGE,
    'failures.invalid_client_id': OAUTH_V2_EXCHANGE,
    'failures.ratelimited': OAUTH_V2_ACCESS,
  },
  aliases: { authJs: ['slack'], betterAuth: ['slack'], nango: ['slack'] },
  notes: [
    'The answer to a sign-in holds the pair of the user under `authed_user`: ' +
      'pass that object to `tokenSetFromResponse`, and keep it apart from the ' +
      'pair of the bot. The answer to a refresh holds the pair that was ' +
      'refreshed at its top.',
    '`auth.revoke` takes an access token in the `Authorization` header, and is ' +
      'no endpoint of RFC 7009.',
  ],
} as const satisfies ProviderEvidence

export const slack = (overrides?: Overrides): Provider => providerOf(facts, overrides)
