import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Microsoft Entra ID and Microsoft accounts (v2.0 endpoint).
 *
 * Each use brings a new refresh token, and the old one stays valid until it expires.
 */
export const facts = {
  id: 'entra',
  name: 'Microsoft Entra ID',
  for: 'Microsoft Entra ID (Azure AD), Microsoft 365 and Microsoft accounts',
  parameters: {
    tenant: { is: 'name', pattern: '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?', example: 'common' },
  },
  tokenEndpoint: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
  revocationEndpoint: null,
  introspectionEndpoint: null,
  rotation: 'always',
  reuse: 'accepted',
  reuseAnswer: 'fork',
  clientAuthentication: 'client_secret_post',
  lifetimes: { refreshIdleMs: 90 * DAY_MS },
  wire: { tokenType: 'Bearer', expiresIn: 'number', members: { ext_expires_in: 3599 } },
  response: { codes: { AADSTS50196: 'client_loop' } },
  failures: { interaction_required: 'rejected', client_loop: 'deferred' },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access' },
  missingRefreshToken: 'Ask for the scope offline_access.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const V2_OAUTH2_AUTH_CODE_FLOW =
  'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow'
const REFERENCE_ERROR_CODES =
  'https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes'
const REFRESH_TOKENS = 'https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens'
const OPENID_CONFIGURATION =
  'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair',
      source: V2_OAUTH2_AUTH_CODE_FLOW,
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 3599,
        scope: 'https://graph.microsoft.com/mail.read',
        refresh_token: 'rt-2',
      },
      ends: 'granted',
    },
    {
      title: 'not used for 90 days',
      source: REFERENCE_ERROR_CODES,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'AADSTS700082: The refresh token has expired due to inactivity.',
        error_codes: [700_082],
        trace_id: '0',
        correlation_id: '0',
      },
      ends: 'rejected',
    },
    {
      title: '24 hours of a single-page application are over',
      source: REFERENCE_ERROR_CODES,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'AADSTS700084: The refresh token was issued to a single page app (SPA).',
        error_codes: [700_084],
      },
      ends: 'rejected',
    },
    {
      title: 'a second factor is wanted',
      source: REFERENCE_ERROR_CODES,
      status: 400,
      body: {
        error: 'interaction_required',
        error_description: 'AADSTS50076: you must use multi-factor authentication',
        error_codes: [50_076],
        suberror: 'basic_action',
      },
      ends: 'rejected',
    },
    {
      title: 'the client asks too often for the same',
      source: REFERENCE_ERROR_CODES,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'AADSTS50196: The server terminated an operation because it encountered a ' +
          'client request loop.',
        error_codes: [50_196],
      },
      ends: 'deferred',
      reads: { oauthError: 'client_loop' },
    },
    {
      title: 'a wrong secret',
      source: REFERENCE_ERROR_CODES,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.',
        error_codes: [7_000_215],
      },
      ends: 'refused_before',
    },
    {
      title: 'a secret that expired',
      source: REFERENCE_ERROR_CODES,
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'AADSTS7000222: The provided client secret keys are expired.',
        error_codes: [7_000_222],
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn:
      'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
    tokenEndpoint: V2_OAUTH2_AUTH_CODE_FLOW,
    revocationEndpoint: OPENID_CONFIGURATION,
    introspectionEndpoint: OPENID_CONFIGURATION,
    clientAuthentication: V2_OAUTH2_AUTH_CODE_FLOW,
    rotation: REFRESH_TOKENS,
    reuse: REFRESH_TOKENS,
    reuseAnswer: REFRESH_TOKENS,
    lifetimes: REFRESH_TOKENS,
    wire: V2_OAUTH2_AUTH_CODE_FLOW,
    response: REFERENCE_ERROR_CODES,
    'failures.client_loop': REFERENCE_ERROR_CODES,
    'failures.interaction_required': V2_OAUTH2_AUTH_CODE_FLOW,
    authorizationRequest: V2_OAUTH2_AUTH_CODE_FLOW,
  },
  variants: [
    {
      when: 'the redirect URI is registered as a single-page application',
      lifetimes: { refreshMs: 86_400_000 },
      says: 'New tokens carry the end of the first one on.',
      source: REFRESH_TOKENS,
    },
    {
      when: 'the user signed in with a one-time passcode by e-mail',
      lifetimes: { refreshMs: 86_400_000 },
      source: REFRESH_TOKENS,
    },
    {
      when: 'the user changes or resets the password',
      says:
        'Refresh tokens of public clients that a password had earned are revoked; ' +
        'those of confidential clients live on.',
      source: REFRESH_TOKENS,
    },
  ],
  aliases: {
    authJs: ['microsoft-entra-id', 'azure-ad'],
    betterAuth: ['microsoft'],
    nango: [
      'azure-blob-storage',
      'microsoft',
      'microsoft-ads',
      'microsoft-entra-id',
      'microsoft-excel',
      'microsoft-people',
      'microsoft-planner',
      'microsoft-power-bi',
      'microsoft-powerpoint',
      'microsoft-teams',
      'microsoft-word',
      'one-drive',
      'one-note',
      'outlook',
      'sharepoint-online',
      'microsoft-tenant-specific',
    ],
  },
  notes: [
    'One refresh token brings access tokens for any resource and tenant that ' +
      'the client may use: the scope selects them.',
    'A public client without a secret passes `clientAuthentication: "none"`. A ' +
      'single-page application needs an `Origin` header: `request: { headers: { ' +
      'origin } }`.',
  ],
} as const satisfies ProviderEvidence

/**
 * @param options `tenant`: `common`, `organizations`, `consumers`, the id of a tenant, or its
 *   domain.
 */
export const entra = (options: { tenant: string } & Overrides): Provider =>
  providerOf(facts, options)
