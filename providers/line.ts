import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** LINE Login v2.1. */
export const facts = {
  id: 'line',
  name: 'LINE',
  for: 'LINE Login',
  issuer: 'https://access.line.me',
  tokenEndpoint: 'https://api.line.me/oauth2/v2.1/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  // Whether the token in the answer is another one is not said.
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 30 * DAY_MS },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const LINE_LOGIN = 'https://developers.line.biz/en/reference/line-login/#refresh-access-token'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: LINE_LOGIN,
      status: 200,
      body: {
        token_type: 'Bearer',
        scope: 'profile',
        access_token: 'at-2',
        expires_in: 2_592_000,
        refresh_token: 'rt-1',
      },
      ends: 'granted',
    },
    {
      title: 'expired, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong channel, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    issuer: 'https://access.line.me/.well-known/openid-configuration',
    tokenEndpoint: LINE_LOGIN,
    revocationEndpoint: LINE_LOGIN,
    clientAuthentication: LINE_LOGIN,
    rotation: LINE_LOGIN,
    keptAs: LINE_LOGIN,
    lifetimes: LINE_LOGIN,
    wire: LINE_LOGIN,
  },
  variants: [
    {
      when: 'the access token was made up to 90 days ago',
      says: 'Its refresh token is valid until then.',
      source: LINE_LOGIN,
    },
  ],
  aliases: { authJs: ['line'], betterAuth: ['line'] },
  notes: ['`/oauth2/v2.1/revoke` takes an access token, and is no endpoint of RFC 7009.'],
} as const satisfies ProviderEvidence

export const line = (overrides?: Overrides): Provider => providerOf(facts, overrides)
