import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Atlassian, OAuth 2.0 (3LO) for Jira, Confluence and the other cloud products.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: a dead token is `invalid_grant` with status 403, or `unauthorized_client` with the words
 *   "refresh_token is invalid".
 * - §5.2: a wrong secret is `access_denied`.
 */
export const facts = {
  id: 'atlassian',
  name: 'Atlassian',
  for: 'Jira, Confluence and other Atlassian cloud products',
  tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
  revocationEndpoint: null,
  clientAuthentication: 'client_secret_post',
  rotation: 'always',
  reuse: { acceptedForMs: 600_000 },
  oldAccessToken: 'dies',
  lifetimes: { accessMs: 3_600_000, refreshIdleMs: 90 * DAY_MS },
  wire: {
    expiresIn: 'number',
    dead: {
      status: 403,
      error: 'invalid_grant',
      members: { error_description: 'Unknown or invalid refresh token.' },
    },
    client: { status: 401, error: 'access_denied', members: { error_description: 'Unauthorized' } },
  },
  response: { codes: { 'refresh_token is invalid': 'invalid_grant' } },
  failures: { '401 access_denied': 'refused_before' },
  authorizationRequest: {
    scope: 'offline_access',
    prompt: 'consent',
    parameters: { audience: 'api.atlassian.com' },
  },
  missingRefreshToken: 'Add offline_access to the scope of the authorization URL.',
  unused: {
    reuse:
      'Staff said in a forum that the old token is accepted for 10 minutes. The ' +
      'documentation does not say it.',
  },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const REFRESH_TOKENS = 'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens'
const OAUTH_2_3LO_APPS = 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/'
const DOCS_11849 = 'https://github.com/ParabolInc/parabol/issues/11849'
const OAUTH2_AUTHENTICATION = 'https://mrrefactoring.github.io/jira.js/guide/oauth2-authentication'
const DOCS_83103 =
  'https://community.developer.atlassian.com/t/the-old-access-token-will-be-revoked-during-the-refresh-token-exchange/83103'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: REFRESH_TOKENS,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        expires_in: 3600,
        token_type: 'Bearer',
        scope: 'offline_access read:jira-work',
      },
      ends: 'granted',
    },
    {
      title: 'a dead token, with status 403',
      source: OAUTH_2_3LO_APPS,
      status: 403,
      body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      ends: 'rejected',
    },
    {
      title: 'a dead token, with the code of a client',
      source: DOCS_11849,
      status: 403,
      body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
      ends: 'rejected',
      reads: { oauthError: 'invalid_grant' },
    },
    {
      title: 'a wrong secret',
      source: OAUTH2_AUTHENTICATION,
      status: 401,
      body: { error: 'access_denied', error_description: 'Unauthorized' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: REFRESH_TOKENS,
    revocationEndpoint: OAUTH_2_3LO_APPS,
    clientAuthentication: REFRESH_TOKENS,
    rotation: REFRESH_TOKENS,
    reuse: DOCS_83103,
    oldAccessToken: DOCS_83103,
    'lifetimes.accessMs': REFRESH_TOKENS,
    'lifetimes.refreshIdleMs': OAUTH_2_3LO_APPS,
    wire: OAUTH_2_3LO_APPS,
    response: DOCS_11849,
    failures: OAUTH2_AUTHENTICATION,
    authorizationRequest: OAUTH_2_3LO_APPS,
  },
  aliases: {
    authJs: ['atlassian'],
    betterAuth: ['atlassian'],
    nango: ['atlassian', 'jira', 'confluence'],
  },
  notes: [
    'The password of the Atlassian account ends the refresh tokens when it is changed.',
    'One grant exists for a user and an app, over all of the sites that the user allowed.',
  ],
} as const satisfies ProviderEvidence

export const atlassian = (overrides?: Overrides): Provider => providerOf(facts, overrides)
