import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A web application: everything that it does. */
export type Handler = (request: Request) => Promise<Response>

/** An application that listens on loopback. */
export interface App {
  readonly origin: string
  /** What it does from now on, at `/api/auth`. */
  handler: Handler
  stop(): Promise<void>
}

export async function startApp(port = 0): Promise<App> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const request = await requestOf(incoming, app.origin)
      const isAuth = new URL(request.url).pathname.startsWith('/api/auth/')
      const response = isAuth ? await app.handler(request) : new Response('a page')
      outgoing.statusCode = response.status
      response.headers.forEach((value, name) => {
        if (name !== 'set-cookie') outgoing.setHeader(name, value)
      })
      outgoing.setHeader('set-cookie', response.headers.getSetCookie())
      outgoing.end(Buffer.from(await response.arrayBuffer()))
    })().catch((error: unknown) => outgoing.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  const app: App = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handler: () => Promise.resolve(new Response(undefined, { status: 404 })),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return app
}

async function requestOf(incoming: IncomingMessage, origin: string): Promise<Request> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, String(value))
  }
  const { method = 'GET', url = '/' } = incoming
  const body = Buffer.concat(await incoming.toArray())
  return new Request(new URL(url, origin), {
    method,
    headers,
    ...(method === 'POST' && { body }),
  })
}
