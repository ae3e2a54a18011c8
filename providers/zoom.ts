import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Zoom, apps of users. */
export const facts = {
  id: 'zoom',
  name: 'Zoom',
  for: 'Zoom apps of users',
  tokenEndpoint: 'https://zoom.us/oauth/token',
  revocationEndpoint: 'https://zoom.us/oauth/revoke',
  clientAuthentication: 'client_secret_basic',
  rotation: 'always',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH = 'https://developers.zoom.us/docs/integrations/oauth/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: OAUTH,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        refresh_token: 'rt-2',
        expires_in: 3599,
        scope: 'user:read:user',
        api_url: 'https://api.zoom.us',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: 'https://github.com/raycast/extensions/issues/10896',
      status: 400,
      body: { reason: 'Invalid Token!', error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH,
    revocationEndpoint: OAUTH,
    clientAuthentication: OAUTH,
    rotation: OAUTH,
    lifetimes: OAUTH,
    wire: OAUTH,
  },
  aliases: { authJs: ['zoom'], betterAuth: ['zoom'], nango: ['zoom'] },
} as const satisfies ProviderEvidence

export const zoom = (overrides?: Overrides): Provider => providerOf(facts, overrides)
