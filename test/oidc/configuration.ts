import { generateKeyPairSync } from 'node:crypto'
import { systemRandom } from '../../src/core/random.ts'
import type { Context } from './provider.ts'
import type { Adapter } from './rows.ts'

/** Clients of the local server, each in the shape that a refresher takes. */
export const CLIENTS = {
  /** A public client: PKCE, `token_endpoint_auth_method` `none`. */
  public: { id: 'public' },
  /** A confidential client, `client_secret_basic`. */
  basic: { id: 'basic', secret: 'basic-secret-of-the-local-test-server' },
  /** A confidential client, `client_secret_post`. */
  post: { id: 'post', secret: 'post-secret-of-the-local-test-server' },
} as const

export type ClientId = keyof typeof CLIENTS

const AUTHENTICATION_OF: Readonly<Record<ClientId, string>> = {
  public: 'none',
  basic: 'client_secret_basic',
  post: 'client_secret_post',
}

/** What every resource server of the local server offers (RFC 8707). */
export const RESOURCE_SCOPE = 'read write'

const DAY_S = 24 * 60 * 60

/** Whether refresh tokens are replaced: see `OidcServerOptions`. */
export type Rotates = boolean | 'nearing_expiry'

export interface ConfigurationOptions {
  readonly accessTokenMs: number
  readonly refreshTokenMs: number
  readonly rotates: Rotates
  readonly path: string
  readonly revokeGrantPolicy: (() => boolean) | undefined
  readonly redirectUris: readonly string[]
  readonly resources: readonly string[]
  readonly dpopNonces: boolean
  adapter(model: string): Adapter
}

/** The configuration of oidc-provider, with nothing left to the defaults that it warns of. */
export function configurationOf(options: ConfigurationOptions): object {
  const { rotates, revokeGrantPolicy, resources, path, dpopNonces } = options
  const accessTokenSeconds = secondsOf(options.accessTokenMs, 'accessTokenMs')
  const refreshTokenSeconds = secondsOf(options.refreshTokenMs, 'refreshTokenMs')
  return {
    adapter: (model: string) => options.adapter(model),
    clients: Object.entries(CLIENTS).map(([id, client]) => ({
      client_id: id,
      ...('secret' in client && { client_secret: client.secret }),
      token_endpoint_auth_method: AUTHENTICATION_OF[id as ClientId],
      redirect_uris: [...options.redirectUris],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    })),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [Buffer.from(systemRandom.bytes(32)).toString('base64url')] },
    ttl: {
      AccessToken: accessTokenSeconds,
      RefreshToken: refreshTokenSeconds,
      IdToken: 3600,
      Interaction: 3600,
      Session: 14 * DAY_S,
      Grant: Math.max(14 * DAY_S, refreshTokenSeconds),
    },
    routes: Object.fromEntries(ROUTES.map(([name, route]) => [name, `${path}${route}`])),
    // oidc-provider's own default is what `nearing_expiry` says.
    ...(typeof rotates === 'boolean' && { rotateRefreshToken: () => rotates }),
    ...(revokeGrantPolicy && { revokeGrantPolicy: () => revokeGrantPolicy() }),
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    pkce: { required: () => true },
    interactions: {
      url: (_: Context, { uid }: { readonly uid: string }) => `${INTERACTION_PATH}${uid}`,
    },
    findAccount: (_: Context, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    clientBasedCORS: () => true,
    renderError: (context: { body: unknown }, out: object) => {
      context.body = JSON.stringify(out)
    },
    ...(resources.length > 0 && {
      scopes: ['openid', 'offline_access', ...RESOURCE_SCOPE.split(' ')],
    }),
    // What clients that register themselves need not say.
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      dPoP: {
        enabled: true,
        ...(dpopNonces && { nonceSecret: Buffer.alloc(32, 1), requireNonce: () => true }),
      },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: isOwn },
      resourceIndicators: {
        enabled: resources.length > 0,
        getResourceServerInfo: (_: Context, resource: string) => {
          if (!resources.includes(resource)) throw invalidTarget()
          return { scope: RESOURCE_SCOPE, audience: resource, accessTokenTTL: accessTokenSeconds }
        },
      },
    },
  }
}

/** Every endpoint that a client is given. */
const ROUTES = [
  ['authorization', '/auth'],
  ['jwks', '/jwks'],
  ['token', '/token'],
  ['introspection', '/token/introspection'],
  ['revocation', '/token/revocation'],
  ['registration', '/reg'],
  ['userinfo', '/me'],
] as const

/** Where a browser is sent to sign in and consent; ours does both without asking. */
export const INTERACTION_PATH = '/interaction/'

function isOwn(
  _: Context,
  client: { readonly clientId: string },
  token: { readonly clientId: string },
): boolean {
  return client.clientId === token.clientId
}

/** An error that oidc-provider answers as it is (RFC 8707 §2). */
function invalidTarget(): Error {
  return Object.assign(new Error('invalid_target'), { expose: true, statusCode: 400 })
}

/** oidc-provider takes whole seconds only. */
function secondsOf(ms: number, option: string): number {
  if (ms > 0 && Number.isInteger(ms / 1000)) return ms / 1000
  throw new TypeError(`${option} must be whole seconds, in milliseconds: got ${ms}`)
}

function signingKey(): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'jwk' })
}
