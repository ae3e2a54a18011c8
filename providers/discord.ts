import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Discord.
 *
 * Each answer brings a refresh token. Whether the old one dies is not documented.
 */
export const facts = {
  id: 'discord',
  name: 'Discord',
  for: 'Discord applications',
  tokenEndpoint: 'https://discord.com/api/oauth2/token',
  revocationEndpoint: 'https://discord.com/api/oauth2/token/revoke',
  introspectionEndpoint: null,
  // The answer may hold another one or the same.
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 7 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH2 = 'https://discord.com/developers/docs/topics/oauth2'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: OAUTH2,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 604_800,
        refresh_token: 'rt-2',
        scope: 'identify',
      },
      ends: 'granted',
    },
    {
      title: 'revoked or expired',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'the client is not known, or its secret is wrong',
      source: RFC_6749,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
    {
      title: 'too many requests',
      source: 'https://discord.com/developers/docs/topics/rate-limits',
      status: 429,
      body: { message: 'You are being rate limited.', retry_after: 64.57, global: false },
      ends: 'deferred',
      headers: { 'retry-after': '65' },
      reads: { retryAfterMs: 65_000 },
    },
  ],
  sources: {
    tokenEndpoint: OAUTH2,
    revocationEndpoint: OAUTH2,
    introspectionEndpoint: OAUTH2,
    rotation: OAUTH2,
    keptAs: OAUTH2,
    lifetimes: OAUTH2,
    wire: OAUTH2,
  },
  aliases: { authJs: ['discord'], betterAuth: ['discord'], nango: ['discord'] },
  notes: [
    'A revocation of any token ends all access and refresh tokens of that authorization.',
    'The request must be a form: JSON is refused.',
  ],
} as const satisfies ProviderEvidence

export const discord = (overrides?: Overrides): Provider => providerOf(facts, overrides)
