import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * WorkOS AuthKit.
 *
 * Deviations from RFC 6749:
 *
 * - §6: the request is JSON; the secret is the API key.
 * - §5.1: no `expires_in`. The access token is a JWT that tells its own end.
 */
export const facts = {
  id: 'workos',
  name: 'WorkOS AuthKit',
  for: 'WorkOS AuthKit',
  tokenEndpoint: 'https://api.workos.com/user_management/authenticate',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  request: { format: 'json' },
  wire: {
    expiresIn: 'absent',
    tokenType: 'absent',
    accessToken: 'jwt',
    members: { authentication_method: 'Password' },
  },
  failures: {
    organization_selection_required: 'rejected',
    mfa_enrollment: 'rejected',
    sso_required: 'rejected',
  },
  response: { members: { error: ['error', 'code'] } },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKEN = 'https://workos.com/docs/reference/authkit/authentication/refresh-token'
const AUTHENTICATION_ERRORS = 'https://workos.com/docs/reference/authkit/authentication-errors'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, without a lifetime',
      source: REFRESH_TOKEN,
      status: 200,
      body: { user: { id: 'user_1' }, access_token: 'at-2', refresh_token: 'rt-2' },
      ends: 'granted',
    },
    {
      title: 'spent, expired, or the session was ended',
      source: AUTHENTICATION_ERRORS,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Session has already ended.' },
      ends: 'rejected',
    },
    {
      title: 'the user must sign in by single sign-on',
      source: AUTHENTICATION_ERRORS,
      status: 403,
      body: {
        error: 'sso_required',
        error_description: 'User must authenticate using one of the matching connections.',
      },
      ends: 'rejected',
    },
    {
      title: 'an organization must be chosen',
      source: AUTHENTICATION_ERRORS,
      status: 403,
      body: {
        code: 'organization_selection_required',
        message: 'The user must choose an organization to finish their authentication.',
      },
      ends: 'rejected',
      reads: { oauthError: 'organization_selection_required' },
    },
    {
      title: 'a wrong client',
      source: AUTHENTICATION_ERRORS,
      status: 400,
      body: { error: 'invalid_client', error_description: 'Invalid client ID.' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_TOKEN,
    revocationEndpoint: 'https://workos.com/docs/reference/authkit/logout',
    clientAuthentication: REFRESH_TOKEN,
    rotation: REFRESH_TOKEN,
    request: REFRESH_TOKEN,
    wire: REFRESH_TOKEN,
    failures: AUTHENTICATION_ERRORS,
    response: AUTHENTICATION_ERRORS,
  },
  notes: [
    'The Auth.js provider of this name is WorkOS SSO, which gives no refresh tokens.',
    'An organization is asked for by `organization_id` in the request.',
  ],
} as const satisfies ProviderEvidence

export const workos = (overrides?: Overrides): Provider => providerOf(facts, overrides)
