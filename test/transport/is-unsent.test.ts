import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isUnsent } from '../../src/transport/send.ts'
import { loopback } from './loopback.ts'
import { presentTo } from './setup.ts'

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

function certificate(...options: string[]): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'refresh-once-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', ...ec, '-keyout', key, '-out', cert, '-subj', '/CN=test', ...options],
      { stdio: 'pipe' },
    )
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A socket that listens and never accepts: once its backlog is full, nobody can connect. */
async function fullBacklog(): Promise<number> {
  const worker = new Worker(
    `const at = { port: 0, host: '127.0.0.1', backlog: 1 }
    const server = require('node:net').createServer().listen(at, () => {
      require('node:worker_threads').parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`,
    { eval: true },
  )
  onTestFinished(async () => void (await worker.terminate()))
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const { connect } = await import('node:net')
  const fillers = Array.from({ length: 8 }, () => connect({ port, host: '127.0.0.1' }))
  onTestFinished(() => fillers.forEach((socket) => socket.destroy()))
  for (const socket of fillers) socket.on('error', () => {})
  await new Promise((resolve) => fillers[0]!.once('connect', resolve))
  return port
}

describe('isUnsent: real failures before anything was sent', () => {
  it('a port where nobody listens', async () => {
    const server = await loopback(() => {})
    await server.close()

    const error = await failure(server.origin)

    expect(codeOf(error)).toBe('ECONNREFUSED')
    expect(isUnsent(error)).toBe(true)
  })

  it('two addresses where nobody listens (localhost)', async () => {
    const server = await loopback(() => {})
    await server.close()

    const error = await failure(server.origin.replace('127.0.0.1', 'localhost'))

    expect(isUnsent(error)).toBe(true)
  })

  it('a name that does not exist', async () => {
    const error = await failure('https://name.invalid/token')

    expect(codeOf(error)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
    expect(isUnsent(error)).toBe(true)
  })

  it('a certificate that signed itself', async () => {
    const server = await loopback(() => {}, certificate('-addext', 'subjectAltName=IP:127.0.0.1'))

    const error = await failure(server.origin)

    expect(codeOf(error)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(isUnsent(error)).toBe(true)
    expect(server.seen).toEqual([])
  })

  it("a certificate of another host's", async () => {
    const pair = certificate('-addext', 'subjectAltName=DNS:other.example')
    const server = await loopback(() => {}, pair)
    const dispatcher = await agent({ connect: { ca: pair.cert } })

    const error = await failure(server.origin, { dispatcher })

    expect(codeOf(error)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(isUnsent(error)).toBe(true)
    expect(server.seen).toEqual([])
  })

  it('a connection that is never made', async () => {
    const port = await fullBacklog()
    const dispatcher = await agent({ connectTimeout: 100 })

    const error = await failure(`http://127.0.0.1:${port}/`, { dispatcher })

    expect(codeOf(error)).toBe('UND_ERR_CONNECT_TIMEOUT')
    expect(isUnsent(error)).toBe(true)
  })

  it('makes the presentation deferred', async () => {
    const server = await loopback(() => {}, certificate())

    expect(await presentTo(server.origin)).toEqual({
      outcome: 'deferred',
      failure: 'deferred',
      code: 'unreachable',
      origin: server.origin,
    })
  })
})

describe('isUnsent: real failures that prove nothing', () => {
  it('a reset after the request', async () => {
    const server = await loopback((_request, _response, socket) => socket.resetAndDestroy())

    const error = await failure(server.origin)

    expect(server.seen).toHaveLength(1)
    expect(error).toBeInstanceOf(Error)
    expect(isUnsent(error)).toBe(false)
  })

  it('a connection closed after the request', async () => {
    const server = await loopback((_request, _response, socket) => socket.destroy())

    const error = await failure(server.origin)

    expect(server.seen).toHaveLength(1)
    expect(isUnsent(error)).toBe(false)
  })

  it('a connection closed within the body', async () => {
    const server = await loopback((_request, response, socket) => {
      response.writeHead(200, { 'content-length': '9' })
      response.write('{', () => socket.destroy())
    })

    const error = await failure(server.origin)

    expect(error).toBeInstanceOf(Error)
    expect(isUnsent(error)).toBe(false)
  })

  it('our own deadline', async () => {
    const server = await loopback(() => {})

    expect(isUnsent(await failure(server.origin, { signal: AbortSignal.timeout(50) }))).toBe(false)
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
    expect(isUnsent(error)).toBe(false)
  })

  it('a port that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.end('no TLS here\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void plain.close())
    const { port } = plain.address() as AddressInfo

    const error = await failure(`https://127.0.0.1:${port}/`)

    expect(error).toBeInstanceOf(Error)
    expect(isUnsent(error)).toBe(false)
  })
})

describe('isUnsent: by the form of the error', () => {
  const failed = (cause: unknown): Error => new TypeError('fetch failed', { cause })
  const coded = (code: string, syscall?: string): Error =>
    Object.assign(new Error(code), { code }, syscall === undefined ? {} : { syscall })

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
    ['no attempt', failed(new AggregateError([])), false],
    ['no code', new Error('connect ECONNREFUSED'), false],
    ['a text', 'ECONNREFUSED', false],
    ['nothing', undefined, false],
  ])('%s', (_name, error, expected) => {
    expect(isUnsent(error)).toBe(expected)
  })

  it('looks no deeper than eight errors', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? coded('ECONNREFUSED') : failed(nested(depth - 1))

    expect(isUnsent(nested(7))).toBe(true)
    expect(isUnsent(nested(8))).toBe(false)
  })

  it('ends on an error that is its own cause', () => {
    const error = new Error('round')
    error.cause = error

    expect(isUnsent(error)).toBe(false)
  })

  it('is no proof when the error cannot be read', () => {
    const error = Object.defineProperty({}, 'code', {
      get: () => {
        throw new Error('no')
      },
    })

    expect(isUnsent(error)).toBe(false)
  })
})
