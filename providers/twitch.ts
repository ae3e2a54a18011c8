import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Twitch.
 *
 * Deviations from RFC 6749:
 *
 * - §5.1: `scope` is a list.
 * - §5.2: an error has the name of the status as `error`, and the reason as `message`.
 */
export const facts = {
  id: 'twitch',
  name: 'Twitch',
  for: 'Twitch applications',
  issuer: 'https://id.twitch.tv/oauth2',
  tokenEndpoint: 'https://id.twitch.tv/oauth2/token',
  revocationEndpoint: 'https://id.twitch.tv/oauth2/revoke',
  clientAuthentication: 'client_secret_post',
  // "The response may include a new refresh token": whatever comes is taken.
  rotation: 'sometimes',
  keptAs: 'echoed',
  response: { members: { error: 'message' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'bearer',
    answer: {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'message',
    },
    dead: {
      status: 400,
      error: 'Invalid refresh token',
      members: { error: 'Bad Request', status: 400 },
    },
    client: { status: 400, error: 'missing client secret', members: { status: 400 } },
  },
  failures: {
    'Invalid refresh token': 'rejected',
    '401': 'rejected',
    'missing client secret': 'refused_before',
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKENS = 'https://dev.twitch.tv/docs/authentication/refresh-tokens/'
const DOCS_943 = 'https://github.com/twitchdev/issues/issues/943'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a list as scope',
      source: REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        scope: ['channel:read:subscriptions', 'user:read:email'],
        token_type: 'bearer',
        expires_in: 14_124,
      },
      ends: 'granted',
      reads: { scope: 'channel:read:subscriptions user:read:email' },
    },
    {
      title: 'a dead token',
      source: 'https://github.com/twitchdev/issues/issues/1037',
      status: 400,
      body: { status: 400, message: 'Invalid refresh token' },
      ends: 'rejected',
      reads: { oauthError: 'Invalid refresh token' },
    },
    {
      title: 'the user changed the password, or disconnected the app',
      source: REFRESH_TOKENS,
      status: 401,
      body: { error: 'Unauthorized', status: 401, message: 'Invalid refresh token' },
      ends: 'rejected',
      reads: { oauthError: 'Invalid refresh token' },
    },
    {
      title: 'a confidential client without its secret',
      source: DOCS_943,
      status: 400,
      body: { status: 400, message: 'missing client secret' },
      ends: 'refused_before',
      reads: { oauthError: 'missing client secret' },
    },
  ],
  sources: {
    issuer: 'https://id.twitch.tv/oauth2/.well-known/openid-configuration',
    tokenEndpoint: REFRESH_TOKENS,
    revocationEndpoint: 'https://dev.twitch.tv/docs/authentication/revoke-tokens/',
    clientAuthentication: REFRESH_TOKENS,
    rotation: REFRESH_TOKENS,
    keptAs: REFRESH_TOKENS,
    response: REFRESH_TOKENS,
    wire: REFRESH_TOKENS,
    'failures.Invalid refresh token': REFRESH_TOKENS,
    'failures.401': REFRESH_TOKENS,
    'failures.missing client secret': DOCS_943,
  },
  limits: [
    {
      what: 'live access tokens',
      per: 'refresh token',
      max: 50,
      then: 'The oldest ends when one more is made.',
      source: REFRESH_TOKENS,
    },
  ],
  variants: [
    {
      when: 'the client is a public one',
      lifetimes: { refreshIdleMs: 2_592_000_000 },
      rotation: 'always',
      says: 'Its refresh token is good for one use.',
      source: REFRESH_TOKENS,
    },
  ],
  aliases: { authJs: ['twitch'], betterAuth: ['twitch'], nango: ['twitch'] },
  notes: ['A public client passes `clientAuthentication: "none"`.'],
} as const satisfies ProviderEvidence

export const twitch = (overrides?: Overrides): Provider => providerOf(facts, overrides)
