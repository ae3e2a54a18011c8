import OAuth2Server, { type Token } from '@node-oauth/oauth2-server'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { serving } from '../doctor/stage.ts'
import { beside, ownFolder } from './stage.ts'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

const require = createRequire(import.meta.url)

/** A real server on loopback. */
export interface NpmServer {
  readonly origin: string
  /** Its client: public. */
  readonly client: string
  /** An address that takes its access tokens. */
  readonly api: string
  /** Signs a new user in. @returns The refresh token. */
  signIn(): Promise<string>
}

type Fetch = (request: Request) => Promise<Response>

/** A `fetch` handler as a listener of Node. */
function listening(answer: () => Fetch): RequestListener {
  return (incoming, outgoing) => void answering(incoming, outgoing)

  async function answering(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = 'GET', url = '/', headers } = incoming
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null
    const plain = Object.fromEntries(Object.entries(headers).map(([name, v]) => [name, String(v)]))
    const request = new Request(`http://${headers.host}${url}`, { method, headers: plain, body })
    const { status, headers: sent, body: text } = await read(await answer()(request))
    outgoing.writeHead(status, sent).end(text)
  }
}

async function read(response: Response) {
  const { status, headers } = response
  return { status, headers: Object.fromEntries(headers), body: await response.text() }
}

async function postForm(url: string, form: Readonly<Record<string, string>>): Promise<Json> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  const body = (await response.json()) as Json
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`)
  return body
}

type Json = Readonly<Record<string, string>>

/** The part of workers-oauth-provider that is used: its own types need those of workerd. */
interface WorkersOAuth {
  readonly OAuthProvider: new (options: object) => {
    fetch(request: Request, env: object, context: object): Promise<Response>
  }
}

interface Helpers {
  createClient(client: object): Promise<{ clientId: string }>
  parseAuthRequest(request: Request): Promise<{ scope: readonly string[] }>
  completeAuthorization(options: object): Promise<{ redirectTo: string }>
}

/** The package as it is, but for the one class that only workerd has. */
async function loadWorkersOAuth(): Promise<WorkersOAuth> {
  const path = require.resolve('@cloudflare/workers-oauth-provider')
  const ours = beside(ownFolder(), 'workers-oauth-provider.mjs')
  const text = readFileSync(path, 'utf8')
  const without = text.replace(/^import \{ WorkerEntrypoint \}.*$/m, 'class WorkerEntrypoint {}')
  writeFileSync(ours, without)
  return (await import(pathToFileURL(ours).href)) as WorkersOAuth
}

/** A KV namespace of Cloudflare in a map. */
function keyValues(): object {
  const rows = new Map<string, string>()
  return {
    async get(key: string, options?: { type?: string }) {
      const row = rows.get(key) ?? null
      return row !== null && options?.type === 'json' ? (JSON.parse(row) as unknown) : row
    },
    put: async (key: string, row: string) => void rows.set(key, row),
    delete: async (key: string) => void rows.delete(key),
    list: async ({ prefix = '' }) => ({
      keys: [...rows.keys()].filter((key) => key.startsWith(prefix)).map((name) => ({ name })),
      list_complete: true,
    }),
  }
}

/** Cloudflare's authorization server for Workers. */
export async function workersOAuthProvider(): Promise<NpmServer> {
  const { OAuthProvider } = await loadWorkersOAuth()
  const redirectUri = 'http://127.0.0.1/callback'
  const env = { OAUTH_KV: keyValues() }
  let users = 0
  let answer: Fetch
  const origin = await serving(listening(() => answer))
  const provider = new OAuthProvider({
    apiRoute: '/api',
    apiHandler: { fetch: async () => new Response('it lives') },
    defaultHandler: {
      async fetch(request: Request, { OAUTH_PROVIDER: helpers }: { OAUTH_PROVIDER: Helpers }) {
        if (new URL(request.url).pathname === '/setup') {
          const redirectUris = [redirectUri]
          const made = { redirectUris, tokenEndpointAuthMethod: 'none', clientName: 'app' }
          return new Response((await helpers.createClient(made)).clientId)
        }
        if (!request.url.includes('/authorize?')) return new Response(null, { status: 404 })
        const asked = await helpers.parseAuthRequest(request)
        const user = { userId: `user-${(users += 1)}`, metadata: {}, props: {} }
        const given = { request: asked, scope: asked.scope, ...user }
        const { redirectTo } = await helpers.completeAuthorization(given)
        return new Response(null, { status: 302, headers: { location: redirectTo } })
      },
    },
    onError: () => undefined,
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    scopesSupported: ['read', 'offline_access'],
    resourceMetadata: { resource: `${origin}/api`, authorization_servers: [origin] },
  })
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined }
  answer = (request) => provider.fetch(request, env, { ...context, props: {} })
  const client = await (await fetch(`${origin}/setup`)).text()
  return {
    origin,
    client,
    api: `${origin}/api`,
    async signIn() {
      const verifier = 'v'.repeat(43)
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
      const asked = new URLSearchParams({
        response_type: 'code',
        client_id: client,
        redirect_uri: redirectUri,
        scope: 'read offline_access',
        state: 'state',
        code_challenge: Buffer.from(digest).toString('base64url'),
        code_challenge_method: 'S256',
      })
      const sent = await fetch(`${origin}/authorize?${asked}`, { redirect: 'manual' })
      const code = new URL(sent.headers.get('location') ?? '').searchParams.get('code')!
      const tokens = await postForm(`${origin}/token`, {
        grant_type: 'authorization_code',
        client_id: client,
        redirect_uri: redirectUri,
        code,
        code_verifier: verifier,
      })
      return tokens['refresh_token']!
    },
  }
}

/** The server that was once `oauth2-server`. A row holds a pair: the old one goes as a whole. */
export async function nodeOAuth2Server(): Promise<NpmServer> {
  const tokens = new Set<Token>()
  const client = { id: 'app', grants: ['password', 'refresh_token'] }
  const { Request: Asked, Response: Answered } = OAuth2Server
  const server = new OAuth2Server({
    requireClientAuthentication: { password: false, refresh_token: false },
    model: {
      getClient: async (id: string) => (id === client.id ? client : false),
      getUser: async (name?: string) => ({ name }),
      async saveToken(token, itsClient, user) {
        const saved = { ...token, client: itsClient, user }
        tokens.add(saved)
        return saved
      },
      getAccessToken: async (token) =>
        [...tokens].find(({ accessToken }) => accessToken === token) ?? false,
      getRefreshToken: async (token) =>
        ([...tokens] as (Token & { refreshToken: string })[]).find(
          ({ refreshToken }) => refreshToken === token,
        ) ?? false,
      revokeToken: async ({ refreshToken }) => {
        const row = [...tokens].find((each) => each.refreshToken === refreshToken)
        return row !== undefined && tokens.delete(row)
      },
    },
  })
  const origin = await serving(
    listening(() => async (request) => {
      const { method, url } = request
      const headers = Object.fromEntries(request.headers)
      const body = Object.fromEntries(new URLSearchParams(await request.text()))
      const asked = new Asked({ method, headers, body, query: {} })
      const answer = new Answered({})
      try {
        const isApi = url.endsWith('/api')
        await (isApi ? server.authenticate(asked, answer) : server.token(asked, answer))
        return Response.json(answer.body ?? {}, { headers: answer.headers ?? {} })
      } catch (error) {
        const { code: status, name, message } = error as { code: number } & Error
        return Response.json({ error: name, error_description: message }, { status })
      }
    }),
  )
  return {
    origin,
    client: client.id,
    api: `${origin}/api`,
    async signIn() {
      const user = { username: 'ann', password: 'secret' }
      const asked = { grant_type: 'password', client_id: client.id, ...user }
      return (await postForm(`${origin}/token`, asked))['refresh_token']!
    },
  }
}
