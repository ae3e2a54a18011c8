import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider, RawAnswer } from '../src/core/provider.ts'
import { ownField } from '../src/core/text.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Logto, Cloud or self-hosted.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: an error has `code: 'oidc.…'` and `message` beside `error`.
 * - §5.2: `invalid_target`, the 400 of a token script (`access_denied`, `invalid_request`), and any
 *   500 may come after the token was consumed. A 403 with a code comes before.
 * - §5.2: an expired client secret is `invalid_request`, not `invalid_client`.
 */
export const facts = {
  id: 'logto',
  name: 'Logto',
  for: 'Logto, Cloud or your own',
  parameters: { endpoint: { is: 'url', example: 'https://acme.logto.app' } },
  issuer: '{endpoint}/oidc',
  tokenEndpoint: '{endpoint}/oidc/token',
  revocationEndpoint: '{endpoint}/oidc/token/revocation',
  // Public clients (SPA, native): at every use. Others: past 70 % of the token's lifetime.
  rotation: 'sometimes',
  keptAs: 'echoed',
  reuse: { acceptedForMs: 3_000 },
  reuseAnswer: 'fork',
  reuseEffect: 'grant',
  oldAccessToken: 'lives',
  validates: 'after_consuming',
  unavailable: 'any_time',
  // A Grant lives for 180 days from the sign-in, however often its token rotates.
  lifetimes: { accessMs: 3_600_000, refreshMs: 180 * 24 * 60 * 60 * 1000 },
  audiences: ['resource', 'organization'],
  wire: {
    tokenType: 'Bearer',
    expiresIn: 'number',
    dead: {
      status: 400,
      error: 'invalid_grant',
      members: { code: 'oidc.invalid_grant', message: 'Grant request is invalid.' },
    },
    target: {
      status: 400,
      error: 'invalid_target',
      members: { code: 'oidc.invalid_target', message: 'Invalid resource.' },
    },
  },
  failures: {
    // No member of the organization, no right to the application, no second factor.
    '403 access_denied': 'refused_before',
    '403 insufficient_scope': 'refused_before',
    '400 access_denied': 'refused_after',
    invalid_scope: 'refused_before',
  },
  silentSignIn: true,
  authorizationRequest: { scope: 'offline_access', prompt: 'consent' },
  missingRefreshToken:
    'Check three settings: the scope offline_access and prompt=consent in the authorization ' +
    'request, or "Always issue refresh token" of the application in the Logto console.',
  // The default of an application for public clients.
  played: { rotation: 'always' },
  unused: {
    reuse:
      'An answer counts as lost only after timeouts.requestMs, when the 3 seconds are over. Each ' +
      'use within them makes one more refresh token, and Logto does not revoke it when the other ' +
      'is reused.',
  },
  verifiedAt: '2026-11-21',
} as const satisfies ProviderFacts

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: "a public client's token, replaced",
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        id_token: 'eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJibm1lbzduN3p3ZWIifQ.c2ln',
        scope: 'openid offline_access profile email',
        expires_in: 3600,
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: "a confidential client's token before 70 % of its lifetime: the same string again",
      source: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/defaults.ts',
      status: 200,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-1',
        scope: 'openid offline_access',
        expires_in: 3600,
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'an access token for an API resource',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      presented: { resource: 'https://api.example.com/' },
      status: 200,
      body: { access_token: 'at-2', refresh_token: 'rt-2', scope: 'read write', expires_in: 600 },
      ends: 'granted',
    },
    {
      title: 'an organization token: `scope` may be empty',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      presented: { organization: 'acme' },
      status: 200,
      body: { access_token: 'at-2', refresh_token: 'rt-2', scope: '', expires_in: 3600 },
      ends: 'granted',
    },
    {
      title: 'a dead grant: expired, revoked and reused look the same',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-oidc-error-handler.ts',
      status: 400,
      body: {
        code: 'oidc.invalid_grant',
        message: 'Grant request is invalid.',
        error: 'invalid_grant',
        error_description: 'grant request is invalid',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-oidc-error-handler.ts',
      status: 401,
      body: { code: 'oidc.invalid_client', error: 'invalid_client' },
      ends: 'refused_before',
    },
    {
      title: 'an expired secret: said before the token is looked at',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-app-secret-transpilation.ts',
      status: 400,
      body: {
        code: 'oidc.invalid_request',
        error: 'invalid_request',
        error_description: 'client secret has expired',
      },
      ends: 'refused_before',
      reads: { oauthError: 'invalid_client' },
    },
    {
      title: 'a scope that was not granted: said before the token is consumed',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      status: 400,
      body: { code: 'oidc.invalid_scope', scope: 'admin', error: 'invalid_scope' },
      ends: 'refused_before',
    },
    {
      title: 'no member of the organization: said before the token is looked at',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/utils.ts',
      presented: { organization: 'acme' },
      status: 403,
      body: { code: 'oidc.access_denied', error: 'access_denied' },
      ends: 'refused_before',
    },
    {
      title: 'the refresh token has no scope for organizations: said before it is consumed',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      presented: { organization: 'acme' },
      status: 403,
      body: { code: 'oidc.insufficient_scope', error: 'insufficient_scope' },
      ends: 'refused_before',
    },
    {
      title: 'a resource that Logto does not know, when the token is spent',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
      presented: { resource: 'https://other.example.com/' },
      status: 400,
      body: { code: 'oidc.invalid_target', error: 'invalid_target' },
      ends: 'refused_after',
    },
    {
      title: 'a token script denies access, when the token is spent',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/extra-token-claims.ts',
      status: 400,
      body: { code: 'oidc.access_denied', error: 'access_denied' },
      ends: 'refused_after',
    },
    {
      title: 'a token script fails and blocks issuance, when the token is spent',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/extra-token-claims.ts',
      status: 400,
      body: {
        code: 'oidc.invalid_request',
        error: 'invalid_request',
        error_description: 'custom JWT script failed',
      },
      ends: 'refused_after',
    },
    {
      title: "429: the month's tokens of a free plan are spent",
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-token-usage-guard.ts',
      status: 429,
      body: { code: 'auth.exceed_token_limit', message: 'Token usage exceeded.' },
      ends: 'deferred',
    },
    {
      title: '500 that may come when the token is spent',
      source:
        'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-oidc-error-handler.ts',
      status: 500,
      body: { code: 'oidc.server_error', error: 'server_error' },
      ends: 'unknown',
    },
    {
      title: '403 without a code, of a gateway: it proves nothing',
      source: 'https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.4',
      status: 403,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>Forbidden</body></html>',
      ends: 'unknown',
    },
  ],
  sources: {
    silentSignIn:
      'https://github.com/panva/node-oidc-provider/blob/main/lib/actions/authorization/check_prompt.js',
    issuer: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
    tokenEndpoint: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
    revocationEndpoint:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
    rotation: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
    keptAs: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
    reuse:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/queries/oidc-model-instance.ts',
    reuseAnswer:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/queries/oidc-model-instance.ts',
    reuseEffect:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/utils.ts',
    oldAccessToken:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    validates:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    unavailable:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    'lifetimes.accessMs':
      'https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#ttl',
    'lifetimes.refreshMs':
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/defaults.ts',
    audiences:
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    wire: 'https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-oidc-error-handler.ts',
    'failures.403 access_denied':
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/utils.ts',
    'failures.403 insufficient_scope':
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    'failures.400 access_denied':
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/extra-token-claims.ts',
    'failures.invalid_scope':
      'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts',
    authorizationRequest: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
  },
} as const satisfies ProviderEvidence

/** The three addresses that the console shows lead to the same endpoint. */
const COPIED = /(?:\/oidc(?:\/\.well-known\/openid-configuration)?)?\/*$/

/** @param options `endpoint`: `https://<tenant>.logto.app`, or the issuer, ending in `/oidc`. */
export const logto = (options: { endpoint: string } & Overrides): Provider => {
  const { endpoint }: { endpoint?: unknown } = { ...options }
  const isText = typeof endpoint === 'string'
  const host = isText ? { ...options, endpoint: endpoint.replace(COPIED, '') } : options
  return providerOf(facts, host, { read })
}

/** Tells an expired secret from a request that is wrong. */
function read({ body }: RawAnswer): Record<string, unknown> | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const isExpired = ownField(body, 'error_description') === 'client secret has expired'
  return isExpired ? { error: 'invalid_client' } : { ...body }
}
