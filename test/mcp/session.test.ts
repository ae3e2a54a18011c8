import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { credentialsFile } from '../../src/credentials/credentials-file.ts'
import { mcpSession } from '../../src/integrations/mcp.ts'
import type { McpSession, McpSessionOptions } from '../../src/integrations/mcp.ts'
import { browse } from '../oidc/sign-in.ts'
import { freePort, temporaryDirectory } from '../servers/process.ts'
import { startMcpScene } from './server.ts'
import type { McpScene } from './server.ts'

let scene: McpScene
let port: number
beforeAll(async () => {
  port = await freePort()
  scene = await startMcpScene({ redirectUris: [`http://127.0.0.1:${port}/callback`] })
})
afterAll(() => scene[Symbol.asyncDispose]())

async function freshPath(): Promise<string> {
  const directory = await temporaryDirectory('mcp')
  onTestFinished(() => rm(directory, { recursive: true, maxRetries: 10 }))
  return join(directory, 'credentials.json')
}

const signsIn = async (page: URL): Promise<unknown> => fetch(await browse(page))

async function session(options: Partial<McpSessionOptions> = {}): Promise<McpSession> {
  const file = options.file ?? credentialsFile({ path: await freshPath() })
  return mcpSession({
    serverUrl: scene.url,
    auth,
    open: signsIn,
    onEvent: () => {},
    ...options,
    file,
  })
}

async function call(options: ConstructorParameters<typeof StreamableHTTPClientTransport>[1]) {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(scene.url), options)
  await client.connect(transport)
  const result = await client.callTool({ name: 'echo', arguments: {} })
  await client.close()
  return result.content
}

describe('mcpSession', () => {
  it.each([
    [{}, 'serverUrl is missing'],
    [{ serverUrl: 'mcp.example.com', auth, app: 'a' }, 'the URL of the server'],
    [{ serverUrl: 'https://a.example/mcp', app: 'a' }, 'auth, imported from'],
    [{ serverUrl: 'https://a.example/mcp', auth }, 'write one of app'],
    [
      { serverUrl: 'https://a.example/mcp', auth, app: 'a', clients: [{ client_id: 'x' }] },
      'issuer',
    ],
    [{ serverUrl: 'https://a.example/mcp', auth, app: 'a', client: {} }, 'write clients'],
    [
      { serverUrl: 'https://a.example/mcp', auth, app: 'a', clientMetadataUrl: 'http://a/b' },
      'an https URL',
    ],
  ])('refuses %o', (options, message) => {
    const make = (): unknown => mcpSession(options as unknown as McpSessionOptions)

    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  it('shows no refresh token to an SDK, and works without fetch at the second call', async () => {
    const { clientProvider: authProvider } = await session()

    await expect(call({ authProvider })).rejects.toThrow(UnauthorizedError)
    const answer = await call({ authProvider })

    expect(answer).toEqual([{ type: 'text', text: 'echo' }])
    expect(Object.keys((await authProvider.tokens())!).toSorted()).toEqual([
      'access_token',
      'issuer',
      'scope',
      'token_type',
    ])
    expect(() => authProvider.codeVerifier()).toThrow(/make the call again/)
  })

  it('signs in to the same client again, and revokes at sign-out', async () => {
    const each = await session()
    const { clientProvider: authProvider, fetch, file } = each
    await call({ authProvider, fetch })
    const { current, clients } = (await file.details(new URL(scene.url).href)) as {
      current: { key: string }
      clients: object
    }
    const { refreshToken } = (await file.load(current.key))!

    await each.signOut()

    expect(await scene.authorizationServer.isLive(refreshToken!)).toBe(false)
    expect(await each.token()).toBeUndefined()
    await call({ authProvider, fetch })
    expect((await file.details(new URL(scene.url).href))['clients']).toEqual(clients)
  })

  it('uses the client that its issuer knows, and the port of its redirect', async () => {
    const each = await session({
      port,
      clients: [
        { client_id: 'of-another', issuer: 'https://other.example' },
        { client_id: 'public', issuer: scene.authorizationServer.issuer },
      ],
    })

    await call({ authProvider: each.clientProvider, fetch: each.fetch })

    const details = await each.file.details(new URL(scene.url).href)
    expect(details).toMatchObject({ current: { client: { id: 'public' } } })
    expect(details).not.toHaveProperty('clients')
  })

  it('says which port is in use', async () => {
    const taken = createServer().listen(port, '127.0.0.1')
    onTestFinished(() => void taken.close())
    const each = await session({ port })

    await expect(each.signIn()).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(`Port ${port}`),
    })
  })

  it('fails in all that wait, if the user refuses, and shows one page', async () => {
    let opened = 0
    const file = credentialsFile({ path: await freshPath() })
    const refuses = async (page: URL): Promise<void> => {
      opened += 1
      const back = new URL(page.searchParams.get('redirect_uri')!)
      const forged = new URL(back)
      forged.search = '?code=made-up&state=made-up'
      expect((await fetch(forged)).status).toBe(404)
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('state', page.searchParams.get('state')!)
      await fetch(back)
    }
    const sessions = await Promise.all(
      Array.from({ length: 3 }, () => session({ file, open: refuses })),
    )

    const ends = await Promise.allSettled(sessions.map((each) => each.signIn()))

    const codes = ends.map(
      (end) => end.status === 'rejected' && (end.reason as { code: string }).code,
    )
    expect(codes).toEqual(Array(3).fill('sign_in_failed'))
    expect(opened).toBe(1)
  })

  it('shows no page, if it was given no way to', async () => {
    const file = credentialsFile({ path: await freshPath() })
    const each = mcpSession({ serverUrl: scene.url, auth, file, onEvent: () => {} })

    const calling = call({ authProvider: each.clientProvider, fetch: each.fetch })

    await expect(calling).rejects.toMatchObject({ code: 'no_tokens' })
  })

  it('shows no page, if the authorization server is away', async () => {
    let opened = 0
    let isAway = false
    const each = await session({
      timeouts: { waitMs: 200 },
      open: async (page) => {
        opened += 1
        await signsIn(page)
      },
      fetch: async (url, init) => {
        const isTokenEndpoint = String(url) === scene.authorizationServer.tokenEndpoint
        if (isAway && isTokenEndpoint) {
          throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
        }
        return fetch(url, init)
      },
    })
    await call({ authProvider: each.clientProvider, fetch: each.fetch })
    isAway = true
    const key = ((await each.file.details(new URL(scene.url).href))['current'] as { key: string })
      .key
    const tokens = (await each.file.load(key))!
    await each.file.put(key, { ...tokens, expiresAtMs: 1_700_000_000_000, obtainedAtMs: undefined })

    const outcome: unknown = await each.token().catch((error: unknown) => error)

    expect(outcome).toMatchObject({ code: expect.stringMatching(/unreachable|timed_out/) })
    expect(opened).toBe(1)
  })
})
