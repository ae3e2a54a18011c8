import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OidcServer } from '../oidc/oidc-server.ts'

/** An API that takes access tokens and says whose they are. */
export interface Api {
  readonly url: string
  /** Refuses an access token from now on, as every API does when it has expired. */
  refuse(accessToken: string): void
  stop(): Promise<void>
}

/** Asks the authorization server about each token that has not expired. */
export async function startApi({ issuer, clients }: OidcServer): Promise<Api> {
  const refused = new Set<string>()
  const { id, secret } = clients.basic
  const headers = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }

  async function answerTo(token: string): Promise<[status: number, body: object]> {
    if (refused.has(token)) return [401, {}]
    const body = new URLSearchParams({ token })
    const response = await fetch(`${issuer}/token/introspection`, { method: 'POST', headers, body })
    const { active, sub } = (await response.json()) as { active: boolean; sub?: string }
    return active ? [200, { sub, id: sub }] : [401, {}]
  }

  const server = createServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    void answerTo(token).then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`,
    refuse: (accessToken) => void refused.add(accessToken),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
