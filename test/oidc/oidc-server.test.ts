import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  digest8,
  startOidcServer,
  tokenSetOf,
  type OidcServer,
  type OidcServerOptions,
} from './oidc-server.ts'

let server: OidcServer

async function restart(options: OidcServerOptions): Promise<void> {
  await server.stop()
  server = await startOidcServer(options)
}

beforeEach(async () => {
  server = await startOidcServer()
})

afterEach(() => server.stop())

/** A gate for what a test holds back. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

describe('signIn', () => {
  for (const client of ['public', 'basic', 'post'] as const) {
    it(`runs the code flow as the client "${client}" and brings live tokens`, async () => {
      const tokens = await server.signIn(client)

      expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 60 })
      expect(tokens.scope).toBe('openid offline_access')
      expect(tokens.id_token.split('.')).toHaveLength(3)
      expect(await server.isLive(tokens.access_token)).toBe(true)
      expect(await server.present(tokens.refresh_token, client)).toMatchObject({ status: 200 })
    })
  }

  it('makes a grant and a user of each of 20 sign-ins in parallel', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => server.signIn()))

    const grants = all.map(({ refresh_token: token }) => server.grantOf(token))
    expect(new Set(grants).size).toBe(20)
    expect(server.counts().grants).toEqual({ live: 20, dead: 0 })
    expect(server.counts(1).grants).toEqual({ live: 1, dead: 0 })
  })

  it('consents to resources', async () => {
    const resource = 'https://api.example.com'
    await restart({ resources: [resource] })

    const tokens = await server.signIn('public', { resource: [resource], scope: 'openid read' })

    expect(tokens.scope).toBe('openid read')
  })

  it('says why it failed', async () => {
    await restart({ resources: ['https://api.example.com'] })

    const failed = server.signIn('public', { resource: ['https://other.example.com'] })

    await expect(failed).rejects.toThrow(/^sign-in failed: .*invalid_target/)
  })
})

describe('rotation (RFC 9700 §4.14.2)', () => {
  it('replaces a refresh token that is presented once', async () => {
    const { refresh_token: first } = await server.signIn()

    const { status, body } = await server.present(first)

    expect(status).toBe(200)
    expect(body['refresh_token']).not.toBe(first)
    expect(server.counts()).toEqual({
      presentations: 1,
      presentedTokens: 1,
      presentedTwice: 0,
      atOnceMax: 1,
      granted: 1,
      refused: {},
      reuses: 0,
      faults: 0,
      grants: { live: 1, dead: 0 },
    })
  })

  it('revokes the grant when a spent one comes back', async () => {
    const { refresh_token: first } = await server.signIn()
    const { body } = await server.present(first)

    const again = await server.present(first)

    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await server.isLive(String(body['access_token']))).toBe(false)
    expect(await server.present(String(body['refresh_token']))).toMatchObject({ status: 400 })
    expect(server.counts()).toEqual({
      presentations: 3,
      presentedTokens: 2,
      presentedTwice: 1,
      atOnceMax: 1,
      granted: 1,
      refused: { invalid_grant: 2 },
      reuses: 1,
      faults: 0,
      grants: { live: 0, dead: 1 },
    })
  })

  it('grants one of 20 presentations that arrive together', async () => {
    const { refresh_token: first } = await server.signIn()

    const all = await Promise.all(Array.from({ length: 20 }, () => server.present(first)))

    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(server.counts()).toMatchObject({
      presentations: 20,
      presentedTwice: 1,
      granted: 1,
      refused: { invalid_grant: 19 },
      reuses: 1,
      grants: { live: 0, dead: 1 },
    })
    expect(server.counts().atOnceMax).toBeGreaterThan(1)
  })

  it('leaves the other grants alone', async () => {
    const [mine, other] = await Promise.all([server.signIn(), server.signIn()])
    await server.present(mine.refresh_token)
    await server.present(mine.refresh_token)

    const { status } = await server.present(other.refresh_token)

    expect(status).toBe(200)
    const grant = server.grantOf(other.refresh_token)
    expect(server.counts(grant)).toMatchObject({ presentations: 1, grants: { live: 1, dead: 0 } })
  })

  it('keeps the refresh token of a server that does not rotate', async () => {
    await restart({ rotates: false })
    const { refresh_token: first } = await server.signIn()

    const answers = [await server.present(first), await server.present(first)]

    expect(answers.map(({ body }) => body['refresh_token'])).toEqual([first, first])
    expect(server.counts()).toMatchObject({ presentedTwice: 1, atOnceMax: 1, reuses: 0 })
  })

  it('replaces by age where told: the token of a confidential client past 70 %', async () => {
    const startMs = 1_800_000_000_000
    vi.useFakeTimers({ toFake: ['Date'], now: startMs })
    onTestFinished(() => void vi.useRealTimers())
    await restart({ rotates: 'nearing_expiry', refreshTokenMs: 1_000_000 })
    const [open, early, late] = await Promise.all([
      server.signIn('public'),
      server.signIn('basic'),
      server.signIn('post'),
    ])

    const atOnce = await server.present(open.refresh_token)
    vi.setSystemTime(startMs + 699_000)
    const before = await server.present(early.refresh_token, 'basic')
    vi.setSystemTime(startMs + 701_000)
    const after = await server.present(late.refresh_token, 'post')

    expect(atOnce.body['refresh_token']).not.toBe(open.refresh_token)
    expect(before.body['refresh_token']).toBe(early.refresh_token)
    expect(after.body['refresh_token']).not.toBe(late.refresh_token)
  })

  it('kills the tokens even where the policy keeps the grant', async () => {
    await restart({ revokeGrantPolicy: () => false })
    const { refresh_token: first } = await server.signIn()
    const { body } = await server.present(first)
    await server.present(first)

    expect(await server.present(String(body['refresh_token']))).toMatchObject({ status: 400 })
    expect(server.journal.map(({ kind }) => kind)).not.toContain('ended')
    expect(server.counts()).toMatchObject({ reuses: 1, grants: { live: 0, dead: 1 } })
  })
})

describe('faults', () => {
  it('cut_before: the server never sees the request', async () => {
    const { refresh_token: first } = await server.signIn()
    server.faults.next({ kind: 'cut_before' })

    await expect(server.present(first)).rejects.toThrow('socket hang up')

    expect(server.counts()).toMatchObject({ presentations: 1, granted: 0, faults: 1 })
    expect(await server.present(first)).toMatchObject({ status: 200 })
  })

  it('cut_after: the token is spent and nobody has its successor', async () => {
    const { refresh_token: first } = await server.signIn()
    server.faults.next({ kind: 'cut_after' })

    await expect(server.present(first)).rejects.toThrow('socket hang up')

    expect(server.counts()).toMatchObject({ granted: 1, grants: { live: 1, dead: 0 } })
    expect(await server.present(first)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(server.counts()).toMatchObject({ reuses: 1, grants: { live: 0, dead: 1 } })
  })

  for (const bytes of [0, 10, 100_000]) {
    it(`cut_at: the answer breaks off, here after at most ${bytes} bytes`, async () => {
      const { refresh_token: token } = await server.signIn()
      server.faults.next({ kind: 'cut_at', bytes })

      const response = await fetch(server.tokenEndpoint, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: token,
          client_id: 'public',
        }),
      })
      const length = Number(response.headers.get('content-length'))
      const received = await bytesOf(response)

      expect(response.status).toBe(200)
      expect(received).toBe(Math.min(bytes, length - 1))
      expect(server.counts().granted).toBe(1)
    })
  }

  it('status: somebody on the way answers instead', async () => {
    const { refresh_token: first } = await server.signIn()
    server.faults.next({ kind: 'status', status: 503 })

    expect(await server.present(first)).toEqual({ status: 503, body: {} })

    expect(server.counts()).toMatchObject({ presentations: 1, granted: 0, faults: 1 })
  })

  it('status: with Retry-After (RFC 6585 §4)', async () => {
    server.faults.next({ kind: 'status', status: 429, retryAfterSeconds: 7 })

    const response = await fetch(server.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' }),
    })

    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
  })

  it('status: after the server has processed the request', async () => {
    const { refresh_token: first } = await server.signIn()
    const body = '{"error":"server_error"}'
    server.faults.next({ kind: 'status', status: 500, processed: true, body })

    const answer = await server.present(first)

    expect(answer).toEqual({ status: 500, body: { error: 'server_error' } })
    expect(server.counts().granted).toBe(1)
  })

  it('delay: holds a request back before the server sees it, and its answer', async () => {
    const { refresh_token: first } = await server.signIn()
    const [before, after] = [gate(), gate()]
    server.faults.next({ kind: 'delay', before: before.opened, after: after.opened })
    const presenting = server.present(first)

    await server.until(({ presentations }) => presentations === 1)
    expect(server.counts().granted).toBe(0)
    before.open()
    await server.until(({ granted }) => granted === 1)
    after.open()

    expect(await presenting).toMatchObject({ status: 200 })
  })

  it('happen in the order in which they were asked for, each once', async () => {
    const { refresh_token: first } = await server.signIn()
    server.faults.next({ kind: 'status', status: 503 }, { kind: 'status', status: 502 })

    const answers = [await server.present(first), await server.present(first)]

    expect(answers.map(({ status }) => status)).toEqual([503, 502])
    expect(server.faults.pending).toBe(0)
    expect(await server.present(first)).toMatchObject({ status: 200 })
  })

  it('leave sign-ins alone', async () => {
    server.faults.next({ kind: 'cut_before' })

    await server.signIn()

    expect(server.faults.pending).toBe(1)
  })
})

describe('around the server', () => {
  it('puts all endpoints below a path', async () => {
    await restart({ path: '/oidc' })
    const { refresh_token: token } = await server.signIn()
    const metadata = await fetch(`${server.issuer}/.well-known/openid-configuration`)

    expect(server.issuer).toMatch(/\/oidc$/)
    expect(await metadata.json()).toMatchObject({
      issuer: server.issuer,
      token_endpoint: server.tokenEndpoint,
    })
    expect(server.tokenEndpoint).toBe(`${server.issuer}/token`)
    expect(await server.isLive(token)).toBe(true)
    expect(await server.present(token)).toMatchObject({ status: 200 })
    expect(server.counts()).toMatchObject({ presentations: 1, granted: 1 })
  })

  it('changes what the server reads, and what it answers whoever presents', async () => {
    const resource = 'https://api.example.com/'
    const seen: unknown[] = []
    await restart({
      resources: [resource],
      around: {
        request: (parameters) => parameters.set('resource', resource),
        answer({ status, body }, presented) {
          seen.push(status, presented)
          return { status: 299, body: { scope: body['scope'] } }
        },
      },
    })
    const tokens = await server.signIn('public', { resource: [resource], scope: 'openid read' })

    const answer = await server.present(tokens.refresh_token)

    expect(answer).toEqual({ status: 299, body: { scope: 'read' } })
    expect(seen).toEqual([200, tokens.refresh_token])
  })
})

describe('the journal', () => {
  it('tells what happened, in order, and holds no token', async () => {
    const tokens = await server.signIn()
    await server.present(tokens.refresh_token)
    await server.present(tokens.refresh_token)

    const name = digest8(tokens.refresh_token)
    expect(server.journal).toMatchObject([
      { kind: 'signed_in', grant: 1 },
      { kind: 'presented', grant: 1, digest8: name },
      { kind: 'granted', grant: 1, digest8: name, status: 200 },
      { kind: 'presented', grant: 1, digest8: name },
      { kind: 'ended', grant: 1 },
      { kind: 'reused', grant: 1 },
      { kind: 'refused', grant: 1, digest8: name, status: 400, error: 'invalid_grant' },
    ])
    expect(JSON.stringify(server.journal)).not.toContain(tokens.refresh_token.slice(0, 8))
  })
})

describe('endGrant', () => {
  it('ends the grant as a user does who withdraws their consent', async () => {
    const tokens = await server.signIn()

    server.endGrant(tokens.refresh_token)

    expect(await server.isLive(tokens.access_token)).toBe(false)
    expect(await server.present(tokens.refresh_token)).toMatchObject({ status: 400 })
    expect(server.counts()).toMatchObject({ reuses: 0, grants: { live: 0, dead: 1 } })
  })
})

describe('revocation (RFC 7009)', () => {
  it('ends the grant of a refresh token', async () => {
    const tokens = await server.signIn()

    const { status } = await fetch(`${server.issuer}/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ token: tokens.refresh_token, client_id: 'public' }),
    })

    expect(status).toBe(200)
    expect(await server.isLive(tokens.refresh_token)).toBe(false)
    expect(server.counts().grants).toEqual({ live: 0, dead: 1 })
  })
})

describe('startOidcServer', () => {
  it('offers what a client discovers (OIDC Discovery §4)', async () => {
    const metadata = await fetch(`${server.issuer}/.well-known/openid-configuration`)

    expect(await metadata.json()).toMatchObject({
      issuer: server.issuer,
      token_endpoint: server.tokenEndpoint,
      revocation_endpoint: `${server.issuer}/token/revocation`,
      introspection_endpoint: `${server.issuer}/token/introspection`,
      userinfo_endpoint: `${server.issuer}/me`,
    })
  })

  it('refuses lifetimes that the server cannot keep', async () => {
    await expect(startOidcServer({ accessTokenMs: 1500 })).rejects.toThrow('whole seconds')
  })
})

describe('tokenSetOf', () => {
  it('reads a token response as one that arrived now', async () => {
    const answer = await server.signIn()

    const set = tokenSetOf(answer, { now: () => 1_000 })

    expect(set).toMatchObject({ obtainedAtMs: 1_000, expiresAtMs: 61_000 })
    expect(set).toMatchObject({ accessToken: answer.access_token, idToken: answer.id_token })
  })
})

/** How many bytes of a body arrive before it ends or breaks off. */
async function bytesOf(response: Response): Promise<number> {
  let received = 0
  try {
    for await (const chunk of response.body ?? []) received += chunk.byteLength
  } catch {
    return received
  }
  throw new Error('the body is whole')
}
