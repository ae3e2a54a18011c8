import { describe, expect, it } from 'vitest'
import { createRefresher } from '../../src/index.ts'
import { defineProvider } from '../../src/core/define-provider.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import type { RefreshEvent } from '../../src/runtime/events.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { FetchOnce } from '../../src/transport/send.ts'
import { PRESENTED, discovering } from './setup.ts'

const PUBLIC = 'https://id.example.com'

/** Metadata of an issuer that names these endpoints; every request but that for it is noted. */
function serving(issuer: string, endpoints: object): { fetch: FetchOnce; sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    async fetch(url) {
      if (url.includes('/.well-known/')) return Response.json({ issuer, ...endpoints })
      sent.push(url)
      return Response.json({ access_token: 'at-2' })
    },
  }
}

describe('prepare: endpoints in a private network', () => {
  it.each([
    'https://169.254.169.254/token',
    'https://2852039166/token',
    'https://0xa9.0xfe.0xa9.0xfe/token',
    'https://10.0.0.5/token',
    'https://172.16.0.1/token',
    'https://192.168.1.1/token',
    'https://100.64.0.1/token',
    'https://127.0.0.1/token',
    'http://127.0.0.1/token',
    'https://[fd00::1]/token',
    'https://[fe80::1]/token',
    'https://[::1]/token',
    'https://[::ffff:10.0.0.5]/token',
    'https://localhost/token',
    'https://localhost./token',
    'https://keycloak:8443/token',
    'https://metadata.google.internal/token',
    'https://id.local/token',
  ])('are refused where the issuer is public: %s', async (url) => {
    const { fetch, sent } = serving(PUBLIC, { token_endpoint: url, revocation_endpoint: url })
    const transport = discovering(PUBLIC, { fetch })

    const prepared = await transport.prepare(PRESENTED)
    const revoked = await transport.revoke({ token: new Secret('rt-1'), hint: 'refresh_token' })

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured', origin: PUBLIC })
    expect(prepared).toHaveProperty('hint', expect.stringContaining('allowedHosts'))
    expect(JSON.stringify(prepared)).not.toContain(new URL(url).hostname)
    expect(revoked).toMatchObject({ revoked: false, code: 'misconfigured' })
    expect(sent).toEqual([])
  })

  it('are refused by plain http, too', async () => {
    const { fetch, sent } = serving(PUBLIC, { token_endpoint: 'http://10.0.0.5/token' })

    const prepared = await discovering(PUBLIC, { fetch, provider: { insecure: true } }).prepare(
      PRESENTED,
    )

    expect(prepared).toMatchObject({ ready: false, code: 'misconfigured' })
    expect(sent).toEqual([])
  })

  it.each([
    ['https://10.0.0.5', 'https://10.0.0.6/token'],
    ['https://keycloak', 'https://id.internal/token'],
    ['https://localhost:8443', 'http://127.0.0.1:8080/token'],
    ['https://10.0.0.5', 'https://id.example.com/token'],
  ])('are taken where the issuer lies there, too: %s, %s', async (issuer, url) => {
    const { fetch } = serving(issuer, { token_endpoint: url })

    expect(await discovering(issuer, { fetch }).prepare(PRESENTED)).toMatchObject({ ready: true })
  })

  it.each([
    ['10.0.0.5', 'https://10.0.0.5/token', true],
    ['10.0.0.5', 'https://10.0.0.5:8443/token', true],
    ['10.0.0.5:8443', 'https://10.0.0.5:8443/token', true],
    ['10.0.0.5:8443', 'https://10.0.0.5/token', false],
    ['10.0.0.5', 'https://10.0.0.6/token', false],
    ['ID.internal', 'https://id.internal/token', true],
    ['fd00::1', 'https://[fd00::1]/token', true],
    ['internal', 'https://id.internal/token', false],
  ])('are taken if allowedHosts names them: %s, %s', async (host, url, ready) => {
    const { fetch } = serving(PUBLIC, { token_endpoint: url })

    const transport = discovering(PUBLIC, { fetch, provider: { allowedHosts: [host] } })

    expect(await transport.prepare(PRESENTED)).toMatchObject({ ready })
  })

  it('are taken if they are given', async () => {
    const provider = { tokenEndpoint: 'https://10.0.0.5/token' }

    expect(await discovering(PUBLIC, { provider }).prepare(PRESENTED)).toMatchObject({
      ready: true,
    })
  })

  it.each([
    ['https://10.0.0.5', /write a list of hosts/],
    [['https://10.0.0.5'], /holds 'https:\/\/10\.0\.0\.5'.*write hosts without scheme/],
    [[7], /holds 7/],
    [[''], /holds ''/],
  ])('need hosts in allowedHosts: %j', (allowedHosts, message) => {
    const description = { id: 'as', issuer: PUBLIC, allowedHosts: allowedHosts as string[] }

    expect(() => defineProvider(description)).toThrow(message)
  })
})

describe('an endpoint that changes', () => {
  it('is told as an event when the metadata is read again', async () => {
    let aheadMs = 0
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
    let tokenEndpoint = `${PUBLIC}/token`
    let answers = 1
    const events: RefreshEvent[] = []
    const fetch: FetchOnce = async (url) =>
      url.includes('/.well-known/')
        ? Response.json({ issuer: PUBLIC, token_endpoint: tokenEndpoint })
        : Response.json({ access_token: `at-${(answers += 1)}`, expires_in: 60 })
    const { refresh } = createRefresher({
      refusedFloorMs: 0,
      provider: defineProvider({ id: 'as', issuer: PUBLIC }),
      client: { id: 'app' },
      ledger: { store: memoryStore({ name: 'endpoint-changed' }) },
      fetch,
      clock,
      onEvent: (event) => void events.push(event),
    })
    const told = (): RefreshEvent[] => events.filter(({ type }) => type === 'endpoint_changed')
    const expired = { accessToken: 'at-1', refreshToken: 'rt-1', expiresAtMs: 1_600_000_000_000 }

    const first = await refresh(expired)
    aheadMs += 3_600_001
    const second = await refresh(first.tokens, { refused: true })
    expect(told()).toEqual([])
    aheadMs += 3_600_001
    tokenEndpoint = 'https://elsewhere.example/token'
    await refresh(second.tokens, { refused: true })

    expect(told()).toEqual([
      expect.objectContaining({
        endpoint: 'tokenEndpoint',
        before: PUBLIC,
        after: 'https://elsewhere.example',
      }),
    ])
  })
})
