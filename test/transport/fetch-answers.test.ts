import { Readable } from 'node:stream'
import nodeFetch from 'node-fetch'
import { describe, expect, it } from 'vitest'
import type { FetchOnce } from '../../src/transport/send.ts'
import { loopback, say } from './loopback.ts'
import { PRESENTED, discovering, presentTo, shown } from './setup.ts'

const TOKENS = { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 60 }
const GRANTED = {
  outcome: 'granted',
  accessToken: 'at-2',
  refreshToken: 'rt-2',
  expiresInMs: 60_000,
}
const TEXT = JSON.stringify(TOKENS)
const ORIGIN = 'https://id.example.com'

const answering =
  (answer: unknown): FetchOnce =>
  async () =>
    answer as Response

const failing = (): never => {
  throw new Error('no')
}

const streamOfText = (): ReadableStream<string> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(TEXT)
      controller.close()
    },
  })

describe('a fetch that is not the platform’s', () => {
  it('is node-fetch, really', async () => {
    const server = await loopback((_request, response) => say(response, 200, TOKENS))
    const fetch = nodeFetch as unknown as FetchOnce

    expect(shown(await presentTo(server.origin, { fetch }))).toEqual(GRANTED)
    expect(server.seen).toHaveLength(1)
  })

  it('is node-fetch with a refusal, and with a wait', async () => {
    const server = await loopback((_request, response) =>
      say(response, 429, { error: 'slow_down' }, { 'retry-after': '7' }),
    )
    const fetch = nodeFetch as unknown as FetchOnce

    expect(await presentTo(server.origin, { fetch })).toMatchObject({
      outcome: 'deferred',
      retryAfterMs: 7_000,
      oauthError: 'slow_down',
    })
  })

  it('is node-fetch, which cannot connect', async () => {
    const server = await loopback(() => {})
    await server.close()
    const fetch = nodeFetch as unknown as FetchOnce

    expect(await presentTo(server.origin, { fetch })).toMatchObject({ code: 'unreachable' })
  })

  it.each<[string, unknown]>([
    ['a stream of Node', { status: 200, body: Readable.from([Buffer.from(TEXT)]) }],
    ['a stream of texts', { status: 200, body: Readable.from([TEXT.slice(0, 9), TEXT.slice(9)]) }],
    ['text', { status: 200, text: async () => TEXT }],
    ['text at once', { status: 200, text: () => TEXT }],
    ['json', { ok: true, status: 200, json: async () => TOKENS }],
    ['json without status', { ok: true, json: async () => TOKENS }],
    ['bytes', { status: 200, arrayBuffer: async () => new TextEncoder().encode(TEXT).buffer }],
    ['data of axios', { status: 200, statusText: 'OK', headers: {}, data: TOKENS }],
    ['data as text', { status: 200, data: TEXT }],
    ['the body of got', { statusCode: 200, headers: {}, body: TEXT }],
    ['a body that is an object', { status: 200, body: TOKENS }],
    ['a body that is bytes', { status: 200, body: Buffer.from(TEXT) }],
    ['a null body beside text', { status: 200, body: null, text: async () => TEXT }],
    ['a stream as data', { status: 200, data: Readable.from([Buffer.from(TEXT)]) }],
    ['a blob', { status: 200, blob: async () => new Blob([TEXT]) }],
    ['bytes()', { status: 200, bytes: async () => new TextEncoder().encode(TEXT) }],
    ['buffer()', { status: 200, buffer: async () => Buffer.from(TEXT) }],
    ['text that throws beside json', { status: 200, text: failing, json: async () => TOKENS }],
    ['text that is empty beside json', { status: 200, text: () => '', json: () => TOKENS }],
    ['what ofetch has read', { status: 200, bodyUsed: true, _data: TOKENS }],
    ['a web stream of texts', { status: 200, body: streamOfText() }],
    ['a Response over a stream of texts', new Response(streamOfText() as never)],
    ['headers that throw', { status: 200, headers: { get: failing }, text: () => TEXT }],
    ['headers that are none', { status: 200, headers: { 'no name': 'a' }, text: () => TEXT }],
    [
      'another Response class',
      Object.assign(Object.create(null), { status: 200, text: () => TEXT }),
    ],
  ])('answers with %s', async (_name, answer) => {
    expect(shown(await presentTo(ORIGIN, { fetch: answering(answer) }))).toEqual(GRANTED)
  })

  it.each<[string, unknown]>([
    ['a record', { 'Retry-After': '7' }],
    ['a record of lists', { 'retry-after': ['7'] }],
    ['a record of numbers', { 'retry-after': 7 }],
    ['a Map', new Map([['retry-after', '7']])],
    ['a list of pairs', [['retry-after', '7']]],
    ['a getter', { get: (name: string) => (name === 'retry-after' ? '7' : null) }],
  ])('has headers that are %s', async (_name, headers) => {
    const answer = { status: 429, headers, text: async () => '' }

    expect(await presentTo(ORIGIN, { fetch: answering(answer) })).toMatchObject({
      outcome: 'deferred',
      retryAfterMs: 7_000,
    })
  })

  it('throws its answer, as HTTP clients do', async () => {
    const response = { status: 400, data: { error: 'invalid_grant' }, headers: {} }
    const fetch: FetchOnce = () => Promise.reject(Object.assign(new Error('400'), { response }))

    expect(await presentTo(ORIGIN, { fetch })).toMatchObject({ outcome: 'rejected', status: 400 })
  })

  it('throws an error with a response that is none', async () => {
    const failed = Object.assign(new Error('no'), { code: 'ECONNREFUSED', response: undefined })

    expect(await presentTo(ORIGIN, { fetch: () => Promise.reject(failed) })).toMatchObject({
      code: 'unreachable',
    })
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', TEXT],
    ['the tokens themselves', TOKENS],
    ['a status alone', { status: 200 }],
    ['a body without a status', { body: TEXT }],
    ['a status that is a text', { status: '200', text: async () => TEXT }],
    ['a body that cannot be read', { status: 200, text: failing }],
  ])('is named if it answers with %s', async (_name, answer) => {
    expect(await presentTo(ORIGIN, { fetch: answering(answer) })).toMatchObject({
      outcome: 'unknown',
      hint: expect.stringContaining('`fetch`'),
    })
  })

  it('is named if it has read the body before', async () => {
    const fetch: FetchOnce = async () => {
      const response = Response.json(TOKENS)
      await response.text()
      return response
    }

    expect(await presentTo(ORIGIN, { fetch })).toMatchObject({
      outcome: 'unknown',
      hint: expect.stringContaining('`fetch`'),
    })
  })

  it('is named before the token is sent if it shows by the metadata', async () => {
    const prepared = await discovering(ORIGIN, { fetch: answering(undefined) }).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(prepared).toHaveProperty('hint', expect.stringContaining('`fetch`'))
  })

  it('is read up to 1 MiB, and no longer than the deadline', async () => {
    const endless = Readable.from(
      (async function* () {
        for (;;) yield ' '.repeat(65_536)
      })(),
    )
    const silent = { status: 200, text: () => new Promise<string>(() => {}) }

    const large = await presentTo(ORIGIN, { fetch: answering({ status: 200, body: endless }) })
    const late = await presentTo(ORIGIN, { fetch: answering(silent), timeoutMs: 20 })

    expect(large).toMatchObject({ outcome: 'unknown' })
    expect(endless.destroyed).toBe(true)
    expect(late).toMatchObject({ outcome: 'unknown' })
  })
})
