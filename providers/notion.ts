import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Notion, public connections of the REST API.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is JSON, with the client in the `Authorization` header.
 *
 * The authorization server of Notion MCP is another one: `notion-mcp`.
 */
export const facts = {
  id: 'notion',
  name: 'Notion',
  for: 'public connections of the Notion API',
  tokenEndpoint: 'https://api.notion.com/v1/oauth/token',
  revocationEndpoint: null,
  introspectionEndpoint: 'https://api.notion.com/v1/oauth/introspect',
  clientAuthentication: 'client_secret_basic',
  rotation: 'always',
  request: { format: 'json', headers: { 'notion-version': '2022-06-28' } },
  wire: { expiresIn: 'absent', tokenType: 'bearer', members: { workspace_id: 'w-1' } },
  response: { members: { error: ['error', 'code'] } },
  failures: { unauthorized: 'refused_before', rate_limited: 'deferred' },
  missingRefreshToken:
    'Connections that were made before Notion had refresh tokens have none: ' +
    'let the user connect again.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_A_TOKEN = 'https://developers.notion.com/reference/refresh-a-token'
const STATUS_CODES = 'https://developers.notion.com/reference/status-codes'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, without a lifetime',
      source: REFRESH_A_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        refresh_token: 'rt-2',
        bot_id: 'b-1',
        workspace_id: 'w-1',
        owner: { type: 'user' },
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: REFRESH_A_TOKEN,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: "an error in the form of Notion's other errors",
      source: STATUS_CODES,
      status: 400,
      body: {
        object: 'error',
        status: 400,
        code: 'invalid_grant',
        message: 'Invalid refresh token.',
      },
      ends: 'rejected',
      reads: { oauthError: 'invalid_grant' },
    },
    {
      title: 'the client is not known, or its secret is wrong',
      source: REFRESH_A_TOKEN,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
    {
      title: 'a wrong client, in the form of the API',
      source: STATUS_CODES,
      status: 401,
      body: {
        object: 'error',
        status: 401,
        code: 'unauthorized',
        message: 'The bearer token is not valid.',
      },
      ends: 'refused_before',
      reads: { oauthError: 'unauthorized' },
    },
    {
      title: 'too many requests',
      source: 'https://developers.notion.com/reference/request-limits',
      status: 429,
      body: { object: 'error', status: 429, code: 'rate_limited' },
      ends: 'deferred',
      headers: { 'retry-after': '1' },
      reads: { oauthError: 'rate_limited', retryAfterMs: 1000 },
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_A_TOKEN,
    revocationEndpoint: 'https://developers.notion.com/reference/revoke-token',
    introspectionEndpoint: 'https://developers.notion.com/reference/introspect-token',
    clientAuthentication: REFRESH_A_TOKEN,
    rotation: REFRESH_A_TOKEN,
    request: REFRESH_A_TOKEN,
    wire: REFRESH_A_TOKEN,
    response: STATUS_CODES,
    failures: STATUS_CODES,
  },
  aliases: { authJs: ['notion'], betterAuth: ['notion'], nango: ['notion'] },
  notes: [
    '`https://api.notion.com/v1/oauth/revoke` takes an access token as JSON, ' +
      'and is no endpoint of RFC 7009.',
  ],
} as const satisfies ProviderEvidence

export const notion = (overrides?: Overrides): Provider => providerOf(facts, overrides)
