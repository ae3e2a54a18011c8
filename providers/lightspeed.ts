import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Lightspeed Retail (X-Series). A refresh token is replaced at each use. */
export const facts = {
  id: 'lightspeed',
  name: 'Lightspeed Retail (X-Series)',
  for: 'Lightspeed Retail (X-Series) apps',
  parameters: {
    store: {
      is: 'name',
      pattern: '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?',
      example: 'acme',
    },
  },
  tokenEndpoint: 'https://{store}.retail.lightspeed.app/api/1.0/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    members: { domain_prefix: 'acme', scope: '' },
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const DOCS_2025_03_REFRESH_TOKEN_FLOW_U =
  'https://x-series-api.lightspeedhq.com/changelog/2025-03-refresh-token-flow-update'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires: 1_893_456_000,
        expires_in: 604_800,
        refresh_token: 'rt-2',
        domain_prefix: 'acme',
        scope: '',
      },
      ends: 'granted',
    },
    {
      title: 'spent or revoked, as RFC 6749 has it',
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
  ],
  sources: {
    tokenEndpoint: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
    revocationEndpoint: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
    clientAuthentication: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
    rotation: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
    wire: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
  },
  changes: [
    {
      on: '2025-03-01',
      what: 'A refresh token is revoked when it is used.',
      source: DOCS_2025_03_REFRESH_TOKEN_FLOW_U,
    },
  ],
} as const satisfies ProviderEvidence

/** @param options `store`: The domain prefix: the name before `.retail.lightspeed.app`. */
export const lightspeed = (options: { store: string } & Overrides): Provider =>
  providerOf(facts, options)
