import { statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { startBroker, type BrokerEvent, type BrokerOptions } from '../../src/broker/broker.ts'
import { RefreshError } from '../../src/index.ts'
import type { Store } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { runs } from '../runs.ts'
import { asking, expired, folder, SECRET, staged } from './stage.ts'

const TOKEN_A = 'a'.repeat(32)
const TOKEN_B = 'b'.repeat(32)
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('a token', () => {
  it('is renewed for all who ask at once by one presentation', async () => {
    const { server, ask } = await staged()
    const tokens = expired(server)
    await ask('PUT /v1/grants/crm-1', { body: { provider: 'crm', tokens } })

    const answers = await Promise.all(
      Array.from({ length: runs(500) }, () => ask('GET /v1/grants/crm-1/token')),
    )

    const texts = new Set(answers.map(({ body }) => body['access_token']))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(texts.size).toBe(1)
    expect(server.isLive([...texts][0] as string)).toBe(true)
    expect(server.presentations(tokens.refreshToken)).toBe(1)
    expect(answers[0]).toMatchObject({
      headers: { 'cache-control': 'no-store', 'content-type': 'application/json' },
      body: { token_type: 'Bearer', expires_at: expect.any(Number) },
    })
    expect(answers[0]!.body['expires_in']).toBeGreaterThan(3_590)
  })

  it('is renewed before its end if the client needs it for longer', async () => {
    const { server, ask } = await staged({}, { accessTokenMs: 600_000 })
    const { refreshToken } = server.signIn()
    const tokens = { access_token: 'old', refresh_token: refreshToken, expires_in: 100 }
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    const soon = await ask('GET /v1/grants/a/token?min_valid=10')
    const later = await ask('GET /v1/grants/a/token?min_valid=300')

    expect(soon.body['access_token']).toBe('old')
    expect(later.body['access_token']).not.toBe('old')
    expect(later.body['expires_in']).toBeGreaterThan(300)
  })

  it('is another one after an API refused it', async () => {
    const { server, ask } = await staged()
    const { refreshToken } = server.signIn()
    const tokens = { access_token: 'old', refresh_token: refreshToken, expires_in: 3600 }
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    const [first, second] = await Promise.all(
      [1, 2].map(() => ask('POST /v1/grants/a/refused', { body: { access_token: 'old' } })),
    )

    expect(first).toMatchObject({ status: 200 })
    expect(first!.body['access_token']).not.toBe('old')
    expect(second!.body['access_token']).toBe(first!.body['access_token'])
    expect(server.presentations(refreshToken)).toBe(1)
  })

  it('says that a sign-in is needed once the user has ended the grant', async () => {
    const { server, ask } = await staged()
    const tokens = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })
    server.endGrant(tokens.refreshToken)

    const answer = await ask('GET /v1/grants/a/token')

    expect(answer).toMatchObject({
      status: 410,
      headers: { 'content-type': 'application/problem+json' },
      body: { code: 'rejected', needs_sign_in: true, status: 410 },
    })
  })

  it('says when to come again if the server asks to wait', async () => {
    const { server, ask } = await staged()
    const tokens = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })
    server.failNext({ kind: 'status', status: 429, retryAfterSeconds: 50, isProcessed: false })

    const answer = await ask('GET /v1/grants/a/token')

    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'rate_limited', needs_sign_in: false },
    })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(40)
  })
})

describe('a deposit', () => {
  it.each([
    ['a token response', { access_token: 'a', refresh_token: 'r', expires_in: 60 }],
    ['a set of this library', { accessToken: 'a', refreshToken: 'r', expiresAtMs: 4e12 }],
    ['a row of Auth.js', { access_token: 'a', refresh_token: 'r', expires_at: 4_000_000_000 }],
  ])('takes %s', async (_, tokens) => {
    const { ask } = await staged()

    const first = await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })
    const again = await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    expect([first.status, again.status]).toEqual([201, 200])
    expect(first.body).toMatchObject({ id: 'a', provider: 'crm', state: 'unused' })
    expect((await ask('GET /v1/grants/a/token')).body['access_token']).toBe('a')
  })

  it.each([
    ['no refresh token', { provider: 'crm', tokens: { access_token: 'a', expires_in: 9 } }, 422],
    ['no access token', { provider: 'crm', tokens: { refresh_token: 'r' } }, 422],
    ['another provider', { provider: 'x', tokens: { access_token: 'a' } }, 422],
    ['no tokens', { provider: 'crm' }, 400],
    ['a misspelt member', { provider: 'crm', token: {} }, 400],
    ['a list', [], 400],
    ['a text', 'secret-text', 400],
  ])('is refused with %s, and changes nothing', async (_, body, status) => {
    const { server, ask } = await staged()
    const tokens = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    const answer = await ask('PUT /v1/grants/a', { body })

    expect(answer.status).toBe(status)
    expect(answer.body['code']).toEqual(expect.any(String))
    expect(answer.text).not.toContain('secret-text')
    expect((await ask('GET /v1/grants/a/token')).status).toBe(200)
  })

  it('wins over the renewal of the tokens that it replaces', async () => {
    const { server, ask } = await staged()
    const old = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: old } })
    server.failNext({ kind: 'late', byMs: 300 })
    const late = ask('GET /v1/grants/a/token')
    const { refreshToken } = server.signIn()
    const tokens = {
      access_token: 'of the new sign-in',
      refresh_token: refreshToken,
      expires_in: 99,
    }
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    expect((await late).status).toBe(200)
    expect((await ask('GET /v1/grants/a/token')).body['access_token']).toBe('of the new sign-in')
  })
})

describe('a revocation', () => {
  it('ends the grant here and at the server', async () => {
    const { server, ask } = await staged()
    const tokens = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })
    const { body } = await ask('GET /v1/grants/a/token')

    const ended = await ask('DELETE /v1/grants/a')

    expect(ended).toMatchObject({ status: 200, body: { ended: true, revoked: true } })
    expect(server.isLive(body['access_token'] as string)).toBe(false)
    expect((await ask('GET /v1/grants/a/token')).body).toMatchObject({ code: 'no_grant' })
    expect((await ask('GET /v1/grants')).body).toEqual({ grants: [] })
    expect((await ask('DELETE /v1/grants/a')).status).toBe(404)
  })
})

describe('who may ask', () => {
  const CLIENTS = {
    nightly: { token: TOKEN_A, grants: ['crm-*'] },
    mailer: { token: TOKEN_B, grants: ['mail'] },
  }
  const tokens = { access_token: 'secret-a', refresh_token: 'secret-r', expires_in: 60 }

  it('gets its own grants and no others, whether they exist or not', async () => {
    const { ask } = await staged({ clients: CLIENTS })
    const body = { provider: 'crm', tokens }
    await ask('PUT /v1/grants/crm-1', { body, headers: bearer(TOKEN_A) })
    await ask('PUT /v1/grants/mail', { body, headers: bearer(TOKEN_B) })

    const own = await ask('GET /v1/grants/crm-1/token', { headers: bearer(TOKEN_A) })
    const listed = await ask('GET /v1/grants', { headers: bearer(TOKEN_A) })
    const others = await Promise.all(
      [
        'GET /v1/grants/mail/token',
        'GET /v1/grants/nothing/token',
        'DELETE /v1/grants/mail',
        'PUT /v1/grants/xcrm-1',
        'POST /v1/grants/mail/refused',
      ].map((what) => ask(what, { headers: bearer(TOKEN_A) })),
    )

    expect(own.status).toBe(200)
    expect(listed.body).toMatchObject({ grants: [{ id: 'crm-1' }] })
    expect(listed.body['grants']).toHaveLength(1)
    for (const answer of others) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
      expect(answer.text).not.toContain('secret')
    }
  })

  it.each([
    ['none', {}],
    ['another', bearer('c'.repeat(32))],
    ['a part', bearer(TOKEN_A.slice(1))],
    ['another scheme', { authorization: `Basic ${TOKEN_A}` }],
    ['an empty one', { authorization: 'Bearer ' }],
  ])('gets nothing with a wrong bearer: %s', async (_, headers) => {
    const { ask } = await staged({ clients: CLIENTS })

    for (const path of ['/v1/grants', '/v1/grants/crm-1/token', '/metrics']) {
      const answer = await ask(`GET ${path}`, { headers })

      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    }
    expect((await ask('GET /healthz', { headers })).status).toBe(200)
  })

  it('is only the user of the broker, on a socket', async () => {
    const { options } = await staged()

    const { socket } = options.listen as { readonly socket: string }
    expect(statSync(socket).mode & 0o777).toBe(0o600)
  })
})

describe('what is no request', () => {
  it.each([
    ['GET /v1/grants/../token', 'bad_id'],
    ['GET /v1/grants/%2e%2e/token', 'bad_id'],
    ['GET /v1/grants/..%2f..%2fetc%2fpasswd/token', 'bad_id'],
    ['GET /v1/grants/a%00b/token', 'bad_id'],
    ['GET /v1/grants/%/token', 'bad_id'],
    ['GET /v1/grants//token', 'bad_id'],
    [`GET /v1/grants/${'a'.repeat(129)}/token`, 'bad_id'],
    ['GET /v1/grants/a/b/token', 'not_found'],
    ['GET /v1/grants/{id}', 'method_not_allowed'],
    ['GET /v2/grants', 'not_found'],
    ['GET /constructor', 'not_found'],
    ['POST /v1/grants', 'method_not_allowed'],
    ['GET /v1/grants/a', 'method_not_allowed'],
    ['GET /v1/grants/a/token?minvalid=1', 'bad_request'],
    ['GET /v1/grants/a/token?min_valid=soon', 'bad_request'],
    ['GET /v1/grants/a/token', 'no_grant'],
    ['POST /v1/grants/a/refused', 'bad_request'],
  ])('is answered with a code: %s', async (what, code) => {
    const { ask } = await staged()

    const answer = await ask(what)

    expect(answer.body).toMatchObject({ code, needs_sign_in: false, status: answer.status })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  it('holds up no other client, and is not read to its end', async () => {
    const { options, ask } = await staged()
    const { socket } = options.listen as { readonly socket: string }
    const slow = connect(socket)
    onTestFinished(() => void slow.destroy())
    slow.write('GET /v1/grants HTTP/1.1\r\nHost: broker\r\nX-Slow: ')
    const huge = connect(socket)
    onTestFinished(() => void huge.destroy())
    huge.on('error', () => undefined)
    const answered = new Promise<string>((resolve) =>
      huge.once('data', (it) => resolve(String(it))),
    )
    huge.write('PUT /v1/grants/a HTTP/1.1\r\nHost: broker\r\nContent-Length: 1073741824\r\n\r\n')
    huge.write('x'.repeat(100_000))

    expect(await answered).toMatch(/^HTTP\/1\.1 413 /)
    expect((await ask('GET /v1/grants')).status).toBe(200)
  })
})

describe('what an operator sees', () => {
  it('tells states, counts and requests, and no token', async () => {
    const events: BrokerEvent[] = []
    const { server, ask } = await staged({ onEvent: (event) => events.push(event) })
    const tokens = expired(server)
    await ask('PUT /v1/grants/crm-1', { body: { provider: 'crm', tokens } })
    const { body } = await ask('GET /v1/grants/crm-1/token')
    await ask('GET /v1/grants/none/token')

    const listed = await ask('GET /v1/grants')
    const metrics = await ask('GET /metrics')

    expect(listed.body).toMatchObject({
      grants: [{ id: 'crm-1', provider: 'crm', state: 'rotated' }],
    })
    expect(metrics.text).toContain(
      'refresh_once_broker_presentations_total{provider="oidc",outcome="granted"} 1',
    )
    expect(metrics.text).toContain(
      'refresh_once_broker_requests_total{route="token",status="404"} 1',
    )
    expect(metrics.text).toMatch(/request_duration_seconds_bucket\{route="token",le="\+Inf"\} 2/)
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['claimed', 'presented', 'ended', 'request']),
    )
    const shown = listed.text + metrics.text + JSON.stringify(events)
    for (const secret of [tokens.refreshToken, tokens.accessToken, body['access_token']]) {
      expect(shown).not.toContain(secret)
    }
  })

  it('reads in each line of the metrics a name, labels and a number', async () => {
    const { ask } = await staged()

    const { text, headers } = await ask('GET /metrics')

    expect(headers['content-type']).toBe('text/plain; version=0.0.4')
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[^}]*\})? [\d.e+-]+)$/)
    }
  })
})

/** A file store that can be away. */
function troubled(): { readonly store: Store; isAway: boolean } {
  const inner = fileStore(join(folder(), 'ledger'))
  const away = async (): Promise<never> => {
    throw new RefreshError('store_unavailable', { store: 'file' })
  }
  const trouble = {
    isAway: false,
    store: {
      ...inner,
      read: (key: string) => (trouble.isAway ? away() : inner.read(key)),
      swap: (...args: Parameters<Store['swap']>) => (trouble.isAway ? away() : inner.swap(...args)),
    },
  }
  return trouble
}

describe('a store that is away', () => {
  it('costs a 503, and the grant is there when it is back', async () => {
    const trouble = troubled()
    const { server, ask } = await staged({ store: trouble.store })
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: expired(server) } })
    trouble.isAway = true

    const away = await ask('GET /v1/grants/a/token')
    const health = await ask('GET /healthz')
    trouble.isAway = false

    expect(away).toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
    expect(health).toMatchObject({ status: 503, body: { status: 'store_unavailable' } })
    expect((await ask('GET /v1/grants/a/token')).status).toBe(200)
  })

  it('loses no set that came while it was away', async () => {
    const trouble = troubled()
    const { server, ask, broker, options } = await staged({ store: trouble.store })
    const tokens = expired(server)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })
    // The server answers, and the ledger cannot be written: the set is handed over.
    server.failNext({ kind: 'late', byMs: 200 })
    const asked = ask('GET /v1/grants/a/token')
    while (server.presentations(tokens.refreshToken) === 0) await new Promise(setImmediate)
    trouble.isAway = true
    const answer = await asked
    const again = await ask('GET /v1/grants/a/token')
    trouble.isAway = false
    await broker.drain()

    const next = await startBroker(options)
    onTestFinished(() => next.drain())
    const after = await asking(next.address)('GET /v1/grants/a/token')

    expect([answer.status, again.status, after.status]).toEqual([200, 200, 200])
    expect(after.body['access_token']).toBe(answer.body['access_token'])
    expect(server.presentations(tokens.refreshToken)).toBe(1)
  })
})

describe('a restart', () => {
  it('keeps all grants, and the secret opens them', async () => {
    const { server, ask, broker, options } = await staged()
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: expired(server) } })
    const before = await ask('GET /v1/grants/a/token')
    await broker.drain()

    const next = await startBroker(options)
    onTestFinished(() => next.drain())

    const after = await asking(next.address)('GET /v1/grants/a/token')
    expect(after.body['access_token']).toBe(before.body['access_token'])
  })

  it('with another secret opens nothing, and says so', async () => {
    const { server, ask, broker, options } = await staged()
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: expired(server) } })
    await broker.drain()

    const next = await startBroker({ ...options, secret: `${SECRET}!` })
    onTestFinished(() => next.drain())

    // The keys of the rows are others, too: nothing of this secret is there.
    expect((await asking(next.address)('GET /v1/grants/a/token')).status).toBe(404)
  })

  it('is told while it drains', async () => {
    const { server, ask, broker } = await staged()
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: expired(server) } })
    server.failNext({ kind: 'late', byMs: 200 })
    const asked = ask('GET /v1/grants/a/token')
    while (server.journal.length < 3) await new Promise(setImmediate)

    await broker.drain()

    expect((await asked).status).toBe(200)
    await expect(ask('GET /healthz')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('idle grants', () => {
  it('are renewed before they end unused', async () => {
    const clock = manualClock()
    const DAY_MS = 86_400_000
    const { server, ask, options, broker } = await staged({}, {}, { clock })
    await broker.drain()
    const response = { refreshIdleMs: 30 * DAY_MS }
    const provider = oidc({ issuer: server.issuer, response })
    const seen: BrokerEvent['type'][] = []
    const kept = await startBroker({
      ...options,
      clock,
      keepAliveEveryMs: DAY_MS,
      onEvent: ({ type }) => seen.push(type),
      providers: { crm: { provider, client: { id: 'client' } } },
    })
    onTestFinished(async () => {
      const drained = kept.drain()
      clock.advance(DAY_MS)
      await drained
    })
    const tokens = { ...expired(server), obtainedAtMs: clock.now(), expiresAtMs: clock.now() + 1 }
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens } })

    let days = 0
    while (server.presentations(tokens.refreshToken) === 0 && days < 30) {
      seen.length = 0
      clock.advance(1.1 * DAY_MS)
      days += 1.1
      while (!seen.includes('idle_grants_checked')) {
        await new Promise(setImmediate)
        // It pauses after each renewal.
        if (seen.includes('ended')) clock.advance(1_000)
      }
    }

    expect(days).toBeGreaterThan(14)
    expect(days).toBeLessThan(24)
    expect((await ask('GET /v1/grants')).body).toMatchObject({ grants: [{ state: 'rotated' }] })
  })
})

describe('startBroker', () => {
  const provider = oidc({ issuer: 'https://id.example' })
  const right = (): BrokerOptions => ({
    providers: { crm: { provider, client: { id: 'client' } } },
    store: fileStore(join(folder(), 'ledger')),
    secret: SECRET,
    listen: { socket: join(folder(), 'broker.sock') },
  })

  it.each<[string, object, string]>([
    ['a short secret', { secret: 'short' }, 'secret is a string: write at least 32'],
    ['no store', { store: undefined }, 'store is missing'],
    ['a memory store', { store: memoryStore() }, 'memoryStore() loses all grants'],
    ['a port without clients', { listen: { port: 0 } }, 'write clients'],
    ['a socket and a port', { listen: { socket: '/a', port: 1 } }, 'listen'],
    ['a short token', { clients: { a: { token: 'short', grants: ['*'] } } }, 'clients.a'],
    ['no grants', { clients: { a: { token: TOKEN_A } } }, 'grants'],
    ['no provider', { providers: {} }, 'providers'],
    ['a misspelt option', { client: {} }, 'client is no option: did you mean clients?'],
  ])('refuses %s', async (_, change, said) => {
    await expect(startBroker({ ...right(), ...change })).rejects.toThrow(TypeError)
    await expect(startBroker({ ...right(), ...change })).rejects.toThrow(said)
  })

  it('replaces the socket of a broker that was killed, and of no other', async () => {
    const home = folder()
    const socket = join(home, 'broker.sock')
    const dead = createServer().listen(socket)
    await new Promise((resolve) => dead.once('listening', resolve))
    const first = startBroker({ ...right(), listen: { socket } })
    await expect(first).rejects.toMatchObject({ code: 'EADDRINUSE' })
    writeFileSync(join(home, 'file'), '')
    const file = startBroker({ ...right(), listen: { socket: join(home, 'file') } })
    await expect(file).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
