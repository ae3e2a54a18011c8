import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Feishu and Lark, user access tokens (v2).
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is JSON.
 * - §5: `code` is 0 where it went well, and a number where it did not.
 */
export const facts = {
  id: 'feishu',
  name: 'Feishu and Lark',
  for: 'Feishu and Lark apps',
  parameters: {
    host: {
      is: 'name',
      pattern: 'open\\.(?:feishu\\.cn|larksuite\\.com)',
      example: 'open.feishu.cn',
    },
  },
  tokenEndpoint: 'https://{host}/open-apis/authen/v2/oauth/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  request: { format: 'json' },
  lifetimes: { accessMs: 7_200_000 },
  response: { members: { error: ['error', 'code'] } },
  wire: { expiresIn: 'number', tokenType: 'Bearer', members: { code: 0 } },
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and turn refresh tokens on in the ' +
    'security settings of the app.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_USER_ACCESS_TOKEN =
  'https://open.feishu.cn/document/authentication-management/access-token/refresh-user-access-token'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, with the lifetimes of both',
      source: REFRESH_USER_ACCESS_TOKEN,
      status: 200,
      body: {
        code: 0,
        access_token: 'at-2',
        expires_in: 7200,
        refresh_token: 'rt-2',
        refresh_token_expires_in: 604_800,
        scope: 'auth:user.id:read offline_access',
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: REFRESH_USER_ACCESS_TOKEN,
      status: 400,
      body: {
        code: 20_037,
        error: 'invalid_grant',
        error_description: 'The refresh token passed has expired.',
      },
      ends: 'rejected',
    },
    {
      title: 'a number without a code of RFC 6749 proves nothing',
      source: REFRESH_USER_ACCESS_TOKEN,
      status: 400,
      body: { code: 20_050 },
      ends: 'unknown',
      reads: { oauthError: null },
    },
    {
      title: 'a wrong secret',
      source: REFRESH_USER_ACCESS_TOKEN,
      status: 400,
      body: {
        code: 20_002,
        error: 'invalid_client',
        error_description: 'The client secret is invalid.',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_USER_ACCESS_TOKEN,
    revocationEndpoint: REFRESH_USER_ACCESS_TOKEN,
    clientAuthentication: REFRESH_USER_ACCESS_TOKEN,
    rotation: REFRESH_USER_ACCESS_TOKEN,
    request: REFRESH_USER_ACCESS_TOKEN,
    lifetimes: REFRESH_USER_ACCESS_TOKEN,
    response: REFRESH_USER_ACCESS_TOKEN,
    wire: REFRESH_USER_ACCESS_TOKEN,
    authorizationRequest: REFRESH_USER_ACCESS_TOKEN,
  },
  notes: ['A refresh token is good for one use.'],
} as const satisfies ProviderEvidence

/** @param options `host`: `open.feishu.cn`, or `open.larksuite.com`. */
export const feishu = (options: { host: string } & Overrides): Provider =>
  providerOf(facts, options)
