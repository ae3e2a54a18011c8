import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/** The shortest six months that there are: from the end of August to that of February. */
const SIX_MONTHS_MS = 181 * 24 * 60 * 60 * 1000

/**
 * Spotify, with PKCE (`client_id` in the body, no secret) or with a secret (Basic).
 *
 * Until 2026-07-20 the refresh tokens of PKCE clients were replaced at each use. Since then an
 * answer brings none, but Spotify does not promise that: an answer with one has replaced it, an
 * answer without has kept it.
 */
export const facts = {
  id: 'spotify',
  name: 'Spotify',
  for: 'Spotify, with PKCE or a secret',
  tokenEndpoint: 'https://accounts.spotify.com/api/token',
  revocationEndpoint: null,
  rotation: 'sometimes',
  keptAs: 'absent',
  // What a spent token does is not documented: `reuse` is left out.
  lifetimes: { accessMs: 3_600_000, refreshMs: SIX_MONTHS_MS },
  wire: { expiresIn: 'number' },
  verifiedAt: '2026-11-21',
} as const satisfies ProviderFacts

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'no refresh token: the old one is kept',
      source: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
      status: 200,
      body: { access_token: 'at-2', token_type: 'Bearer', expires_in: 3600, scope: 'user-read' },
      ends: 'granted',
    },
    {
      title: 'a refresh token: the old one is replaced (PKCE, until 2026-07-20)',
      source: 'https://github.com/ramsayleung/rspotify/issues/396',
      status: 200,
      body: {
        access_token: 'at-2',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'rt-2',
        scope: 'user-read',
      },
      ends: 'granted',
    },
    {
      title: 'six months are over',
      source: 'https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
      status: 400,
      body: { error: 'invalid_grant' },
      ends: 'rejected',
    },
    {
      title: 'spent, or the user withdrew',
      source: 'https://github.com/ramsayleung/rspotify/issues/396',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token revoked' },
      ends: 'rejected',
    },
    {
      title: 'a token that Spotify does not know',
      source: 'https://github.com/spotify/web-api/issues/1202',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Invalid refresh token' },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret, with 400',
      source: 'https://github.com/spotify/web-api/issues/919',
      status: 400,
      body: { error: 'invalid_client', error_description: 'Invalid client' },
      ends: 'refused_before',
    },
    {
      title: '429 with a time to wait',
      source: 'https://developer.spotify.com/documentation/web-api/concepts/rate-limits',
      status: 429,
      headers: { 'retry-after': '30' },
      body: 'Too many requests',
      ends: 'deferred',
      reads: { retryAfterMs: 30_000 },
    },
    {
      title: '503 of the gateway, which may have passed the request on',
      source: 'https://github.com/zmb3/spotify/issues/153',
      status: 503,
      headers: { 'content-type': 'text/plain' },
      body: 'upstream connect error or disconnect/reset before headers',
      ends: 'unknown',
    },
    {
      title: '502',
      source: 'https://github.com/spotify/web-api/issues/742',
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>502 Bad Gateway</body></html>',
      ends: 'unknown',
    },
  ],
  sources: {
    tokenEndpoint:
      'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    revocationEndpoint:
      'https://developer.spotify.com/documentation/web-api/concepts/authorization',
    rotation: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    keptAs: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    'lifetimes.accessMs':
      'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    'lifetimes.refreshMs': 'https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
    wire: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
  },
} as const satisfies ProviderEvidence

export const spotify = (overrides?: Overrides): Provider => providerOf(facts, overrides)
