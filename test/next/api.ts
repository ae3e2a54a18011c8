import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OidcServer } from '../../src/testing/oidc-server.ts'

/** An API that takes access tokens and says whose they are. */
export interface Api {
  readonly url: string
  /** Refuses an access token from now on, as every API does when it has expired. */
  refuse(accessToken: string): void
  stop(): Promise<void>
}

/** Asks the authorization server about each token that has not expired. */
export async function startApi({ issuer }: OidcServer): Promise<Api> {
  const refused = new Set<string>()

  async function answerTo(authorization: string): Promise<[status: number, body: string]> {
    if (refused.has(authorization.replace('Bearer ', ''))) return [401, '{}']
    const response = await fetch(`${issuer}/me`, { headers: { authorization } })
    return [response.status, await response.text()]
  }

  const server = createServer((request, response) => {
    void answerTo(request.headers.authorization ?? '').then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(body),
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
