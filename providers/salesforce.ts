import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Salesforce, for users of connected apps and external client apps.
 *
 * Deviations from RFC 6749:
 *
 * - §5.1: no `expires_in`. The session policy of the org decides, and the answer does not tell it.
 * - §5.2: a request that meets another one with the same token is `invalid_grant`. Only its
 *   description tells it apart.
 * - §5.2: an unknown client is `invalid_client_id`.
 */
export const facts = {
  id: 'salesforce',
  name: 'Salesforce',
  for: 'Salesforce orgs and sandboxes',
  parameters: {
    host: {
      is: 'name',
      pattern:
        '(?:login|test|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.(?:sandbox|deve' +
        'lop|scratch|demo|patch|trailblaze|free))?\\.my)\\.salesforce\\.com',
      example: 'login.salesforce.com',
    },
  },
  tokenEndpoint: 'https://{host}/services/oauth2/token',
  revocationEndpoint: 'https://{host}/services/oauth2/revoke',
  introspectionEndpoint: 'https://{host}/services/oauth2/introspect',
  introspectsRefreshTokens: true,
  // "Enable Refresh Token Rotation" of the app. Mandatory for some orgs since 2026-05-11.
  rotation: 'sometimes',
  keptAs: 'absent',
  reuse: 'revokes',
  reuseEffect: 'grant',
  wire: {
    expiresIn: 'absent',
    members: { instance_url: 'https://acme.my.salesforce.com' },
    dead: {
      status: 400,
      error: 'invalid_grant',
      members: { error_description: 'expired access/refresh token' },
    },
    client: {
      status: 400,
      error: 'invalid_client_id',
      members: { error_description: 'client identifier invalid' },
    },
  },
  response: { codes: { 'already being processed': 'request_in_progress' } },
  failures: { request_in_progress: 'unknown', invalid_client_id: 'refused_before' },
  authorizationRequest: { scope: 'refresh_token' },
  missingRefreshToken:
    'Ask for the scope refresh_token (or offline_access), and select it in the ' +
    'OAuth scopes of the app.',
  played: { rotation: 'always' },
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const HTVIEWHELPDOC =
  'https://help.salesforce.com/apex/HTViewHelpDoc?id=remoteaccess_oauth_refresh_token_flow.htm&language=en_US'
const DOCS_2300 = 'https://github.com/segmentio/action-destinations/pull/2300'
const ARTICLEVIEW =
  'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm&language=en_US&type=5'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: rotation is off, and the old one is kept',
      source: HTVIEWHELPDOC,
      status: 200,
      body: {
        access_token: 'at-2',
        instance_url: 'https://acme.my.salesforce.com',
        id: 'https://login.salesforce.com/id/00D/005',
        token_type: 'Bearer',
        issued_at: '1278448384422',
        signature: 'c2ln',
        scope: 'api refresh_token',
      },
      ends: 'granted',
    },
    {
      title: 'a new refresh token: rotation is on',
      source: HTVIEWHELPDOC,
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        instance_url: 'https://acme.my.salesforce.com',
        token_type: 'Bearer',
        issued_at: '1278448384422',
      },
      ends: 'granted',
    },
    {
      title: 'spent, expired or revoked',
      source: 'https://github.com/restforce/restforce/issues/81',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
      ends: 'rejected',
    },
    {
      title: 'the org is inactive',
      source: 'https://github.com/calcom/cal.diy/pull/11508',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'inactive organization' },
      ends: 'rejected',
    },
    {
      title: 'another request with the same token is under way: it proves nothing',
      source: DOCS_2300,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'token request is already being processed',
      },
      ends: 'unknown',
      reads: { oauthError: 'request_in_progress' },
    },
    {
      title: 'an unknown client',
      source: ARTICLEVIEW,
      status: 400,
      body: { error: 'invalid_client_id', error_description: 'client identifier invalid' },
      ends: 'refused_before',
    },
    {
      title: 'a wrong secret',
      source: ARTICLEVIEW,
      status: 400,
      body: { error: 'invalid_client', error_description: 'invalid client credentials' },
      ends: 'refused_before',
    },
  ],
  sources: {
    tokenEndpoint: HTVIEWHELPDOC,
    revocationEndpoint:
      'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm&language=en_US&type=5',
    introspectionEndpoint:
      'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oidc_token_introspection.htm&language=en_US&type=5',
    introspectsRefreshTokens:
      'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oidc_token_introspection_endpoint.htm&language=en_US&type=5',
    rotation: HTVIEWHELPDOC,
    keptAs: HTVIEWHELPDOC,
    reuse: HTVIEWHELPDOC,
    reuseEffect: HTVIEWHELPDOC,
    wire: [HTVIEWHELPDOC, ARTICLEVIEW],
    response: DOCS_2300,
    'failures.request_in_progress': DOCS_2300,
    'failures.invalid_client_id': ARTICLEVIEW,
    authorizationRequest: HTVIEWHELPDOC,
  },
  variants: [
    {
      when: 'the app limits the idle time of refresh tokens',
      lifetimes: { refreshIdleMs: 2_592_000_000 },
      says:
        'Each use begins the 30 days anew. The administrator of an org may set a ' +
        'shorter time, or a fixed end.',
      source:
        'https://help.salesforce.com/s/articleView?id=xcloud.connected_app_limit_idle_ttl.htm&language=en_US&type=5',
    },
  ],
  changes: [
    {
      on: '2026-05-11',
      what: 'Refresh token rotation is mandatory for apps in more than two production orgs.',
      source: 'https://help.salesforce.com/s/articleView?id=005316711&type=1',
    },
  ],
  aliases: {
    authJs: ['salesforce'],
    betterAuth: ['salesforce'],
    nango: ['salesforce', 'salesforce-sandbox', 'salesforce-cdp', 'sage-people'],
  },
  notes: [
    'The answer does not say how long the access token lives: pass `response: ' +
      '{ accessLifetimeMs }` if you know the session timeout of the org, or ' +
      'refresh when the API answers 401.',
    '`instance_url`, the address of the API, is not part of a token set: store ' +
      'it beside the tokens.',
    'One connection per user and app: a second sign-in at the same app makes another grant.',
  ],
} as const satisfies ProviderEvidence

/**
 * @param options `host`: `login.salesforce.com`, `test.salesforce.com`, or the host of My Domain:
 *   `acme.my.salesforce.com`.
 */
export const salesforce = (options: { host: string } & Overrides): Provider =>
  providerOf(facts, options)
