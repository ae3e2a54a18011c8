import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Yahoo. */
export const facts = {
  id: 'yahoo',
  name: 'Yahoo',
  for: 'Yahoo apps',
  issuer: 'https://api.login.yahoo.com',
  tokenEndpoint: 'https://api.login.yahoo.com/oauth2/get_token',
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  keptAs: 'echoed',
  lifetimes: { accessMs: 3_600_000 },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  revocationEndpoint: null,
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const FLOWS_AUTHCODE = 'https://developer.yahoo.com/oauth2/guide/flows_authcode/'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'with a refresh token',
      source: FLOWS_AUTHCODE,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'bearer',
        expires_in: 3600,
        refresh_token: 'rt-1',
        xoauth_yahoo_guid: 'G',
      },
      ends: 'granted',
    },
    {
      title: 'expired or revoked, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
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
    issuer: 'https://api.login.yahoo.com/.well-known/openid-configuration',
    tokenEndpoint: FLOWS_AUTHCODE,
    revocationEndpoint: FLOWS_AUTHCODE,
    clientAuthentication: FLOWS_AUTHCODE,
    rotation: FLOWS_AUTHCODE,
    keptAs: FLOWS_AUTHCODE,
    lifetimes: FLOWS_AUTHCODE,
    wire: FLOWS_AUTHCODE,
  },
  aliases: { nango: ['yahoo'] },
} as const satisfies ProviderEvidence

export const yahoo = (overrides?: Overrides): Provider => providerOf(facts, overrides)
