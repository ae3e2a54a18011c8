import { logto } from '../../providers/logto.ts'
import { oidc } from '../../providers/oidc.ts'
import { spotify } from '../../providers/spotify.ts'
import type { Overrides, Provider } from '../../src/core/provider.ts'
import type { OidcServer, OidcServerOptions } from '../oidc/oidc-server.ts'
import { DAY_MS } from './timed-world.ts'

/** How oidc-provider behaves like a product, and the description of that product. */
export interface Product {
  readonly server: OidcServerOptions
  /** The description, turned to where the server listens. */
  at(server: OidcServer, overrides?: Overrides): Provider
}

/** Any server that rotates refresh tokens and notices when one is reused. */
export const OIDC: Product = {
  server: {},
  at: ({ issuer }, overrides) => oidc({ issuer, rotation: 'always', ...overrides }),
}

/** Logto: organization tokens, and its own error body. */
export const LOGTO: Product = {
  server: {
    rotates: 'nearing_expiry',
    refreshTokenMs: 14 * DAY_MS,
    around: {
      request(parameters) {
        const id = parameters.get('organization_id')
        if (id !== null) parameters.set('resource', `urn:logto:organization:${id}`)
        parameters.delete('organization_id')
      },
      answer: ({ status, body }) => ({
        status,
        body:
          'error' in body ? { code: `oidc.${String(body['error'])}`, message: '…', ...body } : body,
      }),
    },
  },
  at: ({ issuer, tokenEndpoint }, overrides) =>
    logto({ endpoint: issuer, issuer, tokenEndpoint, revocationEndpoint: null, ...overrides }),
}

/** The longest six months: for so long Spotify's refresh tokens are served. */
export const SPOTIFY_SERVES_MS = 184 * DAY_MS

/** Spotify: no ID token, and a refresh token that is kept is not sent again. */
export const SPOTIFY: Product = {
  server: {
    rotates: false,
    refreshTokenMs: SPOTIFY_SERVES_MS,
    around: {
      answer({ status, body }, presented) {
        const { refresh_token: next, id_token: _, ...others } = body
        return { status, body: next === presented ? others : { ...others, refresh_token: next } }
      },
    },
  },
  at: ({ tokenEndpoint }, overrides) => spotify({ tokenEndpoint, ...overrides }),
}

/** Spotify as it was for PKCE clients until 2026-07-20. */
export const SPOTIFY_REPLACING: Product = {
  ...SPOTIFY,
  server: { ...SPOTIFY.server, rotates: true },
}
