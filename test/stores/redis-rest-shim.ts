import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

/** A real Redis behind HTTP, as Upstash has it. */
export interface RestShim extends AsyncDisposable {
  readonly url: string
  readonly token: string
  /** Commands that came, each with its arguments. */
  readonly commands: string[][]
  /** Answers every request with this status, and nothing else, until it is taken back. */
  status: number | undefined
  stop(): Promise<void>
}

/**
 * Speaks Upstash's REST API to a Redis on loopback: a command is a JSON array, its answer `{ result
 * }`, or `{ error }` with status 400. Strings are UTF-8 unless the request has `Upstash-Encoding:
 * base64`: bytes that are no text do not survive it, as they do not there.
 *
 * @see https://upstash.com/docs/redis/features/restapi
 */
export async function startRestShim(redisPort: number): Promise<RestShim> {
  const redis = new Redis(redisPort, '127.0.0.1', { maxRetriesPerRequest: 0 }).on('error', () => {})
  const token = 'rest-token'
  const shim: RestShim = {
    url: '',
    token,
    commands: [],
    status: undefined,
    async stop() {
      redis.disconnect()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
    [Symbol.asyncDispose]: () => shim.stop(),
  }

  async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const body = (await request.setEncoding('utf8').toArray()).join('')
    if (shim.status !== undefined) return [shim.status, {}]
    if (request.headers.authorization !== `Bearer ${token}`) return [401, { error: 'Unauthorized' }]
    const [command, ...args] = (JSON.parse(body) as unknown[]).map(String)
    shim.commands.push([command!, ...args])
    const isEncoded = request.headers['upstash-encoding'] === 'base64'
    try {
      const result = await redis.callBuffer(command!, ...args)
      return [200, { result: spelled(result, isEncoded ? 'base64' : 'utf8') }]
    } catch (error) {
      return [400, { error: error instanceof Error ? error.message : 'ERR' }]
    }
  }

  const server: Server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(shim, { url: `http://127.0.0.1:${port}` })
}

/** What JSON can hold of an answer of Redis. */
function spelled(result: unknown, encoding: BufferEncoding): unknown {
  if (Array.isArray(result)) return result.map((each) => spelled(each, encoding))
  return Buffer.isBuffer(result) ? result.toString(encoding) : result
}
