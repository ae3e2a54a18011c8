import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { OidcServer } from '../../oidc/oidc-server.ts'

/** A request as it arrived. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
  /** Without `Bearer `. */
  readonly accessToken: string | undefined
}

/** A resource server (RFC 6749 §1.1): it asks the authorization server about each access token. */
export interface ResourceServer extends AsyncDisposable {
  readonly origin: string
  readonly arrived: readonly Arrived[]
  /** Access tokens that are no good here, whatever the authorization server says. */
  readonly refused: Set<string>
  /** What a path answers instead, access token or not. */
  readonly routes: Map<string, (response: ServerResponse, arrived: Arrived) => void>
}

export async function startResourceServer(
  server: Pick<OidcServer, 'isLive'>,
): Promise<ResourceServer> {
  const arrived: Arrived[] = []
  const refused = new Set<string>()
  const routes: ResourceServer['routes'] = new Map()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one = await arrivedIn(request)
    arrived.push(one)
    const route = routes.get(one.path)
    if (route) return route(response, one)
    const { accessToken } = one
    if (accessToken === undefined) return refuse(response, 'Bearer realm="api"')
    const isLive = !refused.has(accessToken) && (await server.isLive(accessToken))
    if (isLive) return void response.end(`${one.method} ${one.body}`)
    return refuse(response, 'Bearer realm="a, b", error="invalid_token"')
  }

  const listening = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    origin: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    arrived,
    refused,
    routes,
    async [Symbol.asyncDispose]() {
      listening.closeAllConnections()
      listening.close()
      await once(listening, 'close')
    },
  }
}

export function refuse(response: ServerResponse, challenge: string): void {
  response.writeHead(401, { 'www-authenticate': challenge }).end('refused')
}

export function redirect(status: number, location: string) {
  return (response: ServerResponse): void => void response.writeHead(status, { location }).end()
}

async function arrivedIn(request: IncomingMessage): Promise<Arrived> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { method = '', url = '', headers } = request
  const accessToken = headers.authorization?.replace(/^Bearer /, '')
  return { method, path: url, body, headers, accessToken }
}
