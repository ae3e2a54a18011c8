import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Google accounts and Google Workspace.
 *
 * A refresh token is not replaced when it is used. It can be used again at any time while it lives.
 */
export const facts = {
  id: 'google',
  name: 'Google',
  for: 'Google accounts, Workspace and Google Cloud APIs',
  issuer: 'https://accounts.google.com',
  tokenEndpoint: 'https://oauth2.googleapis.com/token',
  revocationEndpoint: 'https://oauth2.googleapis.com/revoke',
  clientAuthentication: 'client_secret_post',
  rotation: 'never',
  keptAs: 'absent',
  reuse: 'accepted',
  lifetimes: { refreshIdleMs: 181 * DAY_MS },
  wire: {
    tokenType: 'Bearer',
    expiresIn: 'number',
    dead: {
      status: 400,
      error: 'invalid_grant',
      members: { error_description: 'Token has been expired or revoked.' },
    },
  },
  failures: { deleted_client: 'refused_before' },
  silentSignIn: true,
  authorizationRequest: { prompt: 'consent', parameters: { access_type: 'offline' } },
  missingRefreshToken:
    'Send access_type=offline. Google gives a refresh token with the first ' +
    'consent only: send prompt=consent to get another one.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const WEB_SERVER = 'https://developers.google.com/identity/protocols/oauth2/web-server'
const OAUTH2 = 'https://developers.google.com/identity/protocols/oauth2'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: WEB_SERVER,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 3920,
        scope: 'https://www.googleapis.com/auth/drive.metadata.readonly',
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'expired, or the user withdrew',
      source: WEB_SERVER,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      ends: 'rejected',
    },
    {
      title: 'an administrator asks for a new sign-in (session control)',
      source: 'https://support.google.com/a/answer/9368756',
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'reauth related error (invalid_rapt)',
        error_subtype: 'invalid_rapt',
      },
      ends: 'rejected',
    },
    {
      title: 'an unknown client',
      source: WEB_SERVER,
      status: 401,
      body: { error: 'invalid_client', error_description: 'The OAuth client was not found.' },
      ends: 'refused_before',
    },
    {
      title: 'a client that was deleted',
      source: WEB_SERVER,
      status: 401,
      body: { error: 'deleted_client', error_description: 'The OAuth client was deleted.' },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn: 'https://developers.google.com/identity/openid-connect/openid-connect',
    issuer: 'https://accounts.google.com/.well-known/openid-configuration',
    tokenEndpoint: WEB_SERVER,
    revocationEndpoint: WEB_SERVER,
    clientAuthentication: WEB_SERVER,
    rotation: WEB_SERVER,
    keptAs: WEB_SERVER,
    reuse: OAUTH2,
    lifetimes: OAUTH2,
    wire: WEB_SERVER,
    failures: WEB_SERVER,
    authorizationRequest: WEB_SERVER,
  },
  variants: [
    {
      when: 'the consent screen is external and its publishing status is Testing',
      lifetimes: { refreshMs: 604_800_000 },
      says: 'Unless the app asks for the name, the address and the profile only.',
      source: OAUTH2,
    },
    {
      when: 'the user granted access for a time only',
      says: 'The refresh token ends with it.',
      source: OAUTH2,
    },
    {
      when: 'the token has Gmail scopes',
      says: 'It ends when the user changes the password.',
      source: OAUTH2,
    },
  ],
  aliases: {
    authJs: ['google'],
    betterAuth: ['google'],
    nango: [
      'google',
      'google-analytics',
      'google-bigquery',
      'google-calendar',
      'google-calendar-mcp',
      'google-chat',
      'google-cloud-storage',
      'google-contacts',
      'google-docs',
      'google-drive',
      'google-forms',
      'google-health',
      'google-mail',
      'google-meet',
      'google-search-console',
      'google-sheet',
      'google-slides',
      'google-tasks',
      'google-workspace-admin',
      'youtube',
      'google-ads',
    ],
  },
  notes: [
    'Google limits the live refresh tokens of one user and one client, and of ' +
      'one user over all clients. Past a limit the oldest stop to work, and no ' +
      'message says so.',
  ],
} as const satisfies ProviderEvidence

export const google = (overrides?: Overrides): Provider => providerOf(facts, overrides)
