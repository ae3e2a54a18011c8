import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Any authorization server with metadata to discover (OIDC Discovery 1.0, RFC 8414) that keeps to
 * RFC 6749.
 *
 * Nothing else is known of it: a token may or may not rotate, and is never presented again after an
 * answer that was lost.
 */
export const facts = {
  id: 'oidc',
  name: 'Any OpenID provider',
  for: 'any AS that publishes metadata and follows RFC 6749',
  parameters: { issuer: { is: 'url', example: 'https://id.example.com' } },
  issuer: '{issuer}',
  rotation: 'sometimes',
  audiences: ['resource'],
  authorizationRequest: { scope: 'offline_access', prompt: 'consent' },
  verifiedAt: '2026-11-21',
} as const satisfies ProviderFacts

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'RFC 6749 §5.1 with a new refresh token',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1',
      status: 200,
      headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
      body: {
        access_token: '2YotnFZFEjr1zCsicMWpAA',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'tGzv3JOkF0XG5Qx2TlKWIA',
        scope: 'openid profile',
      },
      ends: 'granted',
    },
    {
      title: 'no new refresh token: the old one is kept (RFC 6749 §6)',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-6',
      status: 200,
      body: { access_token: 'at-2', token_type: 'bearer', expires_in: 3600 },
      ends: 'granted',
    },
    {
      title: 'an access token for a resource (RFC 8707)',
      source: 'https://www.rfc-editor.org/rfc/rfc8707.html#section-2.2',
      presented: { resource: 'https://calendar.example.com/' },
      status: 200,
      body: { access_token: 'at-2', token_type: 'Bearer', expires_in: 60 },
      ends: 'granted',
    },
    {
      title: 'an ID token of another subject withholds the set (OIDC Core §12.2)',
      source: 'https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse',
      presented: {
        // { iss: 'https://i', sub: 'ada' }
        idToken: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2kiLCJzdWIiOiJhZGEifQ.c2ln',
      },
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        refresh_token: 'rt-2',
        // { iss: 'https://i', sub: 'bob' }
        id_token: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2kiLCJzdWIiOiJib2IifQ.c2ln',
      },
      ends: 'granted',
      reads: { withheld: 'subject_changed', idToken: null },
    },
    {
      title: 'invalid_grant',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'invalid_client, before the token is looked at',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="id"' },
      body: { error: 'invalid_client' },
      ends: 'refused_before',
    },
    {
      title: 'invalid_scope, when the token may be spent',
      source: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2',
      status: 400,
      body: { error: 'invalid_scope' },
      ends: 'refused_after',
    },
    {
      title: 'invalid_target, when the token may be spent',
      source: 'https://www.rfc-editor.org/rfc/rfc8707.html#section-2',
      status: 400,
      body: { error: 'invalid_target' },
      ends: 'refused_after',
    },
    {
      title: '429 with a time to wait',
      source: 'https://www.rfc-editor.org/rfc/rfc6585.html#section-4',
      status: 429,
      headers: { 'retry-after': '30' },
      body: 'Too Many Requests',
      ends: 'deferred',
      reads: { retryAfterMs: 30_000 },
    },
    {
      title: '500 with a code: it may have come after the token was spent',
      source: 'https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.1',
      status: 500,
      body: { error: 'server_error' },
      ends: 'unknown',
    },
    {
      title: '503 of a gateway, which may have passed the request on',
      source: 'https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.4',
      status: 503,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>Service Unavailable</body></html>',
      ends: 'unknown',
    },
  ],
  sources: {
    issuer: 'https://openid.net/specs/openid-connect-discovery-1_0.html',
    rotation: 'https://www.rfc-editor.org/rfc/rfc6749.html#section-6',
    audiences: 'https://www.rfc-editor.org/rfc/rfc8707.html#section-2',
    authorizationRequest: 'https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess',
  },
} as const satisfies ProviderEvidence

/** @param options `issuer`: as the metadata writes it, to the last slash. */
export const oidc = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
