import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Agent, fetch as undiciFetch, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FetchOnce } from '../../src/transport/send.ts'
import { whyUnsent } from '../../src/transport/unsent.ts'
import { loopback } from './loopback.ts'
import { certificate, fullBacklog, presentTo } from './setup.ts'

/** Node's own undici, for its options: there is no other way to them without installing it. */
async function agent(options: object): Promise<object> {
  await fetch('data:,')
  const global = (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')]
  const Agent = (global as object).constructor as new (options: object) => { destroy(): void }
  const made = new Agent(options)
  onTestFinished(() => made.destroy())
  return made
}

async function failure(url: string, init: object = {}): Promise<unknown> {
  const request = { method: 'POST', body: 'refresh_token=rt-1', ...init }
  return fetch(url, request).then(
    async (response) =>
      response.text().then(
        () => undefined,
        (error: unknown) => error,
      ),
    (error: unknown) => error,
  )
}

const codeOf = (error: unknown): unknown => (error as { cause?: { code?: unknown } }).cause?.code

describe('whyUnsent: real failures before anything was sent', () => {
  it('a port where nobody listens', async () => {
    const server = await loopback(() => {})
    await server.close()

    const error = await failure(server.origin)

    expect(codeOf(error)).toBe('ECONNREFUSED')
    expect(whyUnsent(error)).toBeDefined()
  })

  it('two addresses where nobody listens (localhost)', async () => {
    const server = await loopback(() => {})
    await server.close()

    const error = await failure(server.origin.replace('127.0.0.1', 'localhost'))

    expect(whyUnsent(error)).toBeDefined()
  })

  it('a name that does not exist', async () => {
    const error = await failure('https://name.invalid/token')

    expect(codeOf(error)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
    expect(whyUnsent(error)).toBeDefined()
  })

  it('a certificate that signed itself', async () => {
    const server = await loopback(() => {}, certificate('-addext', 'subjectAltName=IP:127.0.0.1'))

    const error = await failure(server.origin)

    expect(codeOf(error)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(whyUnsent(error)).toBeDefined()
    expect(server.seen).toEqual([])
  })

  it("a certificate of another host's", async () => {
    const pair = certificate('-addext', 'subjectAltName=DNS:other.example')
    const server = await loopback(() => {}, pair)
    const dispatcher = await agent({ connect: { ca: pair.cert } })

    const error = await failure(server.origin, { dispatcher })

    expect(codeOf(error)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(whyUnsent(error)).toBeDefined()
    expect(server.seen).toEqual([])
  })

  it('a connection that is never made', async () => {
    const port = await fullBacklog()
    const dispatcher = await agent({ connectTimeout: 100 })

    const error = await failure(`http://127.0.0.1:${port}/`, { dispatcher })

    expect(codeOf(error)).toBe('UND_ERR_CONNECT_TIMEOUT')
    expect(whyUnsent(error)).toBeDefined()
  })

  it('makes the presentation deferred', async () => {
    const server = await loopback(() => {}, certificate())

    expect(await presentTo(server.origin)).toEqual({
      outcome: 'deferred',
      failure: 'deferred',
      code: 'unreachable',
      origin: server.origin,
      hint: expect.stringMatching(/certificate.*NODE_EXTRA_CA_CERTS/),
    })
  })
})

/** A real proxy: what it answers to CONNECT, and the sockets that it was asked for. */
async function proxy(answer: (socket: Duplex, host: string) => unknown): Promise<Dispatcher> {
  const server = createHttpServer()
  server.on('connect', ({ url = '' }, socket) => {
    socket.on('error', () => {})
    answer(socket, url)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true })
  onTestFinished(async () => {
    await agent.destroy()
    server.close()
  })
  return agent
}

describe('whyUnsent: proxies and ports', () => {
  it.each([407, 403, 502])('a proxy that answers %i to CONNECT', async (status) => {
    const server = await loopback(() => {})
    const dispatcher = await proxy((socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`),
    )

    for (const send of [undiciFetch, fetch]) {
      const request = { method: 'POST', body: 'refresh_token=rt-1', dispatcher }
      const error: unknown = await send(server.origin, request as object).catch((e: unknown) => e)
      expect(whyUnsent(error)).toBe('proxy')
    }
    expect(server.seen).toEqual([])
  })

  it('is no proof if the tunnel was open and the server closed it', async () => {
    const server = await loopback((_request, _response, socket) => socket.destroy())
    const dispatcher = await proxy((socket, host) => {
      const [name, port] = host.split(':')
      const upstream = connect({ host: name!, port: Number(port) }, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(upstream).pipe(socket)
      })
      upstream.on('close', () => socket.destroy())
    })

    const error = await failure(server.origin, { dispatcher })

    expect(server.seen).toHaveLength(1)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('is no proof if the agent was destroyed meanwhile', async () => {
    const dispatcher = new Agent()
    const server = await loopback(() => void dispatcher.destroy())

    const error = await failure(server.origin, { dispatcher })

    expect(server.seen).toHaveLength(1)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('a port that fetch refuses', async () => {
    const error = await failure('http://127.0.0.1:10080/')

    expect(whyUnsent(error)).toBe('port')
    const fetch: FetchOnce = (url, init) => globalThis.fetch(url, init)
    expect(await presentTo('http://127.0.0.1:10080', { fetch })).toMatchObject({
      outcome: 'deferred',
      code: 'unreachable',
      hint: expect.stringContaining('port'),
    })
  })

  it('status 407: a proxy answered, not the server', async () => {
    const fetch = async (): Promise<Response> =>
      new Response('{"error":"invalid_grant"}', { status: 407 })

    expect(await presentTo('https://id.example.com', { fetch })).toMatchObject({
      outcome: 'deferred',
      code: 'unreachable',
      hint: expect.stringContaining('proxy'),
    })
  })
})

describe('runtimeFetch: errors of Deno and Bun, as Deno 2.9 and Bun 1.2 throw them', () => {
  const deno = (message: string): Error =>
    new TypeError('fetch failed', { cause: new Error(message) })
  const URL = 'http://127.0.0.1:4433/token'
  const refused = `error sending request for url (${URL}): client error (Connect)`

  /** What comes of an error in a runtime, and the options with which `fetch` was called. */
  async function thrown(
    name: 'Deno' | 'Bun',
    error: unknown,
  ): Promise<{ why: unknown; init: object | undefined }> {
    const client = { pooled: false }
    vi.stubGlobal(name, name === 'Deno' ? { createHttpClient: () => client } : {})
    const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.reject(error))
    vi.stubGlobal('fetch', fetch)
    vi.resetModules()
    const { runtimeFetch, whyUnsent: why } = await import('../../src/transport/unsent.ts')
    const end: unknown = await runtimeFetch(URL, { method: 'POST' }).catch((e: unknown) => e)
    vi.unstubAllGlobals()
    return { why: why(end), init: fetch.mock.calls[0]?.[1] }
  }

  it.each<[string, 'Deno' | 'Bun', unknown, string | undefined]>([
    ['refused', 'Deno', deno(`${refused}: tcp connect error: Connection refused`), 'unconnected'],
    ['no such name', 'Deno', deno(`${refused}: dns error: failed to lookup`), 'unconnected'],
    ['a certificate', 'Deno', deno(`${refused}: invalid peer certificate: Expired`), 'certificate'],
    ['a port', 'Deno', new TypeError('Fetch failed: Requests to port 6000 are blocked'), 'port'],
    [
      'closed after the request',
      'Deno',
      deno(
        `error sending request from 127.0.0.1:5 for ${URL} (127.0.0.1:4433): ` +
          'client error (SendRequest): connection closed before message completed',
      ),
      undefined,
    ],
    ['reset', 'Deno', deno('Connection reset by peer (os error 104)'), undefined],
    [
      'refused',
      'Bun',
      Object.assign(new Error('Unable to connect'), { code: 'ConnectionRefused' }),
      'unconnected',
    ],
    ['closed', 'Bun', Object.assign(new Error('closed'), { code: 'ConnectionClosed' }), undefined],
  ])('%s in %s', async (_name, runtime, error, expected) => {
    const { why, init } = await thrown(runtime, error)

    expect(why).toBe(expected)
    // Without a connection of its own, both send again and hide what the first server got.
    expect(init).toMatchObject(
      runtime === 'Deno' ? { client: { pooled: false } } : { keepalive: false },
    )
  })

  it('are no proof of a fetch of the user, which may share connections', () => {
    expect(whyUnsent(deno(`${refused}: tcp connect error`))).toBeUndefined()
    expect(whyUnsent(Object.assign(new Error('no'), { code: 'ConnectionRefused' }))).toBe(undefined)
  })
})

describe('whyUnsent: real failures that prove nothing', () => {
  it('a reset after the request', async () => {
    const server = await loopback((_request, _response, socket) => socket.resetAndDestroy())

    const error = await failure(server.origin)

    expect(server.seen).toHaveLength(1)
    expect(error).toBeInstanceOf(Error)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('a connection closed after the request', async () => {
    const server = await loopback((_request, _response, socket) => socket.destroy())

    const error = await failure(server.origin)

    expect(server.seen).toHaveLength(1)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('a connection closed within the body', async () => {
    const server = await loopback((_request, response, socket) => {
      response.writeHead(200, { 'content-length': '9' })
      response.write('{', () => socket.destroy())
    })

    const error = await failure(server.origin)

    expect(error).toBeInstanceOf(Error)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('our own deadline', async () => {
    const server = await loopback(() => {})

    expect(
      whyUnsent(await failure(server.origin, { signal: AbortSignal.timeout(50) })),
    ).toBeUndefined()
  })

  it('a server that wants a client certificate says so after it has the request', async () => {
    const pair = certificate('-addext', 'subjectAltName=IP:127.0.0.1')
    const tls = {
      ...pair,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    } as const
    const server = await loopback(() => {}, tls)
    const dispatcher = await agent({ connect: { ca: pair.cert } })

    const error = await failure(server.origin, { dispatcher })

    expect(error).toBeInstanceOf(Error)
    expect(whyUnsent(error)).toBeUndefined()
  })

  it('a port that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.end('no TLS here\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void plain.close())
    const { port } = plain.address() as AddressInfo

    const error = await failure(`https://127.0.0.1:${port}/`)

    expect(error).toBeInstanceOf(Error)
    expect(whyUnsent(error)).toBeUndefined()
  })
})

describe('whyUnsent: by the form of the error', () => {
  const failed = (cause: unknown): Error => new TypeError('fetch failed', { cause })
  const coded = (code: string, syscall?: string): Error =>
    Object.assign(new Error(code), { code }, syscall === undefined ? {} : { syscall })

  const denied = (permission: string): Error =>
    Object.assign(coded('ERR_ACCESS_DENIED'), { permission })

  const aborted = (message: string): Error =>
    failed(Object.assign(new Error(message), { code: 'UND_ERR_ABORTED' }))
  const failedBy = (code: string): Error =>
    Object.assign(aborted('Proxy response (407) !== 200 when HTTP Tunneling'), { code })

  it.each([
    ['ETIMEDOUT of connect', failed(coded('ETIMEDOUT', 'connect')), true],
    ['ETIMEDOUT of read', failed(coded('ETIMEDOUT', 'read')), false],
    ['ETIMEDOUT of nobody knows what', failed(coded('ETIMEDOUT')), false],
    ['EHOSTUNREACH of connect', failed(coded('EHOSTUNREACH', 'connect')), true],
    ['EHOSTUNREACH of write', failed(coded('EHOSTUNREACH', 'write')), false],
    ['CERT_HAS_EXPIRED', failed(coded('CERT_HAS_EXPIRED')), true],
    ['EPROTO', failed(coded('EPROTO', 'write')), false],
    ['UND_ERR_SOCKET', failed(coded('UND_ERR_SOCKET')), false],
    [
      'ECONNRESET around ECONNREFUSED',
      Object.assign(failed(coded('ECONNREFUSED')), { code: 'ECONNRESET' }),
      false,
    ],
    [
      'each attempt refused',
      failed(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH', 'connect')])),
      true,
    ],
    [
      'one attempt reset',
      failed(new AggregateError([coded('ECONNREFUSED'), coded('ECONNRESET')])),
      false,
    ],
    ['a proxy', aborted('Proxy response (407) !== 200 when HTTP Tunneling'), true],
    ['another abort', aborted('Request aborted'), false],
    ['a proxy inside of a reset', failedBy('ECONNRESET'), false],
    ['no permission to connect', failed(coded('EPERM', 'connect')), true],
    ['no descriptor left', failed(coded('EMFILE', 'connect')), true],
    ['EPERM of write', failed(coded('EPERM', 'write')), false],
    ['a connection that Node denies', failed(denied('Net')), true],
    ['a file that Node denies', failed(denied('FileSystemWrite')), false],
    ['a permission that Deno denies', new Error('Requires net access to "x", run again'), true],
    ['a list of revoked certificates', failed(coded('UNABLE_TO_GET_CRL')), true],
    ["a tunnel of Node's", failed(coded('ERR_PROXY_TUNNEL')), true],
    ['TLS to the proxy', failed(coded('UND_ERR_PRX_TLS')), true],
    [
      'a tunnel of tunnel-agent',
      Object.assign(new Error('tunneling socket could not be established, statusCode=407'), {
        code: 'ECONNRESET',
      }),
      true,
    ],
    ['a SOCKS proxy', new Error('Socks5 proxy rejected connection - NotAllowed'), true],
    ['a mock without answer', failed(coded('UND_MOCK_ERR_MOCK_NOT_MATCHED')), true],
    ['nock 14, not matched', coded('ERR_NOCK_NO_MATCH'), true],
    [
      'nock 14, not allowed',
      Object.assign(new Error('Nock: Disallowed net connect for "id.example.com:443/token"'), {
        code: 'ENETUNREACH',
      }),
      true,
    ],
    [
      'MSW 2, not handled',
      new Error(
        '[MSW] Cannot bypass a request when using the "error" strategy for the ' +
          '"onUnhandledRequest" option.',
      ),
      true,
    ],
    [
      'fetch-mock 12',
      new Error('fetch-mock: No response or fallback rule to cover post to https://id.example.com'),
      true,
    ],
    ['MSW 2, told to fail', new TypeError('Failed to fetch'), false],
    ['no attempt', failed(new AggregateError([])), false],
    ['no code', new Error('connect ECONNREFUSED'), false],
    ['a text', 'ECONNREFUSED', false],
    ['nothing', undefined, false],
  ])('%s', (_name, error, expected) => {
    expect(whyUnsent(error) !== undefined).toBe(expected)
  })

  it('looks no deeper than eight errors', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? coded('ECONNREFUSED') : failed(nested(depth - 1))

    expect(whyUnsent(nested(7))).toBeDefined()
    expect(whyUnsent(nested(8))).toBeUndefined()
  })

  it('ends on an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error

    expect(whyUnsent(error)).toBeUndefined()
  })

  it('is no proof when the error cannot be read', () => {
    const error = Object.defineProperty({}, 'code', {
      get: () => {
        throw new Error('no')
      },
    })

    expect(whyUnsent(error)).toBeUndefined()
  })
})
