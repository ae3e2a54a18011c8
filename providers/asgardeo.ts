import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Asgardeo and WSO2 Identity Server.
 *
 * An application decides whether a refresh token is renewed at each use.
 */
export const facts = {
  id: 'asgardeo',
  name: 'Asgardeo',
  for: 'Asgardeo and WSO2 Identity Server',
  parameters: { base: { is: 'url', example: 'https://api.asgardeo.io/t/acme' } },
  tokenEndpoint: '{base}/oauth2/token',
  revocationEndpoint: '{base}/oauth2/revoke',
  introspectionEndpoint: '{base}/oauth2/introspect',
  // "Renew refresh token": off by default.
  rotation: 'sometimes',
  keptAs: 'echoed',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKENS = 'https://wso2.com/asgardeo/docs/references/tokens/refresh-tokens/'
const DOCS_6173 = 'https://github.com/wso2/docs-is/pull/6173'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'the same one comes back',
      source: REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-1',
        scope: 'openid',
        token_type: 'Bearer',
        expires_in: 3600,
      },
      ends: 'granted',
    },
    {
      title: '"Renew refresh token" is on: a new one',
      source: REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        scope: 'openid',
        token_type: 'Bearer',
        expires_in: 3600,
      },
      ends: 'granted',
    },
    {
      title: 'spent or expired',
      source: DOCS_6173,
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
    tokenEndpoint: REFRESH_TOKENS,
    revocationEndpoint: 'https://wso2.com/asgardeo/docs/references/token-revocation/',
    introspectionEndpoint:
      'https://wso2.com/asgardeo/docs/references/token-validation-for-resource-servers/',
    rotation: REFRESH_TOKENS,
    keptAs: REFRESH_TOKENS,
    wire: REFRESH_TOKENS,
  },
  variants: [
    {
      when: '"Graceful refresh token rotation" is on',
      says:
        'The old token is accepted in the window until the new one is used. Each ' +
        'use ends the token that was made before. Tell it: `reuse: { acceptedForMs ' +
        '}`.',
      source: DOCS_6173,
    },
  ],
  aliases: { authJs: ['asgardeo'] },
} as const satisfies ProviderEvidence

/** @param options `base`: `https://api.asgardeo.io/t/<organization>`, or your server's address. */
export const asgardeo = (options: { base: string } & Overrides): Provider =>
  providerOf(facts, options)
