import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Notion MCP, an authorization server of its own, apart from that of the REST API.
 *
 * Of two refreshes at once only the first succeeds.
 */
export const facts = {
  id: 'notion-mcp',
  name: 'Notion MCP',
  for: 'clients of the Notion MCP server',
  issuer: 'https://mcp.notion.com',
  tokenEndpoint: 'https://mcp.notion.com/token',
  // What a spent token does beside an error is reported only: `reuse` is left out.
  rotation: 'always',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const DOCS_1 = 'https://github.com/makenotion/notion-cookbook/pull/1'
const OAUTH_AUTHORIZATION_SERVER = 'https://mcp.notion.com/.well-known/oauth-authorization-server'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: DOCS_1,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 3600, refresh_token: 'rt-2' },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: DOCS_1,
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
    issuer: OAUTH_AUTHORIZATION_SERVER,
    tokenEndpoint: OAUTH_AUTHORIZATION_SERVER,
    rotation: DOCS_1,
    lifetimes: DOCS_1,
    wire: DOCS_1,
  },
  notes: [
    'Clients are registered dynamically: keep the `client_id` with the tokens.',
    'Users report 180 days from the sign-in, 30 days without use, and that a ' +
      'spent token ends the grant. Notion does not say it.',
  ],
} as const satisfies ProviderEvidence

export const notionMcp = (overrides?: Overrides): Provider => providerOf(facts, overrides)
