/** One process with an MCP client, ruled by its parent. Bundled by ../credentials/processes.ts. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as two from '@modelcontextprotocol/client'
import * as oneAuth from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as OneClient } from '@modelcontextprotocol/sdk/client/index.js'
import * as oneHttp from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { credentialsFile } from '../../src/credentials/credentials-file.ts'
import { isRefreshError } from '../../src/index.ts'
import { mcpSession } from '../../src/integrations/mcp.ts'
import { browse } from '../oidc/sign-in.ts'

export interface McpSetup {
  readonly path: string
  readonly url: string
  /** `naive`: the provider of the SDK's examples, with its tokens in a file that all share. */
  readonly sdk: '1' | '2' | 'naive'
}

export type McpRequest =
  | { readonly type: 'calls'; readonly count: number; readonly tool?: string }
  | { readonly type: 'wake'; readonly afterMs: number }
  | { readonly type: 'sign in' }

export interface McpReport {
  readonly answered: number
  readonly failed: readonly string[]
  /** How often a page was opened for the user. */
  readonly opened: number
}

const { path, url, sdk } = JSON.parse(process.env['SETUP']!) as McpSetup
let opened = 0
let sleptMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + sleptMs }

/** The user's browser: signs in without asking, and comes back. */
async function open(page: URL): Promise<void> {
  opened += 1
  await fetch(await browse(page))
}

const session = mcpSession({
  serverUrl: url,
  auth: sdk === '2' ? two.auth : oneAuth.auth,
  file: credentialsFile({ path, clock }),
  open,
  clock,
  clientMetadata: { client_name: 'test' },
  onEvent: () => {},
})

/** What people write: tokens in a file, deleted when the SDK says so. */
function naiveProvider(): oneAuth.OAuthClientProvider {
  // A file holds what was written into it.
  const read = (name: string): never | undefined => {
    try {
      return JSON.parse(readFileSync(`${path}.${name}`, 'utf8')) as never
    } catch {
      return undefined
    }
  }
  const write = (name: string, value: unknown): void =>
    writeFileSync(`${path}.${name}`, JSON.stringify(value))
  const redirectUrl = 'http://127.0.0.1:1/callback'
  return {
    redirectUrl,
    clientMetadata: {
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => read('client'),
    saveClientInformation: (client) => write('client', client),
    tokens: () => read('tokens'),
    saveTokens: (tokens) => write('tokens', tokens),
    async redirectToAuthorization(page) {
      opened += 1
      write('code', (await browse(page)).searchParams.get('code'))
    },
    saveCodeVerifier: (verifier) => write('verifier', verifier),
    codeVerifier: () => read('verifier')!,
    invalidateCredentials(scope) {
      if (scope === 'tokens' || scope === 'all') rmSync(`${path}.tokens`, { force: true })
    },
  }
}

async function naiveCall(tool: string): Promise<void> {
  const transport = new oneHttp.StreamableHTTPClientTransport(new URL(url), {
    authProvider: naiveProvider(),
  })
  const client = new OneClient({ name: 'test', version: '1.0.0' })
  try {
    await client.connect(transport)
  } catch (error) {
    if (!(error instanceof oneAuth.UnauthorizedError)) throw error
    // A user would sit before a page here.
    throw new Error('signed out', { cause: error })
  }
  await client.callTool({ name: tool, arguments: {} })
  await client.close()
}

let one: OneClient | undefined
let newer: two.Client | undefined

async function call(tool: string): Promise<void> {
  if (sdk === 'naive') return naiveCall(tool)
  if (sdk === '1') {
    if (one === undefined) {
      const connecting = new OneClient({ name: 'test', version: '1.0.0' })
      const { clientProvider: authProvider, fetch } = session
      const transport = new oneHttp.StreamableHTTPClientTransport(new URL(url), {
        authProvider,
        fetch,
      })
      await connecting.connect(transport)
      one = connecting
    }
    await one.callTool({ name: tool, arguments: {} })
    return
  }
  if (newer === undefined) {
    const connecting = new two.Client({ name: 'test', version: '1.0.0' })
    const authProvider: two.AuthProvider = session
    await connecting.connect(
      new two.StreamableHTTPClientTransport(new URL(url), {
        authProvider,
        // Without it, a missing scope is an error of the SDK.
        ...(tool === 'admin' && { fetch: session.fetch }),
      }),
    )
    newer = connecting
  }
  await newer.callTool({ name: tool, arguments: {} })
}

async function obey(request: McpRequest): Promise<McpReport> {
  if (request.type === 'wake') {
    sleptMs += request.afterMs
    return { answered: 0, failed: [], opened }
  }
  if (request.type === 'sign in') {
    const provider = naiveProvider()
    await oneAuth.auth(provider, { serverUrl: url })
    const authorizationCode = JSON.parse(readFileSync(`${path}.code`, 'utf8')) as string
    await oneAuth.auth(provider, { serverUrl: url, authorizationCode })
    return { answered: 0, failed: [], opened }
  }
  const failed: string[] = []
  let answered = 0
  for (let n = 0; n < request.count; n += 1) {
    try {
      await call(request.tool ?? 'echo')
      answered += 1
    } catch (error) {
      failed.push(isRefreshError(error) ? `${error.code}: ${error.message}` : String(error))
    }
  }
  return { answered, failed, opened }
}

process.on('message', (request: McpRequest) => {
  void obey(request).then((answer) => process.send!({ answer }))
})
process.on('disconnect', () => process.exit())
process.send!({ answer: 'ready' })
