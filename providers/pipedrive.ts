import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Pipedrive. A refresh token lives as long as it is used once in 60 days. */
export const facts = {
  id: 'pipedrive',
  name: 'Pipedrive',
  for: 'Pipedrive apps',
  tokenEndpoint: 'https://oauth.pipedrive.com/oauth/token',
  revocationEndpoint: 'https://oauth.pipedrive.com/oauth/revoke',
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 60 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const MARKETPLACE_OAUTH_AUTHORIZAT =
  'https://pipedrive.readme.io/docs/marketplace-oauth-authorization'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: MARKETPLACE_OAUTH_AUTHORIZAT,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        refresh_token: 'rt-2',
        scope: 'deals:full',
        expires_in: 3599,
        api_domain: 'https://acme.pipedrive.com',
      },
      ends: 'granted',
    },
    {
      title: 'not used for 60 days, or revoked, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: RFC_6749,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: MARKETPLACE_OAUTH_AUTHORIZAT,
    revocationEndpoint: MARKETPLACE_OAUTH_AUTHORIZAT,
    clientAuthentication: MARKETPLACE_OAUTH_AUTHORIZAT,
    rotation: MARKETPLACE_OAUTH_AUTHORIZAT,
    keptAs: MARKETPLACE_OAUTH_AUTHORIZAT,
    lifetimes: MARKETPLACE_OAUTH_AUTHORIZAT,
    wire: MARKETPLACE_OAUTH_AUTHORIZAT,
  },
  aliases: { authJs: ['pipedrive'], nango: ['pipedrive'] },
  notes: [
    '`api_domain`, the address of the API, is not part of a token set: store ' +
      'it beside the tokens.',
  ],
} as const satisfies ProviderEvidence

export const pipedrive = (overrides?: Overrides): Provider => providerOf(facts, overrides)
