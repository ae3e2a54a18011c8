import { once } from 'node:events'
import http from 'node:http'
import { createServer as createPlain } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { Agent, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { isUntouched, ownSocket } from '../../src/transport/own-socket.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import { loopback, say } from './loopback.ts'
import { certificate, fullBacklog, presentTo, shown } from './setup.ts'

const GRANTED = { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 }
const DISPATCHER = Symbol.for('undici.globalDispatcher.1')

/** A server that writes bytes as they are, once the head and the body of a request have come. */
async function raw(answer: (socket: Socket, seen: string) => unknown, host = '127.0.0.1') {
  const seen: string[] = []
  const server = createPlain((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString()
      const [head, body] = text.split('\r\n\r\n', 2)
      const length = Number(/content-length: (\d+)/i.exec(head!)?.[1] ?? 0)
      if (body === undefined || body.length < length) return
      seen.push(text)
      answer(socket, text)
      text = ''
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, seen }
}

const BODY = JSON.stringify(GRANTED)
const head = (status: string, ...lines: string[]): string =>
  [`HTTP/1.1 ${status}`, 'content-type: application/json', ...lines, '', ''].join('\r\n')
const LENGTH = `content-length: ${BODY.length}`

/** Each way in which the same requests are sent. */
const WAYS: readonly (readonly [string, FetchOnce | undefined])[] = [
  ['a connection of its own', undefined],
  ['fetch', (url, init) => globalThis.fetch(url, init)],
]

describe('a connection that the application left idle', () => {
  it('is not taken: the server may close it at that moment', async () => {
    const used = new WeakSet<object>()
    const server = await loopback(({ url }, response, socket) => {
      const isIdle = used.has(socket)
      used.add(socket)
      // The server's idle time was over when the request came.
      if (isIdle && url === '/token') return socket.destroy()
      return say(response, 200, GRANTED)
    })
    const ends = new Set<string>()

    for (let i = 0; i < 20; i++) {
      await (await fetch(`${server.origin}/userinfo`)).text()
      // The pool takes the connection back one turn later.
      await new Promise(setImmediate)
      await new Promise(setImmediate)
      ends.add((await presentTo(server.origin)).outcome)
    }

    expect([...ends]).toEqual(['granted'])
  })
})

describe.each(WAYS)('by %s', (name, fetch) => {
  const isOwn = fetch === undefined
  const GRANT = { outcome: 'granted', accessToken: 'at-2', refreshToken: 'rt-2' }

  it.each<[string, (socket: Socket) => unknown]>([
    ['a length', (socket) => socket.end(head('200 OK', LENGTH) + BODY)],
    [
      'chunks',
      (socket) => {
        const [one, two] = [BODY.slice(0, 9), BODY.slice(9)]
        const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
        socket.write(head('200 OK', 'transfer-encoding: chunked') + chunk(one))
        setImmediate(() => socket.write(`${chunk(two)}0\r\n\r\n`))
      },
    ],
    [
      'HTTP/1.0, until the end',
      (socket) => socket.end(head('200 OK').replace('1.1', '1.0') + BODY),
    ],
    ['until the end', (socket) => socket.end(head('200 OK') + BODY)],
    [
      'after early hints',
      (socket) =>
        socket.end(
          'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n' +
            head('200 OK', LENGTH) +
            BODY,
        ),
    ],
    [
      'after 100 and 102',
      (socket) =>
        socket.end(
          'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' +
            head('200 OK', LENGTH) +
            BODY,
        ),
    ],
    [
      'with headers of 12 KB',
      (socket) => socket.end(head('200 OK', LENGTH, `x-long: ${'x'.repeat(12_000)}`) + BODY),
    ],
    [
      'on a connection that stays open',
      (socket) => socket.write(head('200 OK', LENGTH, 'connection: keep-alive') + BODY),
    ],
    [
      'and then a reset, its JSON whole',
      (socket) =>
        socket.write(head('200 OK', 'content-length: 999') + BODY, () =>
          setImmediate(() => socket.destroy()),
        ),
    ],
    ['with a status beyond all', (socket) => socket.end(head('299 Odd', LENGTH) + BODY)],
  ])('reads %s', async (title, answer) => {
    const server = await raw(answer)

    // undici takes a 100 that was not asked for as the end of the connection.
    if (!isOwn && title === 'after 100 and 102') return
    expect(shown(await presentTo(server.origin, { fetch }))).toMatchObject(GRANT)
    expect(server.seen).toHaveLength(1)
  })

  it.each<[string, Buffer, string]>([
    ['gzip', gzipSync(BODY), 'gzip'],
    ['deflate', deflateSync(BODY), 'deflate'],
    ['brotli', brotliCompressSync(BODY), 'br'],
    ['two codings', gzipSync(brotliCompressSync(BODY)), 'br, gzip'],
    ['gzip that was cut off', gzipSync(BODY).subarray(0, -8), 'GZIP'],
  ])('decodes %s', async (_name, body, coding) => {
    const server = await loopback((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding })
      response.end(body)
    })

    expect(shown(await presentTo(server.origin, { fetch }))).toMatchObject(GRANT)
  })

  it.each<[string, (socket: Socket) => unknown, object]>([
    ['a reset after the request', (socket) => socket.resetAndDestroy(), { code: 'unknown' }],
    ['an end after the request', (socket) => socket.end(), { code: 'unknown' }],
    ['no HTTP', (socket) => socket.end('+OK hello\r\n'), { code: 'unknown' }],
    [
      'headers without end',
      (socket) => socket.end(head('200 OK', `x: ${'x'.repeat(40_000)}`) + BODY),
      { code: 'unknown' },
    ],
    ['a redirect', (socket) => socket.end(head('307 Go', 'location: /other', LENGTH) + BODY), {}],
    ['a protocol that was not asked for', (socket) => socket.end(head('101 Switch')), {}],
    ['a status beyond all', (socket) => socket.end(head('799 Odd', 'content-length: 0')), {}],
    ['no answer', () => {}, { code: 'unknown' }],
  ])('takes %s for no proof', async (_name, answer, expected) => {
    const server = await raw(answer)

    const end = await presentTo(server.origin, { fetch, timeoutMs: 300 })

    expect(end).toMatchObject({ outcome: 'unknown', ...expected })
    expect(server.seen).toHaveLength(1)
  })

  it.each<[string, number, string]>([
    ['nothing', 204, 'unknown'],
    ['a refusal before the request has ended', 413, 'unknown'],
  ])('reads %s', async (_name, status, outcome) => {
    const server = createPlain((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(head(`${status} Odd`, 'content-length: 0')))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo

    expect(await presentTo(`http://127.0.0.1:${port}`, { fetch })).toMatchObject({
      outcome,
      status,
    })
  })

  it('reaches an address of IPv6', async () => {
    const server = await raw((socket) => socket.end(head('200 OK', LENGTH) + BODY), '::1')

    expect(await presentTo(server.origin, { fetch })).toMatchObject({ outcome: 'granted' })
    expect(server.seen[0]).toMatch(new RegExp(`host: \\[::1\\]:${server.port}`, 'i'))
  })

  it('proves that a connection was refused', async () => {
    const server = await raw(() => {})
    const gone = createPlain().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))

    const end = await presentTo(`http://127.0.0.1:${port}`, { fetch })

    expect(end).toMatchObject({ outcome: 'deferred', code: 'unreachable' })
    expect(server.seen).toEqual([])
  })

  it.each<[string, (port: number) => object]>([
    ['no TLS', () => ({ outcome: isOwn ? 'deferred' : 'unknown' })],
  ])('a port that speaks %s', async (_name, expected) => {
    const plain = createPlain((socket) => {
      socket.on('error', () => {})
      socket.end('no TLS here\n')
    })
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    onTestFinished(() => void plain.close())
    const { port } = plain.address() as AddressInfo

    expect(await presentTo(`https://127.0.0.1:${port}`, { fetch })).toMatchObject(expected(port))
  })

  it('is reset before TLS stands', async () => {
    const plain = createPlain((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.resetAndDestroy())
    })
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    onTestFinished(() => void plain.close())
    const { port } = plain.address() as AddressInfo

    const end = await presentTo(`https://127.0.0.1:${port}`, { fetch })

    expect(end.outcome).toBe(isOwn ? 'deferred' : 'unknown')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a server of %s that wants a client certificate',
    async (version) => {
      const pair = certificate('-addext', 'subjectAltName=IP:127.0.0.1')
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const server = await loopback((_request, response) => say(response, 200, GRANTED), {
        ...pair,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      })

      const end = await presentTo(server.origin, { fetch })
      vi.unstubAllEnvs()

      // TLS 1.3: the server says so after it may have read the request.
      const isProved = isOwn && version === 'TLSv1.2'
      expect(end.outcome).toBe(isProved ? 'deferred' : 'unknown')
      expect(server.seen).toEqual([])
    },
  )

  it('a certificate that signed itself', async () => {
    const server = await loopback(() => {}, certificate())

    expect(await presentTo(server.origin, { fetch })).toMatchObject({
      outcome: 'deferred',
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    })
    expect(server.seen).toEqual([])
  })

  it('a connection that is never made, until the deadline', async () => {
    const port = await fullBacklog()

    const end = await presentTo(`http://127.0.0.1:${port}`, { fetch, timeoutMs: 200 })

    expect(end.outcome).toBe(isOwn ? 'deferred' : 'unknown')
  })

  it('a name that does not exist', async () => {
    const end = await presentTo('https://refresh-once.invalid', { fetch })

    expect(end).toMatchObject({ outcome: 'deferred', code: 'unreachable' })
  })

  it('says the same of itself', async () => {
    const server = await raw((socket) => socket.end(head('200 OK', LENGTH) + BODY))

    await presentTo(server.origin, { fetch })

    const [top = '', body] = server.seen[0]!.split('\r\n\r\n')
    const [line, ...headers] = top.split('\r\n')
    expect(line).toBe('POST /token HTTP/1.1')
    expect(body).toContain('refresh_token=rt-1')
    const lower = headers.map((each) => each.replace(/^[^:]+/, (word) => word.toLowerCase()))
    heads.set(name, lower.filter((each) => !each.startsWith('host')).toSorted())
  })
})

const heads = new Map<string, string[]>()

describe('both ways', () => {
  it('send the same headers', () => {
    const [own, fetched] = WAYS.map(([name]) => heads.get(name))

    expect(own).toEqual(fetched)
  })
})

describe('the proof of a connection of its own', () => {
  it('proves nothing if another client has taken it', async () => {
    const server = await loopback((_request, _response, socket) => socket.resetAndDestroy())
    const { request } = http
    const taken = vi.spyOn(http, 'request').mockImplementation(((options: http.RequestOptions) => {
      const { createConnection: _, ...others } = options
      return request(others)
    }) as typeof http.request)
    onTestFinished(() => taken.mockRestore())

    const end = await presentTo(server.origin)

    expect(taken).toHaveBeenCalledOnce()
    expect(server.seen).toHaveLength(1)
    expect(end.outcome).toBe('unknown')
  })

  it('is given by no `fetch`, and for no request that was answered', async () => {
    const server = await loopback((_request, response) => say(response, 200, GRANTED))
    const signal = new AbortController().signal
    const send = ownSocket(systemClock)
    const init = { method: 'POST', body: 'a=b', redirect: 'manual', signal } as const

    expect((await send(`${server.origin}/token`, init)).status).toBe(200)
    expect(isUntouched(signal)).toBe(false)
    expect((await send(`${server.origin}/token`, { ...init, redirect: 'follow' })).status).toBe(200)
    await expect(send(server.origin.replace('//', '//user:password@'), init)).rejects.toThrow(
      TypeError,
    )
    expect(isUntouched(signal)).toBe(false)
  })
})

describe('what keeps fetch', () => {
  /** Presents, and says whether the `fetch` of Node sent it: it has made a dispatcher by then. */
  async function sentBy(dispatcher: object): Promise<number> {
    let requests = 0
    const before = getGlobalDispatcher()
    const server = await loopback((_request, response) => say(response, 200, GRANTED))
    const counted = dispatcher as { on(event: string, listener: () => void): void }
    counted.on('connect', () => (requests += 1))
    setGlobalDispatcher(dispatcher as never)
    onTestFinished(() => setGlobalDispatcher(before))

    expect(await presentTo(server.origin)).toMatchObject({ outcome: 'granted' })

    return requests
  }

  it('is a dispatcher with options', async () => {
    expect(await sentBy(new Agent({ connections: 1 }))).toBe(1)
  })

  it('is something around a dispatcher', async () => {
    const agent = new Agent()
    let dispatched = 0
    const around = agent.compose((dispatch) => (options, handler) => {
      dispatched += 1
      return dispatch(options, handler)
    })

    await sentBy(Object.assign(around, {}))

    expect(dispatched).toBe(1)
  })

  it('is not the dispatcher that fetch, or undici, makes for itself', async () => {
    expect(await sentBy(new Agent())).toBe(0)
  })

  it.each([
    ['not the pair of Node 26', new Agent(), 0],
    ['a dispatcher with options in that pair', new Agent({ connections: 1 }), 1],
  ])('is %s', async (_name, agent, requests) => {
    class Dispatcher1Wrapper {
      dispatch(): void {}
    }
    const wrapped = new Dispatcher1Wrapper()
    const [one, two] = [1, 2].map((each) => Symbol.for(`undici.globalDispatcher.${each}`))
    const server = await loopback((_request, response) => say(response, 200, GRANTED))
    const before = (globalThis as Record<symbol, unknown>)[DISPATCHER]
    Object.assign(globalThis, { [one!]: wrapped, [two!]: agent })
    onTestFinished(() => {
      Object.assign(globalThis, { [one!]: before })
      Reflect.deleteProperty(globalThis, two!)
    })

    const end = await presentTo(server.origin, { timeoutMs: 200 })

    // The wrapper of this test sends nothing: what `fetch` takes ends without a connection.
    expect(server.seen).toHaveLength(1 - requests)
    expect(end.outcome).toBe(requests === 0 ? 'granted' : 'unknown')
  })

  it('is a mock of undici', async () => {
    const before = (globalThis as Record<symbol, unknown>)[DISPATCHER]
    const mock = new MockAgent()
    mock.disableNetConnect()
    const pool = mock.get('https://id.example.com')
    pool.intercept({ path: '/token', method: 'POST' }).reply(200, GRANTED)
    setGlobalDispatcher(mock)
    onTestFinished(() => setGlobalDispatcher(before as never))

    expect(await presentTo('https://id.example.com')).toMatchObject({ outcome: 'granted' })
  })

  it('is a mock of fetch', async () => {
    const fetch = vi.fn(async () => Response.json(GRANTED))
    vi.stubGlobal('fetch', fetch)
    onTestFinished(() => void vi.unstubAllGlobals())

    expect(await presentTo('https://id.example.com')).toMatchObject({ outcome: 'granted' })
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('is a host that hands out no modules', async () => {
    const fetch = vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new Error('not in this runtime')
    })
    onTestFinished(() => fetch.mockRestore())
    const server = await loopback((_request, response) => say(response, 200, GRANTED))

    expect(await presentTo(server.origin)).toMatchObject({ outcome: 'granted' })
    expect(fetch).toHaveBeenCalled()
  })
})
