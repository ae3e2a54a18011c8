import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * TikTok, Login Kit and Content Posting (v2).
 *
 * Deviations from RFC 6749:
 *
 * - §2.3.1: the client is `client_key`.
 */
export const facts = {
  id: 'tiktok',
  name: 'TikTok',
  for: 'TikTok for Developers, API v2',
  tokenEndpoint: 'https://open.tiktokapis.com/v2/oauth/token/',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  // The answer may hold another one: whatever comes is taken.
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 86_400_000 },
  request: { names: { client_id: 'client_key' } },
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    members: { open_id: 'o-1', refresh_expires_in: 31_536_000 },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH_USER_ACCESS_TOKEN_MANA =
  'https://developers.tiktok.com/doc/oauth-user-access-token-management'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token, and its lifetime',
      source: OAUTH_USER_ACCESS_TOKEN_MANA,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 86_400,
        open_id: 'o-1',
        refresh_expires_in: 31_536_000,
        refresh_token: 'rt-2',
        scope: 'user.info.basic,video.list',
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'expired, revoked, or of the sandbox',
      source: OAUTH_USER_ACCESS_TOKEN_MANA,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'Refresh token is invalid or expired.',
        log_id: '0',
      },
      ends: 'rejected',
    },
    {
      title: 'an unknown key',
      source: OAUTH_USER_ACCESS_TOKEN_MANA,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'Client key or secret is incorrect.',
        log_id: '0',
      },
      ends: 'refused_before',
    },
    {
      title: 'a request that is wrong',
      source: OAUTH_USER_ACCESS_TOKEN_MANA,
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'The request parameters are malformed.',
        log_id: '0',
      },
      ends: 'refused_after',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH_USER_ACCESS_TOKEN_MANA,
    revocationEndpoint: OAUTH_USER_ACCESS_TOKEN_MANA,
    clientAuthentication: OAUTH_USER_ACCESS_TOKEN_MANA,
    rotation: OAUTH_USER_ACCESS_TOKEN_MANA,
    keptAs: OAUTH_USER_ACCESS_TOKEN_MANA,
    lifetimes: OAUTH_USER_ACCESS_TOKEN_MANA,
    request: OAUTH_USER_ACCESS_TOKEN_MANA,
    wire: OAUTH_USER_ACCESS_TOKEN_MANA,
  },
  aliases: { authJs: ['tiktok'], betterAuth: ['tiktok'], nango: ['tiktok-personal'] },
  notes: [
    'A refresh token of the sandbox is not valid with production keys.',
    '`/v2/oauth/revoke/` takes an access token and the key, and is no endpoint of RFC 7009.',
    'TikTok for Business is another server, with answers of its own.',
  ],
} as const satisfies ProviderEvidence

export const tiktok = (overrides?: Overrides): Provider => providerOf(facts, overrides)
