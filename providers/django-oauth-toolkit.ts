import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * A server made with Django OAuth Toolkit.
 *
 * Its settings decide whether tokens rotate, for how long a spent one is accepted, and whether
 * reuse ends the family.
 */
export const facts = {
  id: 'django-oauth-toolkit',
  name: 'Django OAuth Toolkit',
  for: 'servers made with Django OAuth Toolkit',
  parameters: { base: { is: 'url', example: 'https://app.example.com/o' } },
  tokenEndpoint: '{base}/token/',
  revocationEndpoint: '{base}/revoke_token/',
  introspectionEndpoint: '{base}/introspect/',
  // ROTATE_REFRESH_TOKEN: True by default.
  rotation: 'sometimes',
  keptAs: 'echoed',
  // Within the grace period the tokens that the first use brought come again.
  reuseAnswer: 'idempotent',
  // A refresh deletes the row of the old one, or writes the new one into it.
  oldAccessToken: 'dies',
  wire: { expiresIn: 'number', tokenType: 'Bearer' },
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const SETTINGS = 'https://django-oauth-toolkit.readthedocs.io/en/latest/settings.html'
const VALIDATORS =
  'https://github.com/django-oauth/django-oauth-toolkit/blob/master/oauth2_provider/oauth2_validators.py'
const RFC_6749 =
  'https://github.com/oauthlib/oauthlib/blob/master/oauthlib/oauth2/rfc6749/errors.py'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: SETTINGS,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 36_000,
        token_type: 'Bearer',
        scope: 'read write',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'spent, revoked or unknown',
      source: RFC_6749,
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'a wrong client',
      source: RFC_6749,
      status: 401,
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: 'https://django-oauth-toolkit.readthedocs.io/en/latest/getting_started.html',
    revocationEndpoint:
      'https://django-oauth-toolkit.readthedocs.io/en/latest/tutorial/tutorial_04.html',
    introspectionEndpoint:
      'https://django-oauth-toolkit.readthedocs.io/en/latest/resource_server.html',
    rotation: SETTINGS,
    keptAs: SETTINGS,
    reuseAnswer: VALIDATORS,
    oldAccessToken: [
      VALIDATORS,
      'https://github.com/django-oauth/django-oauth-toolkit/blob/master/oauth2_provider/models.py',
    ],
    wire: SETTINGS,
  },
  variants: [
    {
      when: 'the server has the default settings',
      rotation: 'always',
      reuse: 'refused',
      lifetimes: { accessMs: 36_000_000 },
      source: SETTINGS,
    },
    {
      when: 'REFRESH_TOKEN_GRACE_PERIOD_SECONDS is set',
      says: 'A spent token is accepted for so long. Tell it: `reuse: { acceptedForMs }`.',
      source: SETTINGS,
    },
    { when: 'REFRESH_TOKEN_REUSE_PROTECTION is on', reuse: 'revokes', source: VALIDATORS },
  ],
} as const satisfies ProviderEvidence

/** @param options `base`: Where the URLs of the toolkit lie, without a slash at its end. */
export const djangoOauthToolkit = (options: { base: string } & Overrides): Provider =>
  providerOf(facts, options)
