import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { loopback, say } from './loopback.ts'
import type { Answer, Loopback } from './loopback.ts'
import { PRESENTED, discovering } from './setup.ts'

const OIDC = '/.well-known/openid-configuration'
const OAUTH = '/.well-known/oauth-authorization-server'
const HOUR_MS = 60 * 60 * 1000

/** A clock that can be set forward. */
function movable(): Clock & { forward(ms: number): void } {
  let aheadMs = 0
  return {
    ...systemClock,
    monotonic: () => systemClock.monotonic() + aheadMs,
    forward: (ms) => void (aheadMs += ms),
  }
}

/** An AS whose metadata `answer` says; its token endpoint grants. */
async function serving(
  answer: (server: Loopback, ...args: Parameters<Answer>) => unknown,
): Promise<Loopback> {
  const server: Loopback = await loopback((request, response, socket) =>
    request.url === '/token'
      ? say(response, 200, { access_token: 'at-2' })
      : answer(server, request, response, socket),
  )
  return server
}

const metadataOf = ({ origin }: Loopback): Record<string, unknown> => ({
  issuer: origin,
  token_endpoint: `${origin}/token`,
})

const good = (server: Loopback, ...[, response]: Parameters<Answer>): void =>
  say(response, 200, metadataOf(server))

describe('prepare: discovery', () => {
  it('finds the token endpoint and sends the token there', async () => {
    const server = await serving(good)

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    if (!prepared.ready) throw new Error(prepared.hint)
    const ended = await prepared.present()
    expect(ended.outcome).toBe('granted')
    expect(server.seen.map(({ url }) => url)).toEqual([OIDC, '/token'])
    expect(server.seen[1]?.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt-1' })
  })

  it('looks where RFC 8414 §3.1 says when it is not where OIDC says', async () => {
    const server = await serving((it, request, response) =>
      request.url === `${OAUTH}/tenant`
        ? say(response, 200, { ...metadataOf(it), issuer: `${it.origin}/tenant` })
        : say(response, 404, ''),
    )

    const prepared = await discovering(`${server.origin}/tenant`).prepare(PRESENTED)

    expect(prepared.ready).toBe(true)
    expect(server.seen.map(({ url }) => url)).toEqual([`/tenant${OIDC}`, `${OAUTH}/tenant`])
  })

  it.each<[string, Answer]>([
    ['a web page', (_r, response) => say(response, 200, '<!doctype html><div id="root"></div>')],
    ['an empty answer', (_r, response) => say(response, 200, '')],
    ['a list', (_r, response) => say(response, 200, [])],
    ['an object that is no metadata', (_r, response) => say(response, 200, { error: 'not found' })],
    ["another issuer's", (_r, response) => say(response, 200, { issuer: 'https://id.example' })],
    [
      'no token endpoint',
      ({ headers }, response) => say(response, 200, { issuer: `http://${headers.host}` }),
    ],
    ['a redirect', (_r, response) => say(response, 302, '', { location: '/login' })],
    ['a refusal', (_r, response) => say(response, 403, 'no')],
    ['a challenge', (_r, response) => say(response, 401, '')],
    ['204', (_r, response) => say(response, 204, '')],
    ['500', (_r, response) => say(response, 500, 'oops')],
    ['503', (_r, response) => say(response, 503, '<html>')],
  ])('goes on to the next place if the first has %s', async (_name, answer) => {
    const server = await serving((it, request, ...rest) =>
      request.url === OAUTH ? good(it, request, ...rest) : answer(request, ...rest),
    )

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: true })
    expect(server.seen.map(({ url }) => url)).toEqual([OIDC, OAUTH])
  })

  it("tells of another issuer's metadata although the next place has none", async () => {
    const server = await serving((_it, { url }, response) =>
      url === OIDC ? say(response, 200, { issuer: 'https://b' }) : say(response, 404, ''),
    )

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared).toHaveProperty('hint', expect.stringContaining("another issuer's"))
  })

  it.each([
    ['/common/v2.0', '/{tenantid}/v2.0', '/common/oauth2/v2.0/token'],
    ['/organizations/v2.0', '/{tenantid}/v2.0', '/organizations/oauth2/v2.0/token'],
    ['/consumers/v2.0', '/9188040d/v2.0', '/consumers/oauth2/v2.0/token'],
    ['/v2.0', '/{tenantid}/v2.0', '/common/oauth2/v2.0/token'],
    ['/common', '/{tenant}/', '/common/oauth2/v2.0/token'],
  ])('says what to write for an issuer of many tenants: %s', async (path, named, endpoint) => {
    const server = await serving(({ origin }, _request, response) =>
      say(response, 200, { issuer: origin + named, token_endpoint: `${origin}/token` }),
    )

    const prepared = await discovering(server.origin + path).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(prepared).toHaveProperty(
      'hint',
      expect.stringContaining(`tokenEndpoint: '${server.origin}${endpoint}'`),
    )
  })

  it.each([
    ['/a', '/a/', /with a '\/'/],
    ['', '/', /with a '\/'/],
    ['/a/', '/a', /without the '\/'/],
  ])('says which slash counts: %s, %s', async (path, named, hint) => {
    const server = await serving(({ origin }, _request, response) =>
      say(response, 200, { issuer: origin + named, token_endpoint: `${origin}/token` }),
    )

    const prepared = await discovering(server.origin + path).prepare(PRESENTED)

    expect(prepared).toHaveProperty('hint', expect.stringMatching(hint))
  })

  it.each([OIDC, OAUTH, `${OAUTH}/tenant`])('takes no address of metadata: %s', (path) => {
    expect(() => discovering(`https://login.example${path}`)).toThrow(/'issuer' that stands in it/)
  })

  it.each(['https://login.example/{tenantid}/v2.0', 'https://login.example/<tenant id>/v2.0'])(
    'takes no issuer with a placeholder: %s',
    (issuer) => {
      expect(() => discovering(issuer)).toThrow(/placeholder in brackets/)
    },
  )

  it.each([
    ['oidc', OIDC],
    ['oauth2', OAUTH],
  ] as const)('looks in one place when told so: %s', async (place, url) => {
    const server = await serving((_it, _request, response) => say(response, 404, ''))

    const prepared = await discovering(server.origin, { provider: { discovery: place } }).prepare(
      PRESENTED,
    )

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured', status: 404 })
    expect(server.seen.map((request) => request.url)).toEqual([url])
  })

  it.each<[string, (server: Loopback) => Record<string, unknown>]>([
    ['another issuer', (it) => ({ ...metadataOf(it), issuer: 'https://evil.example' })],
    ['the issuer with one slash more', (it) => ({ ...metadataOf(it), issuer: `${it.origin}/` })],
    ['no issuer', (it) => ({ token_endpoint: `${it.origin}/token` })],
    [
      'an issuer inherited from __proto__',
      (it) => JSON.parse(`{"__proto__":{"issuer":"${it.origin}"}}`) as Record<string, unknown>,
    ],
    ['no token endpoint', (it) => ({ issuer: it.origin })],
    [
      'a token endpoint by plain http',
      (it) => ({ ...metadataOf(it), token_endpoint: 'http://id.example/token' }),
    ],
    [
      'a token endpoint with a password',
      (it) => ({ ...metadataOf(it), token_endpoint: 'https://a:b@id.example/token' }),
    ],
    ['a token endpoint that is no URL', (it) => ({ ...metadataOf(it), token_endpoint: '/token' })],
    [
      'a token endpoint of another kind',
      (it) => ({ ...metadataOf(it), token_endpoint: 'file:///token' }),
    ],
  ])('believes no metadata with %s', async (_name, metadata) => {
    const server = await serving((it, _request, response) => say(response, 200, metadata(it)))

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured', origin: server.origin })
  })

  it('believes no remote issuer that names a token endpoint on our own machine', async () => {
    const issuer = 'https://id.example'
    const metadata = { issuer, token_endpoint: 'http://127.0.0.1:1/token' }

    const prepared = await discovering(issuer, {
      fetch: async () => Response.json(metadata),
    }).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
  })

  it('takes metadata from nowhere else after a redirect', async () => {
    const server = await serving((it, request, response) =>
      request.url === '/moved'
        ? say(response, 200, metadataOf(it))
        : say(response, 302, '', { location: '/moved' }),
    )

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured', status: 302 })
    expect(server.seen.map(({ url }) => url)).toEqual([OIDC, OAUTH])
  })

  it.each<[string, Answer, Record<string, unknown>]>([
    ['503', (_r, response) => say(response, 503, ''), { code: 'unreachable', status: 503 }],
    [
      '429',
      (_r, response) => say(response, 429, '', { 'retry-after': '3' }),
      { code: 'rate_limited', retryAfterMs: 3_000 },
    ],
    ['a reset', (_r, _response, socket) => socket.resetAndDestroy(), { code: 'unreachable' }],
    ['a web page', (_r, response) => say(response, 200, '<html>'), { code: 'misconfigured' }],
  ])('says why it is not ready: %s', async (_name, answer, expected) => {
    const server = await serving((_it, ...args) => answer(...args))

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, ...expected })
  })

  it('is not ready when the AS is silent for the time of a request', async () => {
    const server = await serving(() => {})

    const prepared = await discovering(server.origin, { timeoutMs: 100 }).prepare(PRESENTED)

    expect(prepared).toMatchObject({ ready: false, code: 'unreachable' })
  })

  it('asks once for many', async () => {
    const server = await serving(good)
    const transport = discovering(server.origin)

    await Promise.all(Array.from({ length: 5 }, () => transport.prepare(PRESENTED)))

    expect(server.seen).toHaveLength(1)
  })

  it('asks again after an hour, not before', async () => {
    const server = await serving(good)
    const clock = movable()
    const transport = discovering(server.origin, { clock })

    await transport.prepare(PRESENTED)
    clock.forward(HOUR_MS - 60_000)
    await transport.prepare(PRESENTED)
    expect(server.seen).toHaveLength(1)
    clock.forward(61_000)
    await transport.prepare(PRESENTED)

    expect(server.seen).toHaveLength(2)
  })

  it('goes on with what it knows while the AS does not answer, and asks every minute', async () => {
    let isDown = false
    const server = await serving((it, request, response, socket) =>
      isDown ? say(response, 503, '') : good(it, request, response, socket),
    )
    const clock = movable()
    const transport = discovering(server.origin, { clock })
    await transport.prepare(PRESENTED)
    isDown = true

    clock.forward(HOUR_MS)
    const readies = [await transport.prepare(PRESENTED), await transport.prepare(PRESENTED)]
    expect(server.seen).toHaveLength(3)
    clock.forward(60_000)
    readies.push(await transport.prepare(PRESENTED))

    expect(readies.map(({ ready }) => ready)).toEqual([true, true, true])
    expect(server.seen).toHaveLength(5)
  })

  it('remembers no failure when it knows nothing', async () => {
    let isDown = true
    const server = await serving((it, request, response, socket) =>
      isDown ? say(response, 503, '') : good(it, request, response, socket),
    )
    const transport = discovering(server.origin)
    expect((await transport.prepare(PRESENTED)).ready).toBe(false)
    isDown = false

    expect((await transport.prepare(PRESENTED)).ready).toBe(true)
  })

  it('does not ask where the endpoint is given', async () => {
    const server = await serving(good)
    const provider = { tokenEndpoint: `${server.origin}/token` }

    expect((await discovering(server.origin, { provider }).prepare(PRESENTED)).ready).toBe(true)
    expect(server.seen).toEqual([])
  })
})
