import { providerOf } from '../src/core/define-provider.ts'
import type { Overrides, Provider } from '../src/core/provider.ts'
import type { ProviderEvidence, ProviderFacts } from '../src/facts/provider-facts.ts'

/**
 * Keycloak. A realm decides by "Revoke Refresh Token" whether a spent token is accepted.
 *
 * With it off, the default, each use brings a new token, and the old ones keep working. A provider
 * cannot know the setting of a realm, so the strict case is assumed.
 */
export const facts = {
  id: 'keycloak',
  name: 'Keycloak',
  for: 'Keycloak realms',
  parameters: { issuer: { is: 'url', example: 'https://id.example.com/realms/acme' } },
  issuer: '{issuer}',
  tokenEndpoint: '{issuer}/protocol/openid-connect/token',
  revocationEndpoint: '{issuer}/protocol/openid-connect/revoke',
  introspectionEndpoint: '{issuer}/protocol/openid-connect/token/introspect',
  introspectsRefreshTokens: true,
  rotation: 'always',
  oldAccessToken: 'lives',
  wire: {
    expiresIn: 'number',
    tokenType: 'Bearer',
    members: { refresh_expires_in: 1800, 'not-before-policy': 0, session_state: 's-1' },
  },
  clientAuthentication: 'client_secret_basic',
  silentSignIn: true,
  missingRefreshToken:
    '"Use refresh tokens" of the client is off. For a token that outlives the ' +
    'session ask for the scope offline_access.',
  verifiedAt: '2026-11-30',
} as const satisfies ProviderFacts

const ABSTRACTREFRESHTOKENPROVIDER =
  'https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/protocol/oidc/refresh/AbstractRefreshTokenProvider.java'
const INDEX = 'https://www.keycloak.org/docs/latest/server_admin/index.html#_timeouts'

/** What proves the facts. No bundle holds it: it is made of plain literals that nothing uses. */
export const evidence = {
  answers: [
    {
      title: 'a new pair, with the lifetimes of both',
      source: ABSTRACTREFRESHTOKENPROVIDER,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 300,
        refresh_expires_in: 1800,
        refresh_token: 'rt-2',
        token_type: 'Bearer',
        'not-before-policy': 0,
        session_state: 's-1',
        scope: 'profile email',
      },
      ends: 'granted',
    },
    {
      title: 'an offline token, which does not expire: refresh_expires_in is 0',
      source: INDEX,
      status: 200,
      body: {
        access_token: 'at-2',
        expires_in: 300,
        refresh_expires_in: 0,
        refresh_token: 'rt-2',
        token_type: 'Bearer',
      },
      ends: 'granted',
    },
    {
      title: 'the session is over',
      source: ABSTRACTREFRESHTOKENPROVIDER,
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token is not active' },
      ends: 'rejected',
    },
    {
      title: 'spent, with "Revoke Refresh Token" on',
      source: ABSTRACTREFRESHTOKENPROVIDER,
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'Maximum allowed refresh token reuse exceeded',
      },
      ends: 'rejected',
    },
    {
      title: 'a wrong secret',
      source:
        'https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/authentication/authenticators/client/ClientIdAndSecretAuthenticator.java',
      status: 401,
      body: {
        error: 'unauthorized_client',
        error_description: 'Invalid client or Invalid client credentials',
      },
      ends: 'refused_before',
    },
  ],
  sources: {
    silentSignIn: 'https://www.keycloak.org/securing-apps/javascript-adapter',
    issuer: INDEX,
    tokenEndpoint: INDEX,
    revocationEndpoint: INDEX,
    introspectionEndpoint: INDEX,
    introspectsRefreshTokens:
      'https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/protocol/oidc/TokenManager.java',
    clientAuthentication: INDEX,
    rotation: ABSTRACTREFRESHTOKENPROVIDER,
    oldAccessToken: ABSTRACTREFRESHTOKENPROVIDER,
    wire: ABSTRACTREFRESHTOKENPROVIDER,
  },
  variants: [
    {
      when: '"Revoke Refresh Token" of the realm is off (the default)',
      reuse: 'accepted',
      says: 'Tell it: `keycloak({ issuer, reuse: "accepted" })`.',
      source: ABSTRACTREFRESHTOKENPROVIDER,
    },
    {
      when: '"Revoke Refresh Token" is on',
      reuse: 'revokes',
      says:
        'A spent token past "Refresh Token Max Reuse" ends the client session, and ' +
        'the successor with it.',
      source: ABSTRACTREFRESHTOKENPROVIDER,
    },
    {
      when: 'the realm has the default settings',
      lifetimes: { accessMs: 300_000, refreshIdleMs: 1_800_000, refreshMs: 36_000_000 },
      says: 'SSO Session Idle and SSO Session Max.',
      source: INDEX,
    },
  ],
  aliases: { authJs: ['keycloak'] },
  notes: ['A public client passes `clientAuthentication: "none"`.'],
} as const satisfies ProviderEvidence

/** @param options `issuer`: `https://<host>/realms/<realm>`, as the metadata writes it. */
export const keycloak = (options: { issuer: string } & Overrides): Provider =>
  providerOf(facts, options)
