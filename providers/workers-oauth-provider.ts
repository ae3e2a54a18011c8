import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Cloudflare workers-oauth-provider, the authorization server of many MCP servers.
 *
 * The token before the newest works until the newest is used.
 */
export const facts = {
  id: 'workers-oauth-provider',
  name: 'workers-oauth-provider',
  for: 'MCP servers on Cloudflare Workers',
  parameters: { issuer: { is: 'url', example: 'https://mcp.example.com' } },
  issuer: '{issuer}',
  rotation: 'always',
  // The newest is used when it is presented at the token endpoint.
  reuse: 'until_successor_used',
  reuseAnswer: 'fork',
  reuseEffect: 'error',
  oldAccessToken: 'lives',
  // Client, resource and scope are checked before the row is written.
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const OAUTH_PROVIDER =
  'https://github.com/cloudflare/workers-oauth-provider/blob/main/src/oauth-provider.ts'
const README = 'https://github.com/cloudflare/workers-oauth-provider/blob/main/README.md'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: OAUTH_PROVIDER,
      status: 200,
      body: {
        access_token: 'u:g:at-2',
        token_type: 'bearer',
        expires_in: 3600,
        refresh_token: 'u:g:rt-2',
        scope: 'read',
      },
      ends: 'granted',
    },
    {
      title: 'neither the newest nor the one before',
      source: OAUTH_PROVIDER,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Invalid refresh token' },
      ends: 'rejected',
    },
    {
      title: 'the grant was revoked, or its time is over',
      source: OAUTH_PROVIDER,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Grant not found' },
      ends: 'rejected',
    },
    {
      title: 'an unknown client',
      source: OAUTH_PROVIDER,
      status: 401,
      body: { error: 'invalid_client', error_description: 'Client not found' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: README,
    rotation: README,
    reuse: README,
    reuseAnswer: OAUTH_PROVIDER,
    reuseEffect: OAUTH_PROVIDER,
    oldAccessToken: OAUTH_PROVIDER,
    validates: OAUTH_PROVIDER,
    wire: OAUTH_PROVIDER,
  },
  variants: [
    {
      when: 'the server has the default settings',
      lifetimes: { accessMs: 3_600_000, refreshMs: 2_592_000_000 },
      source: OAUTH_PROVIDER,
    },
  ],
  notes: [
    'Rows lie in Cloudflare KV, which has no compare-and-swap: two ' +
      'presentations at once can make two successors.',
    'The row holds the newest token and the one that was presented for it. If the one before ' +
      'comes again, its new successor takes the place of the first, which is dead from then on.',
  ],
} as const satisfies ProviderEvidence

/** @param options `issuer`: The origin of the MCP server, as its metadata writes it. */
export const workersOauthProvider = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
