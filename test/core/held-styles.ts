import { NOW_MS } from './helpers.ts'

const NOW_S = NOW_MS / 1000
const ISO = new Date(NOW_MS).toISOString()

/** What people hold today, with what each calls the expiry and how it writes `NOW_MS` there. */
export const STYLES: Readonly<Record<string, { held: Record<string, unknown>; isRow?: boolean }>> =
  {
    ours: { held: { accessToken: 'at', refreshToken: 'rt', expiresAtMs: NOW_MS, idToken: 'id' } },
    'the Auth.js guide': {
      held: { access_token: 'at', refresh_token: 'rt', expires_at: NOW_S, id_token: 'id' },
    },
    'expires_at in milliseconds': {
      held: { access_token: 'at', refresh_token: 'rt', expires_at: NOW_MS },
    },
    'expiresAt in seconds': { held: { accessToken: 'at', refreshToken: 'rt', expiresAt: NOW_S } },
    'expiresAt in milliseconds': {
      held: { accessToken: 'at', refreshToken: 'rt', expiresAt: NOW_MS },
    },
    'expiresAt as a Date': {
      held: { accessToken: 'at', refreshToken: 'rt', expiresAt: new Date(NOW_MS) },
    },
    'expiresAt as a text': { held: { accessToken: 'at', refreshToken: 'rt', expiresAt: ISO } },
    'the NextAuth 4 guide': {
      held: { accessToken: 'at', refreshToken: 'rt', accessTokenExpires: NOW_MS },
    },
    'names mixed': { held: { accessToken: 'at', refresh_token: 'rt', expires_at: NOW_S } },
    'scope as a list': { held: { accessToken: 'at', expiresAt: NOW_MS, scope: ['a', 'b'] } },
    'an Auth.js account row': {
      held: {
        userId: 'u1',
        type: 'oidc',
        provider: 'azure-ad',
        providerAccountId: 'x',
        access_token: 'at',
        refresh_token: 'rt',
        expires_at: NOW_S,
        token_type: 'bearer',
        scope: null,
        id_token: null,
        session_state: null,
      },
      isRow: true,
    },
    'a better-auth account row': {
      held: {
        id: '1',
        userId: 'u1',
        accountId: 'x',
        providerId: 'logto',
        accessToken: 'at',
        refreshToken: 'rt',
        accessTokenExpiresAt: new Date(NOW_MS),
        refreshTokenExpiresAt: null,
        idToken: null,
        scope: 'openid',
      },
      isRow: true,
    },
  }

export const styles = Object.entries(STYLES).map(([name, { held, isRow = false }]) => ({
  name,
  held,
  isRow,
}))
