import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Asana.
 *
 * An answer brings no refresh token: the old one is kept.
 */
export const facts = {
  id: 'asana',
  name: 'Asana',
  for: 'Asana apps',
  tokenEndpoint: 'https://app.asana.com/-/oauth_token',
  revocationEndpoint: 'https://app.asana.com/-/oauth_revoke',
  clientAuthentication: 'client_secret_post',
  // That no answer ever brings one is not said.
  rotation: 'sometimes',
  keptAs: 'absent',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH = 'https://developers.asana.com/docs/oauth'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: OAUTH,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3600,
        token_type: 'bearer',
        data: { id: '1', name: 'Ada' },
      },
      ends: 'granted',
    },
    {
      title: 'revoked or unknown',
      source: OAUTH,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'The refresh token is invalid.' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: OAUTH,
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
    keptAs: OAUTH,
    lifetimes: OAUTH,
    wire: OAUTH,
  },
  aliases: { nango: ['asana', 'asana-mcp'] },
  notes: ['The MCP server of Asana has tokens of its own kind at the same endpoint.'],
} as const satisfies ProviderEvidence

export const asana = (overrides?: Overrides): Provider => providerOf(facts, overrides)
