import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Airtable. */
export const facts = {
  id: 'airtable',
  name: 'Airtable',
  for: 'Airtable integrations',
  tokenEndpoint: 'https://airtable.com/oauth2/v1/token',
  revocationEndpoint: null,
  rotation: 'always',
  // "The most common reason" for which Airtable revokes an integration.
  reuse: 'revokes',
  reuseEffect: 'grant',
  // The answer tells both.
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 60 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'Bearer', members: { refresh_expires_in: 5_184_000 } },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const TROUBLESHOOTING =
  'https://support.airtable.com/docs/troubleshooting-oauth-integrations-in-airtable'
const OAUTH_REFERENCE = 'https://airtable.com/developers/web/api/oauth-reference'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, with the lifetimes of both',
      source: OAUTH_REFERENCE,
      status: 200,
      body: {
        token_type: 'Bearer',
        scope: 'data.records:read',
        expires_in: 3600,
        refresh_expires_in: 5_184_000,
        access_token: 'at-2',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: OAUTH_REFERENCE,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: OAUTH_REFERENCE,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: OAUTH_REFERENCE,
    revocationEndpoint: OAUTH_REFERENCE,
    rotation: OAUTH_REFERENCE,
    reuse: TROUBLESHOOTING,
    reuseEffect: TROUBLESHOOTING,
    lifetimes: OAUTH_REFERENCE,
    wire: OAUTH_REFERENCE,
  },
  aliases: { nango: ['airtable', 'airtable-mcp'] },
  notes: [
    'If a spent token comes again, Airtable revokes the integration of that user, and tells the ' +
      'user by mail.',
  ],
} as const satisfies ProviderEvidence

export const airtable = (overrides?: Overrides): Provider => providerOf(facts, overrides)
