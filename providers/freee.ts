import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** freee (accounting, Japan). A refresh token lives for 90 days. */
export const facts = {
  id: 'freee',
  name: 'freee',
  for: 'freee apps',
  tokenEndpoint: 'https://accounts.secure.freee.co.jp/public_api/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { refreshIdleMs: 90 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'bearer', dead: { status: 401, error: 'invalid_grant' } },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTH = 'https://developer.freee.co.jp/reference/auth'
const DOCS_6540 = 'https://developer.freee.co.jp/news/6540'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: AUTH,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 21_600,
        refresh_token: 'rt-2',
        scope: 'read write',
        created_at: 1_628_711_391,
      },
      ends: 'granted',
    },
    {
      title: '90 days are over, with status 401',
      source: DOCS_6540,
      status: 401,
      body: {
        error: 'invalid_grant',
        error_description:
          '指定された認可グラントは不正か、有効期限切れか、無効か、リダイレクトURIが異なるか、もしくは別のクライアントに適用されています。',
      },
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
    tokenEndpoint: AUTH,
    revocationEndpoint: AUTH,
    clientAuthentication: AUTH,
    rotation: AUTH,
    keptAs: AUTH,
    lifetimes: DOCS_6540,
    wire: [AUTH, DOCS_6540],
  },
  changes: [
    {
      on: '2023-12-01',
      what: 'Refresh tokens live for 90 days. Before, they did not expire.',
      source: DOCS_6540,
    },
  ],
} as const satisfies ProviderEvidence

export const freee = (overrides?: Overrides): Provider => providerOf(facts, overrides)
