import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { loopback, say } from './loopback.ts'
import type { Answer } from './loopback.ts'
import { discovering, transportTo } from './setup.ts'

const refreshToken = { token: new Secret('rt-1'), hint: 'refresh_token' } as const

/** A server that gives these answers in turn, the last one for ever. */
const inTurn = (...answers: Answer[]): Answer => {
  let next = 0
  return (...args) => answers[Math.min(next++, answers.length - 1)]!(...args)
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    say(response, code, '', headers)

describe('revoke (RFC 7009)', () => {
  it('sends the token and what it is, with client authentication', async () => {
    const server = await loopback(status(200))

    const revoked = await transportTo(server.origin).revoke(refreshToken)

    expect(revoked).toEqual({ revoked: true })
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/revoke' })
    expect(server.seen[0]?.form).toEqual({ token: 'rt-1', token_type_hint: 'refresh_token' })
    expect(server.seen[0]?.headers.authorization).toMatch(/^Basic /)
  })

  it('is a form, whatever the token endpoint takes', async () => {
    const server = await loopback(status(200))
    const provider = { request: { format: 'query', method: 'GET' } } as const

    await transportTo(server.origin, { provider }).revoke(refreshToken)

    expect(server.seen[0]?.method).toBe('POST')
    expect(server.seen[0]?.form).toMatchObject({ token: 'rt-1' })
  })

  it('discovers the endpoint', async () => {
    const server = await loopback(({ url }, response) =>
      url === '/r'
        ? say(response, 200, '')
        : say(response, 200, { issuer: server.origin, revocation_endpoint: `${server.origin}/r` }),
    )

    expect(await discovering(server.origin).revoke(refreshToken)).toEqual({ revoked: true })
  })

  it('tries again after a 503', async () => {
    const server = await loopback(inTurn(status(503), status(200)))

    expect(await transportTo(server.origin).revoke(refreshToken)).toEqual({ revoked: true })
    expect(server.seen).toHaveLength(2)
  })

  it('tries again after a reset: a token is revoked twice at no cost', async () => {
    const server = await loopback(
      inTurn((_request, _response, socket) => socket.resetAndDestroy(), status(200)),
    )

    expect(await transportTo(server.origin).revoke(refreshToken)).toEqual({ revoked: true })
  })

  it('tries again when discovery failed', async () => {
    const server = await loopback(
      inTurn(
        status(503),
        (_request, response) =>
          say(response, 200, { issuer: server.origin, revocation_endpoint: `${server.origin}/r` }),
        status(200),
      ),
    )

    expect(await discovering(server.origin).revoke(refreshToken)).toEqual({ revoked: true })
  })

  it('does not wait beyond its time for a Retry-After', async () => {
    const server = await loopback(status(503, { 'retry-after': '3600' }))

    const revoked = await transportTo(server.origin).revoke(refreshToken)

    expect(revoked).toEqual({
      revoked: false,
      code: 'rate_limited',
      status: 503,
      origin: server.origin,
    })
    expect(server.seen).toHaveLength(1)
  })

  it('gives up inside its time', async () => {
    const server = await loopback(status(503))
    const startedAt = performance.now()

    const revoked = await transportTo(server.origin, { timeoutMs: 1_000 }).revoke(refreshToken)

    expect(revoked.revoked).toBe(false)
    expect(server.seen.length).toBeGreaterThan(1)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('gives up a server that says nothing', async () => {
    const server = await loopback(() => {})

    const revoked = await transportTo(server.origin, { timeoutMs: 100 }).revoke(refreshToken)

    expect(revoked).toEqual({ revoked: false, code: 'unknown', origin: server.origin })
  })

  it('says that nobody listens', async () => {
    const server = await loopback(() => {})
    await server.close()

    const revoked = await transportTo(server.origin, { timeoutMs: 100 }).revoke(refreshToken)

    expect(revoked).toMatchObject({ revoked: false, code: 'unreachable' })
  })

  it.each([
    ['unsupported_token_type', 'unsupported_token_type'],
    ['invalid_client', undefined],
  ])('does not repeat what was refused: %s', async (error, oauthError) => {
    const server = await loopback((_request, response) => say(response, 400, { error }))

    const revoked = await transportTo(server.origin).revoke({
      token: new Secret('at-1'),
      hint: 'access_token',
    })

    expect(revoked).toEqual({
      revoked: false,
      code: 'refused',
      status: 400,
      origin: server.origin,
      ...(oauthError && { oauthError }),
    })
    expect(server.seen).toHaveLength(1)
  })

  it('follows no redirect', async () => {
    const server = await loopback(status(307, { location: '/elsewhere' }))

    expect(await transportTo(server.origin).revoke(refreshToken)).toMatchObject({ code: 'refused' })
    expect(server.seen).toHaveLength(1)
  })

  it.each([
    ['has none', { revocationEndpoint: null }],
    ['does not name it, and there is nothing to discover', {}],
  ])('sends nothing where the provider %s', async (_name, provider) => {
    const server = await loopback(() => {})
    const tokenEndpoint = `${server.origin}/token`
    const { createTransport } = await import('../../src/transport/transport.ts')
    const { defineProvider } = await import('../../src/core/define-provider.ts')
    const { systemClock } = await import('../../src/core/clock.ts')

    const revoked = await createTransport({
      provider: defineProvider({ id: 'test', tokenEndpoint, ...provider }),
      client: { id: 'app' },
      clock: systemClock,
      requestTimeoutMs: 1_000,
    }).revoke(refreshToken)

    expect(revoked).toEqual({ revoked: false, code: 'no_revocation_endpoint' })
    expect(server.seen).toEqual([])
  })
})
