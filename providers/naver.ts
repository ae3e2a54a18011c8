import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Naver Login.
 *
 * Deviations from RFC 6749:
 *
 * - §5.1: `expires_in` is a text.
 * - §5.2: errors come with status 200.
 */
export const facts = {
  id: 'naver',
  name: 'Naver',
  for: 'Naver Login',
  tokenEndpoint: 'https://nid.naver.com/oauth2.0/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'sometimes',
  keptAs: 'absent',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'string', tokenType: 'bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const API = 'https://developers.naver.com/docs/login/api/api.md'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token, and a lifetime as text',
      source: API,
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: '3600' },
      ends: 'granted',
      reads: { expiresInMs: 3_600_000 },
    },
    {
      title: 'expired or revoked, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a request that is wrong, with status 200',
      source: API,
      status: 200,
      body: { error: 'invalid_request', error_description: 'no valid data in session' },
      ends: 'refused_after',
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
    tokenEndpoint: API,
    revocationEndpoint: API,
    clientAuthentication: API,
    rotation: API,
    keptAs: API,
    lifetimes: API,
    wire: API,
  },
  aliases: { authJs: ['naver'], betterAuth: ['naver'] },
  notes: ['A token is revoked by a request to the token endpoint with `grant_type=delete`.'],
} as const satisfies ProviderEvidence

export const naver = (overrides?: Overrides): Provider => providerOf(facts, overrides)
