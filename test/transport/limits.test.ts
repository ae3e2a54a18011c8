import { createGzip } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { ANSWER_MAX_BYTES } from '../../src/core/body.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import { loopback, say } from './loopback.ts'
import { presentTo } from './setup.ts'

const UNKNOWN = { outcome: 'unknown', failure: 'unknown', code: 'unknown' }
const MIB = 1024 * 1024

describe('the limits of a request', () => {
  it('sends the token to no other host after a 307', async () => {
    const other = await loopback((_request, response) => say(response, 200, { access_token: 'x' }))
    const server = await loopback((_request, response) =>
      say(response, 307, '', { location: `${other.origin}/token` }),
    )

    const outcome = await presentTo(server.origin)

    expect(outcome).toEqual({ ...UNKNOWN, status: 307, origin: server.origin })
    expect(other.seen).toEqual([])
  })

  it.each([301, 302, 303, 308])('follows no %i', async (status) => {
    const server = await loopback((_request, response) =>
      say(response, status, '', { location: '/elsewhere' }),
    )

    const outcome = await presentTo(server.origin)

    expect(outcome).toMatchObject({ ...UNKNOWN, status })
    expect(server.seen).toHaveLength(1)
  })

  it('stops reading 1 GiB of gzip at 1 MiB', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    let written = 0
    const server = await loopback((_request, response, socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      const gzip = createGzip({ level: 1 })
      gzip.pipe(response)
      const spaces = Buffer.alloc(MIB, ' ')
      const more = (): void => {
        if (written === 1024 || socket.destroyed) return void gzip.end()
        written++
        gzip.write(spaces, more)
      }
      more()
    })
    const before = process.memoryUsage().rss

    const outcome = await presentTo(server.origin)
    await closed

    expect(outcome).toMatchObject({ ...UNKNOWN, status: 200 })
    expect(written).toBeLessThan(1024)
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(150)
  })

  it.each([
    ['at the limit', 0, 'granted'],
    ['one byte more', 1, 'unknown'],
  ])('reads 1 MiB: %s', async (_name, more, expected) => {
    const head = '{"access_token":"at-2","x":"'
    const body = `${head}${'x'.repeat(ANSWER_MAX_BYTES - head.length - 2 + more)}"}`
    const server = await loopback((_request, response) => say(response, 200, body))

    expect(await presentTo(server.origin)).toMatchObject({ outcome: expected })
  })

  it('gives up a body that drips for an hour', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    const server = await loopback((_request, response, socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      const timer = setInterval(() => response.write(' '), 5)
      socket.on('close', () => clearInterval(timer))
    })
    const startedAt = performance.now()

    const outcome = await presentTo(server.origin, { timeoutMs: 150 })
    await closed

    expect(outcome).toMatchObject(UNKNOWN)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('gives up headers that never come', async () => {
    const server = await loopback(() => {})

    expect(await presentTo(server.origin, { timeoutMs: 100 })).toMatchObject(UNKNOWN)
  })

  it('asks for no redirect and no cache, of a fetch of the user too', async () => {
    const fetch = vi.fn<FetchOnce>(async () => Response.json({ access_token: 'at-2' }))

    await presentTo('https://id.example.com', { fetch })

    expect(fetch).toHaveBeenCalledWith(
      'https://id.example.com/token',
      expect.objectContaining({ redirect: 'manual', cache: 'no-store' }),
    )
  })

  it('gives up a user’s fetch that ignores its signal, and cancels what it brings', async () => {
    const cancelled = withResolvers<void>()
    const late = withResolvers<Response>()

    const outcome = await presentTo('https://id.example.com', {
      fetch: () => late.promise,
      timeoutMs: 20,
    })
    late.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })))

    expect(outcome).toMatchObject(UNKNOWN)
    await cancelled.promise
  })

  it('gives up a stream of the user that ignores its signal', async () => {
    const endless = new ReadableStream({ pull: () => new Promise(() => {}) })

    const outcome = await presentTo('https://id.example.com', {
      fetch: async () => new Response(endless),
      timeoutMs: 20,
    })

    expect(outcome).toMatchObject(UNKNOWN)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('rt-1'))],
    [
      'throws',
      (): never => {
        throw new Error('rt-1')
      },
    ],
    ['answers nothing', async () => undefined as unknown as Response],
  ])('is unknown when a fetch of the user %s', async (_name, fetch) => {
    expect(await presentTo('https://id.example.com', { fetch })).toMatchObject(UNKNOWN)
  })
})

/** `Promise.withResolvers` is not in Node 20. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((r) => {
    resolve = r
  })
  return { promise, resolve }
}
