import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * authentik.
 *
 * A provider of authentik may keep a refresh token until little of its life is left. The answer
 * then brings none.
 */
export const facts = {
  id: 'authentik',
  name: 'authentik',
  for: 'authentik',
  parameters: { base: { is: 'url', example: 'https://id.example.com' } },
  tokenEndpoint: '{base}/application/o/token/',
  revocationEndpoint: '{base}/application/o/revoke/',
  introspectionEndpoint: '{base}/application/o/introspect/',
  // "Refresh Token threshold" of the provider: with 0 at each use.
  rotation: 'sometimes',
  keptAs: 'absent',
  // A replay is written to the log as a suspicious request, and ends nothing.
  reuse: 'refused',
  reuseEffect: 'error',
  oldAccessToken: 'lives',
  // A scope that was not granted is refused before the row changes.
  validates: 'before_consuming',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken:
    'Ask for the scope offline_access, and add its scope mapping to the provider.',
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const TOKEN =
  'https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/views/token.py'
const OAUTH2 = 'https://docs.goauthentik.io/add-secure-apps/providers/oauth2/'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: TOKEN,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        token_type: 'Bearer',
        expires_in: 300,
        id_token: 'x',
        scope: 'openid offline_access',
      },
      ends: 'granted',
      reads: { idToken: null },
    },
    {
      title: 'no refresh token: the old one is kept',
      source: TOKEN,
      status: 200,
      body: { access_token: 'at-2', token_type: 'Bearer', expires_in: 300, id_token: 'x' },
      ends: 'granted',
      reads: { idToken: null },
    },
    {
      title: 'spent, revoked or expired',
      source: TOKEN,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'The provided authorization grant or refresh token is invalid, expired, ' +
          'revoked, does not match the redirection URI used in the authorization ' +
          'request, or was issued to another client',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: TOKEN,
      status: 400,
      body: { error: 'invalid_client', error_description: 'Client authentication failed' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn:
      'https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/views/authorize.py',
    tokenEndpoint: OAUTH2,
    revocationEndpoint: OAUTH2,
    introspectionEndpoint: OAUTH2,
    rotation: TOKEN,
    keptAs: TOKEN,
    reuse: TOKEN,
    reuseEffect: TOKEN,
    oldAccessToken: TOKEN,
    validates: TOKEN,
    wire: TOKEN,
    authorizationRequest: OAUTH2,
  },
  aliases: { authJs: ['authentik'] },
  notes: ['A refresh that sends a scope must send `offline_access` with it.'],
} as const satisfies ProviderEvidence

/** @param options `base`: The address of authentik, without a slash at its end. */
export const authentik = (options: { base: string } & Overrides): Provider =>
  providerOf(facts, options)
