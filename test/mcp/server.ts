import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { jsonOf } from '../oidc/exchange.ts'
import { startOidcServer } from '../oidc/oidc-server.ts'
import type { OidcServer, OidcServerOptions } from '../oidc/oidc-server.ts'
import { postAs } from '../oidc/sign-in.ts'

/** A real MCP server behind a strict authorization server, both on loopback. */
export interface McpScene extends AsyncDisposable {
  readonly url: string
  readonly authorizationServer: OidcServer
  /** Refuses all tokens that it has seen until now, as if they had expired. */
  expire(): void
  /** How many calls of tools were answered. */
  answered(): number
}

/** The scope that the tool `admin` needs beyond that of the others. */
const ADMIN_SCOPE = 'write'

export async function startMcpScene(
  options: Pick<OidcServerOptions, 'redirectUris'> = {},
): Promise<McpScene> {
  const seen = new Set<string>()
  const expired = new Set<string>()
  let answered = 0
  let authorizationServer: OidcServer | undefined
  const front = createServer()
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  const url = `${origin}/mcp`
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`

  function makeServer(): McpServer {
    const server = new McpServer({ name: 'test', version: '1.0.0' })
    for (const name of ['echo', 'admin']) {
      server.registerTool(name, { description: name }, () => {
        answered += 1
        return { content: [{ type: 'text', text: name }] }
      })
    }
    return server
  }

  async function scopeOf(token: string): Promise<string | undefined> {
    if (expired.has(token)) return undefined
    const { body } = await postAs('basic', `${authorizationServer!.issuer}/token/introspection`, {
      token,
    })
    const { active, scope = '' } = jsonOf(body)
    if (active === true) seen.add(token)
    return active === true ? String(scope) : undefined
  }

  front.on('request', (request, response) => {
    const deny = (status: number, challenge: string): void => {
      request.resume()
      const header = `Bearer ${challenge}, resource_metadata="${metadataUrl}"`
      response.writeHead(status, { 'www-authenticate': header }).end()
    }
    const answer = async (): Promise<void> => {
      if (request.url === '/.well-known/oauth-protected-resource/mcp') {
        const metadata = {
          resource: url,
          authorization_servers: [authorizationServer!.issuer],
          scopes_supported: ['read'],
        }
        const type = { 'content-type': 'application/json' }
        return void response.writeHead(200, type).end(JSON.stringify(metadata))
      }
      if (request.url !== '/mcp') return void response.writeHead(404).end()
      if (request.method !== 'POST') return void response.writeHead(405).end()
      const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
      const scope = token === undefined ? undefined : await scopeOf(token)
      if (scope === undefined) return deny(401, 'error="invalid_token", scope="read"')
      const chunks: Buffer[] = await request.toArray()
      const message = JSON.parse(Buffer.concat(chunks).toString()) as {
        params?: { name?: string }
      }
      if (message.params?.name === 'admin' && !scope.split(' ').includes(ADMIN_SCOPE)) {
        return deny(403, `error="insufficient_scope", scope="${ADMIN_SCOPE}"`)
      }
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      await makeServer().connect(transport)
      await transport.handleRequest(request, response, message)
    }
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  authorizationServer = await startOidcServer({
    accessTokenMs: 3_600_000,
    resources: [url],
    ...options,
  })

  return {
    url,
    authorizationServer,
    expire() {
      for (const token of seen) expired.add(token)
    },
    answered: () => answered,
    async [Symbol.asyncDispose]() {
      front.closeAllConnections()
      await new Promise((resolve) => front.close(resolve))
      await authorizationServer.stop()
    },
  }
}
