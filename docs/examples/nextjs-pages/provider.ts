import type { AuthOptions } from 'next-auth'
import Credentials from 'next-auth/providers/credentials'
import Spotify from 'next-auth/providers/spotify'
import type { Client, Provider } from 'refresh-once'
import { credentials } from 'refresh-once/providers/credentials'
import { logto } from 'refresh-once/providers/logto'
import { oidc } from 'refresh-once/providers/oidc'
import { spotify } from 'refresh-once/providers/spotify'

/** Who the users sign in with: once for NextAuth, once for the refresher. */
interface Source {
  /** The `id` that NextAuth knows it by. */
  readonly id: string
  readonly nextAuth: AuthOptions['providers'][number]
  readonly refresh: Provider
  readonly client?: Client
  /** An API that takes the access token and says whose it is. */
  readonly profile: string
}

// `next build` runs this file, too, where these need not be known.
const { PROVIDER = 'oidc', AUTH_ISSUER: issuer = 'https://id.example.com' } = process.env
const clientId = process.env.AUTH_CLIENT_ID ?? 'my-app'
// An empty line of .env is no secret: a public client.
const clientSecret = process.env.AUTH_CLIENT_SECRET || undefined

const client = { id: clientId, ...(clientSecret && { secret: clientSecret }) }
const forNextAuth = {
  clientId,
  clientSecret: clientSecret ?? '',
  checks: ['pkce' as const, 'state' as const],
  client: clientSecret ? {} : { token_endpoint_auth_method: 'none' as const },
}

/** What NextAuth 4 has to be told of an OpenID provider. */
function openId(id: string, name: string, idTokenAlg: string): Source['nextAuth'] {
  return {
    id,
    name,
    type: 'oauth',
    wellKnown: `${issuer}/.well-known/openid-configuration`,
    idToken: true,
    ...forNextAuth,
    client: { ...forNextAuth.client, id_token_signed_response_alg: idTokenAlg },
    // Without offline_access there is no refresh token, and many servers want consent for it.
    authorization: { params: { scope: 'openid profile offline_access', prompt: 'consent' } },
    profile: ({ sub, name, email }) => ({ id: sub, name: name ?? sub, email }),
  }
}

const sources: Readonly<Record<string, () => Source>> = {
  oidc: () => ({
    id: 'oidc',
    nextAuth: openId('oidc', 'OIDC', process.env.AUTH_ID_TOKEN_ALG || 'RS256'),
    refresh: oidc({ issuer }),
    client,
    profile: `${issuer}/me`,
  }),
  logto: () => ({
    id: 'logto',
    nextAuth: openId('logto', 'Logto', process.env.AUTH_ID_TOKEN_ALG || 'ES384'),
    refresh: logto({ endpoint: issuer }),
    client,
    profile: `${issuer}/me`,
  }),
  spotify: () => ({
    id: 'spotify',
    nextAuth: Spotify(forNextAuth),
    refresh: spotify(),
    client,
    profile: 'https://api.spotify.com/v1/me',
  }),
  credentials: () => {
    // POST /login and POST /refresh answer with { userToken, userRefreshToken }.
    const backend = credentials({
      url: `${issuer}/refresh`,
      carry: { json: 'userRefreshToken' },
      answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
      tokens: 'unguessable', // random ones: a ledger that is shared needs no pepper
    })
    return {
      id: 'credentials',
      nextAuth: Credentials({
        credentials: { name: {}, password: { type: 'password' } },
        async authorize(form) {
          const { name, password } = { ...form }
          const response = await fetch(`${issuer}/login`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ name, password }),
          })
          if (response.status === 401) return null
          return { ...(await backend.signIn(response)), id: String(name), name: String(name) }
        },
      }),
      refresh: backend,
      profile: `${issuer}/me`,
    }
  },
}

const chosen = Object.hasOwn(sources, PROVIDER) ? sources[PROVIDER] : undefined
if (!chosen) throw new TypeError(`PROVIDER is none of: ${Object.keys(sources).join(', ')}`)

export const source = chosen()
