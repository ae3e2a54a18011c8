import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that listens already, so that an application knows its origin before it is made. */
export interface Stand {
  readonly origin: string
  listener: RequestListener
}

export async function stand(): Promise<Stand> {
  const server = createServer((request, response) => here.listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const here: Stand = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    listener: (_, response) => void response.writeHead(503).end(),
  }
  return here
}
