import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** Dropbox. A refresh token is not replaced, and does not expire until it is revoked. */
export const facts = {
  id: 'dropbox',
  name: 'Dropbox',
  for: 'Dropbox apps',
  tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
  revocationEndpoint: null,
  rotation: 'never',
  keptAs: 'absent',
  reuse: 'accepted',
  lifetimes: { accessMs: 14_400_000, refreshMs: null },
  wire: { expiresIn: 'number', tokenType: 'bearer' },
  authorizationRequest: { parameters: { token_access_type: 'offline' } },
  missingRefreshToken: 'Send token_access_type=offline.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const DOCUMENTATION =
  'https://www.dropbox.com/developers/documentation/http/documentation#oauth2-token'
const OAUTH_GUIDE = 'https://developers.dropbox.com/oauth-guide'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: DOCUMENTATION,
      status: 200,
      body: { access_token: 'at-2', expires_in: 14_400, token_type: 'bearer' },
      ends: 'granted',
    },
    {
      title: 'revoked',
      source: DOCUMENTATION,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'refresh token is invalid or revoked' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client, as RFC 6749 has it',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: DOCUMENTATION,
    revocationEndpoint:
      'https://www.dropbox.com/developers/documentation/http/documentation#auth-token-revoke',
    rotation: OAUTH_GUIDE,
    keptAs: DOCUMENTATION,
    reuse: OAUTH_GUIDE,
    lifetimes: OAUTH_GUIDE,
    wire: DOCUMENTATION,
    authorizationRequest: OAUTH_GUIDE,
  },
  aliases: { authJs: ['dropbox'], betterAuth: ['dropbox'], nango: ['dropbox'] },
  notes: [
    '`/2/auth/token/revoke` takes an access token in the `Authorization` ' +
      'header, ends its refresh token too, and is no endpoint of RFC 7009.',
  ],
} as const satisfies ProviderEvidence

export const dropbox = (overrides?: Overrides): Provider => providerOf(facts, overrides)
