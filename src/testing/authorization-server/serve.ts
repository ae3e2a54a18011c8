import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sleep } from '../../core/clock.ts'
import type { Clock } from '../../core/clock.ts'
import type { Arriving, Reply } from './wire.ts'
import { otherAnswer, passageOf, wordsOf } from './fault.ts'
import type { NetworkFault, Passage } from './fault.ts'
import { readRequest } from './wire.ts'
import type { ServerInMemory } from './server.ts'

/** A fault over a real connection, which cannot be refused once it is open. */
export type ExchangeFault = Exclude<NetworkFault, { readonly kind: 'connection_refused' }>

export interface Served {
  readonly origin: string
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly server: ServerInMemory
  readonly clock: Clock
  /** @param request The exchange that the fault is for. */
  takeFault(request: Arriving): ExchangeFault | undefined
  /** Default: the system chooses one. */
  readonly port?: number | undefined
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined
  /** Answers requests of its own, before the server does. `undefined`: it has no answer. */
  answer?(request: Arriving, origin: string): Reply | undefined
}

/** Serves a described server. */
export async function serve({
  server,
  clock,
  takeFault,
  port = 0,
  host = '127.0.0.1',
  answer,
}: ServeOptions): Promise<Served> {
  const stopping = new AbortController()
  const waiting = async (ms: number): Promise<void> => {
    if (ms > 0) await sleep(clock, ms, stopping.signal)
  }

  async function token(request: Arriving, response: ServerResponse): Promise<void> {
    const fault = takeFault(request)
    const { refreshToken } = readRequest(request, server.behaviour.wire)
    if (fault !== undefined) server.note(wordsOf(fault), refreshToken)
    if (fault?.kind === 'consent_withdrawn' && refreshToken) server.withdraw(refreshToken)
    const passage = passageOf(fault)
    const replies = Array.from({ length: passage.arrivals }, () => server.receive(request).reply)
    const reply = met(passage, replies, fault, server)
    if (reply === 'silence') return untilAborted(stopping.signal)
    if (reply === undefined) return void response.destroy()
    const { pace } = server.behaviour
    await waiting((passage.delayMs ?? 0) + pace.headersMs)
    await send(response, reply, passage.cutAtByte, () => waiting(pace.bodyMs))
  }

  const http = createServer((incoming, response) => {
    const run = async (): Promise<void> => {
      const request = await arriving(incoming)
      const path = request.url.split('?', 1)[0]!
      const own = answer?.(request, origin)
      if (own !== undefined) return send(response, own)
      if (path === '/token') return token(request, response)
      if (path === '/revoke') server.receiveRevocation(request)
      const isMetadata = path.includes('/.well-known/')
      response.writeHead(isMetadata || path === '/revoke' ? 200 : 404, {
        'content-type': 'application/json',
      })
      response.end(JSON.stringify(isMetadata ? metadataAt(origin) : {}))
    }
    run().catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject).listen(port, host, resolve)
  })
  const name = host.includes(':') ? `[${host}]` : host
  const origin = `http://${name}:${(http.address() as AddressInfo).port}`
  return {
    origin,
    stop: () =>
      new Promise((resolve) => {
        stopping.abort()
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

/** RFC 8414 §2, as far as a client that refreshes needs it. */
export function metadataAt(issuer: string): object {
  return { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }
}

/** The answer that the client meets. `undefined`: its connection breaks. */
function met(
  { meets }: Passage,
  replies: readonly Reply[],
  fault: NetworkFault | undefined,
  { behaviour }: ServerInMemory,
): Reply | 'silence' | undefined {
  if (meets === 'silence') return meets
  if (meets === 'other') return otherAnswer(fault!, behaviour)
  return meets === 'first' ? replies[0] : meets === 'last' ? replies.at(-1) : undefined
}

async function send(
  response: ServerResponse,
  { status, headers, body }: Reply,
  cutAtByte?: number,
  beforeBody?: () => Promise<void>,
): Promise<void> {
  const bytes = Buffer.from(body)
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.writeHead(status, { 'content-length': bytes.length }).flushHeaders()
  await beforeBody?.()
  if (cutAtByte === undefined) return void response.end(bytes)
  const part = bytes.subarray(0, Math.min(cutAtByte, bytes.length - 1))
  await new Promise<void>((resolve) => response.write(part, () => resolve()))
  response.destroy()
}

async function arriving(incoming: IncomingMessage): Promise<Arriving> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return {
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers: (name) => {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: Buffer.concat(chunks).toString(),
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve())
  })
}
