import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** DocuSign eSignature, with an authorization code. */
export const facts = {
  id: 'docusign',
  name: 'DocuSign',
  for: 'DocuSign integrations',
  parameters: {
    host: {
      is: 'name',
      pattern: 'account(?:-d)?\\.docusign\\.com',
      example: 'account.docusign.com',
    },
  },
  tokenEndpoint: 'https://{host}/oauth/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_basic',
  rotation: 'sometimes',
  lifetimes: { accessMs: 28_800_000 },
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const AUTHCODE_GET_TOKEN =
  'https://developers.docusign.com/platform/auth/authcode/authcode-get-token/'
const RFC_6749 = 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: AUTHCODE_GET_TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        refresh_token: 'rt-2',
        expires_in: 28_800,
      },
      ends: 'granted',
    },
    {
      title: '30 days are over, or it was revoked, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: AUTHCODE_GET_TOKEN,
    revocationEndpoint: AUTHCODE_GET_TOKEN,
    clientAuthentication: AUTHCODE_GET_TOKEN,
    rotation: AUTHCODE_GET_TOKEN,
    lifetimes: AUTHCODE_GET_TOKEN,
    wire: AUTHCODE_GET_TOKEN,
  },
  variants: [
    {
      when: 'the sign-in asked for the scope extended',
      lifetimes: { refreshIdleMs: 2_592_000_000 },
      says: 'Each refresh brings a refresh token with 30 days of its own.',
      source: AUTHCODE_GET_TOKEN,
    },
    {
      when: 'the sign-in did not',
      lifetimes: { refreshMs: 2_592_000_000 },
      source: AUTHCODE_GET_TOKEN,
    },
  ],
  aliases: { nango: ['docusign'] },
  notes: ['The demo environment has the host `account-d.docusign.com`.'],
} as const satisfies ProviderEvidence

/** @param options `host`: `account.docusign.com`, or `account-d.docusign.com` for demos. */
export const docusign = (options: { host: string } & Overrides): Provider =>
  providerOf(facts, options)
