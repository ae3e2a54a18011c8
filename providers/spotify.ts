import { defineProvider } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'

/** The shortest six months that there are: from the end of August to that of February. */
const SIX_MONTHS_MS = 181 * 24 * 60 * 60 * 1000

/**
 * Spotify, with PKCE (`client_id` in the body, no secret) or with a secret (Basic).
 *
 * Refresh tokens live for six months from the authorization; refreshing does not extend that. Until
 * 2026-07-20 those of PKCE clients were replaced at each use, since then an answer brings none: who
 * sends one has replaced it, who sends none has kept it.
 *
 * @see https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens
 * @see https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration
 */
export const spotify = (overrides: Overrides = {}): Provider =>
  defineProvider(
    {
      id: 'spotify',
      tokenEndpoint: 'https://accounts.spotify.com/api/token',
      revocationEndpoint: null,
      rotation: 'sometimes',
      response: { refreshLifetimeMs: SIX_MONTHS_MS },
      verifiedAt: '2026-11-21',
    },
    overrides,
  )
