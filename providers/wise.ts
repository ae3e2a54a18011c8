import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Wise, tokens of users. A refresh ends the old access token. */
export const facts = {
  id: 'wise',
  name: 'Wise',
  for: 'Wise Platform',
  parameters: {
    host: { is: 'name', pattern: 'api\\.(?:wise|wise-sandbox)\\.com', example: 'api.wise.com' },
  },
  tokenEndpoint: 'https://{host}/oauth/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  oldAccessToken: 'dies',
  lifetimes: { refreshMs: 7300 * DAY_MS },
  wire: { expiresIn: 'number' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKENS = 'https://docs.wise.com/guides/developer/auth-and-security/refresh-tokens'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new access token',
      source: REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        refresh_token: 'rt-2',
        expires_in: 43_199,
        scope: 'transfers',
      },
      ends: 'granted',
    },
    {
      title: 'revoked or expired',
      source: REFRESH_TOKENS,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'the client is not known, or its secret is wrong',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_TOKENS,
    revocationEndpoint: REFRESH_TOKENS,
    clientAuthentication: REFRESH_TOKENS,
    rotation: REFRESH_TOKENS,
    oldAccessToken: REFRESH_TOKENS,
    lifetimes: REFRESH_TOKENS,
    wire: REFRESH_TOKENS,
  },
} as const satisfies ProviderEvidence

/** @param options `host`: `api.wise.com`, or `api.wise-sandbox.com`. */
export const wise = (options: { host: string } & Overrides): Provider => providerOf(facts, options)
