import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { loopback, say } from './loopback.ts'
import type { Answer } from './loopback.ts'
import { discovering, transportTo } from './setup.ts'
import type { Setup } from './setup.ts'

const TOKEN = new Secret('rt-1')

function asking(origin: string, { provider, ...setup }: Setup = {}) {
  const introspectionEndpoint = `${origin}/introspect`
  return transportTo(origin, { ...setup, provider: { introspectionEndpoint, ...provider } })
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    say(response, status, body, headers)

const text =
  (body: string, type: string): Answer =>
  (_request, response) =>
    say(response, 200, body, { 'content-type': type })

describe('ask (RFC 7662)', () => {
  it('sends the token as a form, with what it is and client authentication', async () => {
    const server = await loopback(json({ active: true }))
    const provider = { request: { format: 'query', method: 'GET' } } as const

    const said = await asking(server.origin, { provider }).ask(TOKEN)

    expect(said).toEqual({ says: 'active', status: 200, origin: server.origin })
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/introspect' })
    expect(server.seen[0]?.form).toEqual({ token: 'rt-1', token_type_hint: 'refresh_token' })
    expect(server.seen[0]?.headers).toMatchObject({
      accept: 'application/json',
      authorization: expect.stringMatching(/^Basic /) as string,
    })
  })

  it.each<[string, Answer, string]>([
    ['active', json({ active: true, client_id: 'app', exp: 1 }), 'active'],
    ['inactive', json({ active: false }), 'inactive'],
    ['active as a text', json({ active: 'true' }), 'unknown'],
    ['active as a number', json({ active: 1 }), 'unknown'],
    ['inactive as a text', json({ active: 'false' }), 'unknown'],
    ['a list', json([{ active: true }]), 'unknown'],
    ['an inherited member', json({ ['__proto__']: { active: true } }), 'unknown'],
    ['nothing', json({}), 'unknown'],
    ['null', json(null), 'unknown'],
    ['a token of another client', json({ active: true, client_id: 'other' }), 'unknown'],
    ['a web page', text('{"active":true}', 'text/html'), 'unknown'],
    ['a signed answer', text('e30.e30.e30', 'application/token-introspection+jwt'), 'unknown'],
    ['a form', text('active=true', 'application/x-www-form-urlencoded'), 'unknown'],
    ['broken JSON', text('{"active":true', 'application/json'), 'unknown'],
    ['a 201', json({ active: true }, 201), 'unknown'],
    ['a 401', json({ active: true }, 401), 'unknown'],
    ['a 404', json({ active: true }, 404), 'unknown'],
    ['a redirect', json({ active: true }, 302, { location: 'https://evil.example' }), 'unknown'],
    ['a 429', json({ active: true }, 429, { 'retry-after': '7' }), 'later'],
    ['a 503', json({ active: true }, 503), 'later'],
    ['a reset', (_request, _response, socket) => socket.resetAndDestroy(), 'later'],
    [
      'too much',
      text(`{"active":true,"x":"${'x'.repeat(2 ** 20)}"}`, 'application/json'),
      'unknown',
    ],
  ])('believes literal JSON alone: %s', async (_name, answer, says) => {
    const server = await loopback(answer)

    const said = await asking(server.origin).ask(TOKEN)

    expect(said.says).toBe(says)
    expect(JSON.stringify(said)).not.toContain('rt-1')
    expect(server.seen).toHaveLength(1)
  })

  it('gives up an answer that does not come', async () => {
    const server = await loopback(() => {})

    expect(await asking(server.origin, { timeoutMs: 100 }).ask(TOKEN)).toMatchObject({
      says: 'later',
      code: 'unreachable',
    })
  })

  it('says how long the AS asks to wait', async () => {
    const server = await loopback(json({}, 429, { 'retry-after': '7' }))

    expect(await asking(server.origin).ask(TOKEN)).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 7_000,
    })
  })
})

describe('mayAsk', () => {
  const PUBLIC = 'https://id.example.com'

  /** What a transport may do before and after it has read this metadata. */
  async function learnt(metadata: object, setup: Setup = {}) {
    const sent: string[] = []
    const fetch = async (url: string): Promise<Response> => {
      if (!url.includes('/.well-known/')) sent.push(url)
      const token_endpoint = `${PUBLIC}/token`
      return Response.json({ issuer: PUBLIC, token_endpoint, active: true, ...metadata })
    }
    const transport = discovering(PUBLIC, { ...setup, fetch })
    const before = transport.mayAsk()
    await transport.prepare({ refreshToken: TOKEN, audience: {} })
    const after = transport.mayAsk()
    return { before, after, said: (await transport.ask(TOKEN)).says, sent }
  }

  const NAMED = { introspection_endpoint: `${PUBLIC}/introspect` }
  const METHODS = 'introspection_endpoint_auth_methods_supported'
  const UNNAMED = { client: { id: 'app' } } as const

  it.each<[string, object, Setup, boolean, boolean, string]>([
    ['names an endpoint', NAMED, {}, true, true, 'active'],
    ['names none', {}, {}, true, false, 'unknown'],
    [
      'names one to public clients, too',
      { ...NAMED, [METHODS]: ['none'] },
      UNNAMED,
      false,
      true,
      'active',
    ],
    ['names one, and not for whom', NAMED, UNNAMED, false, false, 'active'],
    [
      'takes no secret there',
      { ...NAMED, [METHODS]: ['private_key_jwt'] },
      {},
      true,
      false,
      'active',
    ],
    [
      'names one in a private network',
      { introspection_endpoint: 'https://10.0.0.5/introspect' },
      {},
      true,
      false,
      'unknown',
    ],
    [
      'names one by plain http',
      { introspection_endpoint: 'http://id.example.com/introspect' },
      {},
      true,
      false,
      'unknown',
    ],
    ['is not asked', NAMED, { provider: { introspectionEndpoint: null } }, false, false, 'unknown'],
  ])('knows of metadata that %s', async (_name, metadata, setup, before, after, said) => {
    const found = await learnt(metadata, setup)

    expect(found).toMatchObject({ after, ...(setup !== UNNAMED && { before }) })
    if (said === 'active') return
    expect(found).toMatchObject({ said, sent: [] })
  })

  it('asks no AS whose endpoints are given, unless this one is', () => {
    expect(transportTo('https://id.example.com').mayAsk()).toBe(false)
    expect(asking('https://id.example.com').mayAsk()).toBe(true)
    expect(asking('https://id.example.com', UNNAMED).mayAsk()).toBe(false)
  })
})
