import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as the server saw it, body read. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** The body as a form. */
  readonly form: Readonly<Record<string, string>>
}

export interface Loopback {
  readonly origin: string
  readonly seen: Seen[]
  /** Connections accepted so far. */
  readonly sockets: () => number
  readonly close: () => Promise<void>
}

export type Answer = (
  request: Seen,
  response: ServerResponse,
  socket: IncomingMessage['socket'],
) => unknown

/** A real server on a free loopback port; closed with its connections when the test is over. */
export async function loopback(answer: Answer, tls?: ServerOptions): Promise<Loopback> {
  const seen: Seen[] = []
  let sockets = 0
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body = Buffer.concat(chunks).toString()
      const form = Object.fromEntries(new URLSearchParams(body))
      seen.push({ method, url, headers, body, form })
      void answer(seen.at(-1)!, response, request.socket)
    })
  }
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.on('connection', () => sockets++)
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(close)
  const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  return { origin, seen, sockets: () => sockets, close }
}

/** Answers with a status, a body (JSON unless it is text) and headers. */
export function say(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const isText = typeof body === 'string'
  const type = isText ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(isText ? body : JSON.stringify(body))
}

/** An unsigned token in the form of a JWT. */
export function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`
}
