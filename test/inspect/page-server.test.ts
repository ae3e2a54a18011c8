import { request } from 'node:http'
import type { IncomingHttpHeaders, RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPageServer } from '../../src/inspect/server.ts'
import type { PageServer, PageServerOptions } from '../../src/inspect/server.ts'
import { streamOf } from './stream.ts'

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request as it is written: no client of ours tidies its path or its headers. */
function ask(
  { address }: PageServer,
  { body, ...options }: RequestOptions & { readonly body?: string } = {},
): Promise<Got> {
  const { port, secret } = address
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: `/${secret}/`, ...options }, (response) => {
      const { statusCode: status = 0, headers } = response
      text(response).then((body) => resolve({ status, headers, body }), reject)
    })
      .on('error', reject)
      .end(body)
  })
}

const statusOf = async (server: PageServer, options: RequestOptions): Promise<number> =>
  (await ask(server, options)).status

async function started(options: PageServerOptions = {}): Promise<PageServer> {
  const server = await startPageServer(options)
  onTestFinished(() => server.stop())
  return server
}

const line = (seq: number, more: object = {}): string =>
  JSON.stringify({ v: 1, seq, process: 'a~1', kind: 'joined', atMs: 1, provider: 'oidc', ...more })

const post = (server: PageServer, body: string, headers: object = {}): Promise<Got> =>
  ask(server, {
    method: 'POST',
    path: `/${server.address.secret}/lines`,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body,
  })

describe('the server of the page', () => {
  it('serves the page to who knows the secret', async () => {
    const { status, headers, body } = await ask(await started())

    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toMatch(/^<!doctype html>/)
  })

  it('lets nothing be stored, framed, guessed or loaded from elsewhere', async () => {
    const server = await started()

    for (const { headers } of [await ask(server), await ask(server, { path: '/' })]) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      })
      const policy = headers['content-security-policy'] as string
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('draws a secret of at least 128 bits, another one each time', async () => {
    const [one, two] = [(await started()).address, (await started()).address]

    expect(Buffer.from(one.secret, 'base64url').byteLength).toBeGreaterThanOrEqual(16)
    expect(one.secret).not.toBe(two.secret)
    expect(one.url).toBe(`http://127.0.0.1:${one.port}/${one.secret}/`)
  })

  it('does not know who has not got the secret', async () => {
    const server = await started()
    const { secret } = server.address
    const wrong = `${secret[0] === 'A' ? 'B' : 'A'}${secret.slice(1)}`

    for (const path of [
      '/',
      '//',
      `/${wrong}/`,
      `/${wrong}/events`,
      `/${secret.slice(0, -1)}/`,
      `/${secret}`,
      `/${secret}x/`,
      `/?${secret}/`,
      `/x/${secret}/`,
      '/page/page.css',
    ]) {
      expect([path, await statusOf(server, { path })]).toEqual([path, 404])
    }
    expect((await post(server, line(1))).status).toBe(200)
    const path = `/${wrong}/lines`
    expect(await statusOf(server, { method: 'POST', path })).toBe(404)
  })

  it('refuses a foreign origin, whatever it knows', async () => {
    const server = await started()
    const { port, secret } = server.address

    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${port + 1}`]) {
      expect(await statusOf(server, { headers: { origin } })).toBe(403)
      expect(await statusOf(server, { path: `/${secret}/events`, headers: { origin } })).toBe(403)
      expect((await post(server, line(1), { origin })).status).toBe(403)
    }
    const own = { origin: `http://127.0.0.1:${port}` }
    expect(await statusOf(server, { headers: own })).toBe(200)
  })

  it('refuses a name that leads here by DNS', async () => {
    const server = await started()
    const { port } = server.address

    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `0.0.0.0:${port}`]) {
      expect(await statusOf(server, { headers: { host } })).toBe(421)
    }
    expect(await statusOf(server, { headers: { host: `localhost:${port}` } })).toBe(200)
  })

  it('hands out files of the page and no others', async () => {
    const server = await started()
    const { secret } = server.address

    expect(await statusOf(server, { path: `/${secret}/page/page.css` })).toBe(200)
    for (const path of [
      '../package.json',
      '..%2f..%2fpackage.json',
      'page/../../server/server.ts',
      'page/%2e%2e/server/server.js',
      '/etc/passwd',
      'page/',
      'constructor',
      'server/server.js',
    ]) {
      expect([path, await statusOf(server, { path: `/${secret}/${path}` })]).toEqual([path, 404])
    }
  })

  it('takes each thing by its own method', async () => {
    const server = await started()
    const { secret } = server.address

    expect(await statusOf(server, { method: 'POST' })).toBe(405)
    expect(await statusOf(server, { method: 'PUT', path: `/${secret}/lines` })).toBe(405)
    expect(await statusOf(server, { path: `/${secret}/lines` })).toBe(405)
    expect(await statusOf(server, { method: 'OPTIONS', path: `/${secret}/lines` })).toBe(405)
  })

  it('listens on this machine only', async () => {
    const server = await started()
    const { port } = server.address

    const elsewhere = statusOf(server, { host: '127.0.0.2', port })

    await expect(elsewhere).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('the lines that it takes', () => {
  it('are told to those who look, in order', async () => {
    const server = await started()
    const stream = await streamOf(server.address.url)
    onTestFinished(() => stream.close())

    expect((await post(server, `${line(1)}\n${line(2)}\n`)).body).toBe('{"taken":2,"refused":0}')
    await post(server, line(3))

    expect(await stream.take(3)).toEqual([line(1), line(2), line(3)])
  })

  it('are lines of a recording, and nothing else', async () => {
    const server = await started()
    const stream = await streamOf(server.address.url)
    onTestFinished(() => stream.close())
    const bad = [
      'no JSON',
      '[]',
      'null',
      '{}',
      line(1, { v: 2 }),
      line(1, { kind: 'constructor' }),
      line(1, { run: { deep: 'er' } }),
      line(1, { run: ['a'] }),
      line(1, { process: 7 }),
      line(1, { kind: 'event' }),
      line(1, { kind: 'event', event: { type: 'claimed', more: {} } }),
      line(1, { run: 'x'.repeat(5_000) }),
    ]

    const { body } = await post(server, [...bad, line(2)].join('\n'))

    expect(JSON.parse(body)).toEqual({ taken: 1, refused: bad.length })
    expect(await stream.take(1)).toEqual([line(2)])
  })

  it('cannot break out of their event', async () => {
    const server = await started()
    const stream = await streamOf(server.address.url)
    onTestFinished(() => stream.close())
    const text = line(1).replace('"oidc"', '"a\\n\\nid: 9\\ndata: b"')

    await post(server, text.replace('{', '{\r'))
    await post(server, line(2))

    expect((await stream.take(2)).map((each) => (JSON.parse(each) as { seq: number }).seq)).toEqual(
      [1, 2],
    )
  })

  it('are of one type, and not too many', async () => {
    const server = await started()
    const huge = 'x'.repeat(5 * 1024 * 1024)

    expect((await post(server, line(1), { 'content-type': 'text/plain' })).status).toBe(415)
    const status = await post(server, huge).then(
      (got) => got.status,
      // The server has hung up on what was still being sent.
      (error: NodeJS.ErrnoException) => error.code,
    )
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(status)
    expect((await post(server, line(1))).status).toBe(200)
  })

  it('are remembered for those who come later, the newest of them', async () => {
    const server = await started({ linesMax: 10 })
    for (let seq = 1; seq <= 100; seq += 1) server.add([line(seq)])

    const stream = await streamOf(server.address.url)
    onTestFinished(() => stream.close())

    expect(await stream.take(10)).toEqual(
      Array.from({ length: 10 }, (_, index) => line(91 + index)),
    )
  })

  it('are told once to who comes again', async () => {
    const server = await started()
    server.add([line(1), line(2)])
    const before = await streamOf(server.address.url)
    await before.take(2)
    before.close()
    server.add([line(3)])

    const after = await streamOf(server.address.url, before.lastId)
    const strangers = await streamOf(server.address.url, 'elsewhere.1')
    onTestFinished(() => {
      after.close()
      strangers.close()
    })

    expect(await after.take(1)).toEqual([line(3)])
    expect(await strangers.take(3)).toEqual([line(1), line(2), line(3)])
  })

  it('are not told any more when it has stopped', async () => {
    const server = await started()
    const stream = await streamOf(server.address.url)

    await server.stop()

    expect(await stream.ended).toBe(true)
    await expect(ask(server)).rejects.toThrow(/ECONNREFUSED/)
  })
})
