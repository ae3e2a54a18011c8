import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Box. A refresh token is good for one use within 60 days. */
export const facts = {
  id: 'box',
  name: 'Box',
  for: 'Box apps',
  tokenEndpoint: 'https://api.box.com/oauth2/token',
  revocationEndpoint: 'https://api.box.com/oauth2/revoke',
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 60 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const POST_OAUTH2_TOKEN = 'https://developer.box.com/reference/post-oauth2-token/'
const REFRESH = 'https://developer.box.com/guides/authentication/tokens/refresh/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: POST_OAUTH2_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        token_type: 'bearer',
        refresh_token: 'rt-2',
        restricted_to: [],
      },
      ends: 'granted',
      reads: { scope: null },
    },
    {
      title: 'spent or expired',
      source: POST_OAUTH2_TOKEN,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token has expired' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: POST_OAUTH2_TOKEN,
      status: 400,
      body: { error: 'invalid_client', error_description: 'The client credentials are invalid' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: POST_OAUTH2_TOKEN,
    revocationEndpoint: 'https://developer.box.com/reference/post-oauth2-revoke/',
    clientAuthentication: POST_OAUTH2_TOKEN,
    rotation: REFRESH,
    lifetimes: [REFRESH, POST_OAUTH2_TOKEN],
    wire: POST_OAUTH2_TOKEN,
  },
  aliases: { authJs: ['box'], nango: ['box'] },
} as const satisfies ProviderEvidence

export const box = (overrides?: Overrides): Provider => providerOf(facts, overrides)
