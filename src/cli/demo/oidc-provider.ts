import { generateKeyPairSync } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { systemRandom } from '../../core/random.ts'
import { toBase64url } from '../../core/text.ts'

/** The lowest OAuth layer of the demo: it signs users in, and knows which tokens are alive. */
export interface TokenIssuer {
  readonly answer: RequestListener
  signIn(): Promise<{ readonly accessToken: string; readonly refreshToken: string }>
  isLive(token: string): Promise<boolean>
}

/** The part of oidc-provider's `Provider` that the demo uses. */
interface OidcProvider {
  readonly Client: { find(id: string): Promise<object> }
  readonly Grant: new (of: { accountId: string; clientId: string }) => {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }
  readonly AccessToken: TokenModel
  readonly RefreshToken: TokenModel
  callback(): RequestListener
}

interface TokenModel {
  new (of: object): { save(): Promise<string> }
  find(token: string): Promise<{ readonly isValid: boolean } | undefined>
}

const SCOPE = 'openid offline_access'

/** Loads oidc-provider 9. Returns `undefined` if it is not installed. */
async function load(): Promise<typeof import('oidc-provider/lib/provider.js') | undefined> {
  try {
    // Its main entry only adds a warning about the version of Node.
    return await import('oidc-provider/lib/provider.js')
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      return undefined
    throw error
  }
}

/**
 * Makes an oidc-provider with one public client. It rotates refresh tokens, and revokes the grant
 * if a spent one comes back.
 *
 * @returns `undefined` if oidc-provider is not installed.
 */
export async function oidcProvider(
  issuer: string,
  clientId: string,
  accessTokenMs: number,
): Promise<TokenIssuer | undefined> {
  const module = await load()
  if (module === undefined) return undefined
  parseUrls()
  const provider = new module.Provider(
    issuer,
    configurationOf(clientId, accessTokenMs / 1_000),
  ) as OidcProvider
  let users = 0
  return {
    answer: provider.callback(),
    async signIn() {
      const accountId = `user-${(users += 1)}`
      const client = await provider.Client.find(clientId)
      const consent = new provider.Grant({ accountId, clientId })
      consent.addOIDCScope(SCOPE)
      const grantId = await consent.save()
      const of = { accountId, client, grantId, gty: 'authorization_code', scope: SCOPE }
      const [accessToken, refreshToken] = await Promise.all([
        new provider.AccessToken(of).save(),
        new provider.RefreshToken(of).save(),
      ])
      return { accessToken, refreshToken }
    },
    async isLive(token) {
      const [access, refresh] = await Promise.all([
        provider.AccessToken.find(token),
        provider.RefreshToken.find(token),
      ])
      return (access ?? refresh)?.isValid === true
    },
  }
}

/** oidc-provider warns about its defaults, so that none is left. */
function configurationOf(clientId: string, accessTokenSeconds: number): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const day = 24 * 60 * 60
  return {
    adapter: adapters(),
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [privateKey.export({ format: 'jwk' })] },
    cookies: { keys: [toBase64url(systemRandom.bytes(32))] },
    ttl: {
      AccessToken: accessTokenSeconds,
      RefreshToken: day,
      IdToken: 3_600,
      Interaction: 3_600,
      Session: day,
      Grant: day,
    },
    rotateRefreshToken: () => true,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    pkce: { required: () => true },
    findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    clientBasedCORS: () => true,
    features: { devInteractions: { enabled: false } },
  }
}

/** A row as oidc-provider writes it. */
interface OidcRow {
  readonly uid?: string
  readonly grantId?: string
  /** Epoch seconds. */
  readonly consumed?: number
}

/** oidc-provider's storage, in memory: one map for each of its models. */
function adapters(): (model: string) => object {
  const tables = new Map<string, Map<string, OidcRow>>()
  return (model) => {
    const table = tables.get(model) ?? new Map<string, OidcRow>()
    tables.set(model, table)
    return {
      upsert: async (id: string, row: OidcRow) => void table.set(id, row),
      find: async (id: string) => table.get(id),
      findByUid: async (uid: string) => [...table.values()].find((row) => row.uid === uid),
      findByUserCode: async () => undefined,
      destroy: async (id: string) => void table.delete(id),
      consume: async (id: string) => void table.set(id, { ...table.get(id), consumed: 1 }),
      async revokeByGrantId(grantId: string) {
        for (const [id, row] of table) if (row.grantId === grantId) table.delete(id)
      },
    }
  }
}

/** oidc-provider 9 calls `URL.parse`, which Node has from 22.1 on. */
function parseUrls(): void {
  if ('parse' in URL) return
  Object.defineProperty(URL, 'parse', {
    configurable: true,
    writable: true,
    value: (url: string, base?: string): URL | null =>
      URL.canParse(url, base) ? new URL(url, base) : null,
  })
}
