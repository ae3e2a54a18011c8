import * as oauth from 'oauth4webapi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { play, startPlay } from '../../src/cli/play/play.ts'
import type { Played, PlayOptions } from '../../src/cli/play/play.ts'
import { run } from '../../src/cli/run.ts'
import { presets } from '../../src/testing/presets.ts'
import { recording } from './terminal.ts'

const INSECURE = { [oauth.allowInsecureRequests]: true }
const REDIRECT = 'http://127.0.0.1:7777/callback'

async function played(options: Partial<PlayOptions> = {}): Promise<Played> {
  const server = await startPlay({ description: presets.logto, seed: 7, ...options })
  onTestFinished(() => server.stop())
  return server
}

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

async function ask(url: string, init?: RequestInit): Promise<Answered> {
  const { status, headers, ...answer } = await fetch(url, init).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }))
  const isJson = answer.text.startsWith('{')
  const body = isJson ? (JSON.parse(answer.text) as Record<string, unknown>) : {}
  return { status, headers, body }
}

const post = (url: string, body?: BodyInit, headers: Record<string, string> = {}) =>
  ask(url, { method: 'POST', ...(body !== undefined && { body }), headers })

const refreshed = (server: Played, refreshToken: string, headers?: Record<string, string>) =>
  post(
    `${server.issuer}/token`,
    new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
    headers,
  )

async function signedIn(server: Played): Promise<string> {
  const { body } = await post(`${server.issuer}/_play/sign-in`)
  return body['refresh_token'] as string
}

/** Signs in as oauth4webapi does: registration, PKCE, and the answer of a browser. */
async function signInAsClient(server: Played, method: string) {
  const issuer = new URL(server.issuer)
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE }),
  )
  const client = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(
      as,
      { redirect_uris: [REDIRECT], token_endpoint_auth_method: method },
      INSECURE,
    ),
  )
  const verifier = oauth.generateRandomCodeVerifier()
  const address = new URL(as.authorization_endpoint!)
  address.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    state: 'of this request',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  const consent = await fetch(address, { redirect: 'manual' })
  const back = new URL(consent.headers.get('location')!)
  const parameters = oauth.validateAuthResponse(as, client, back, 'of this request')
  const authenticated =
    method === 'none' ? oauth.None() : oauth.ClientSecretBasic(client['client_secret'] as string)
  const exchange = () =>
    oauth.authorizationCodeGrantRequest(
      as,
      client,
      authenticated,
      parameters,
      REDIRECT,
      verifier,
      INSECURE,
    )
  return { as, client, authenticated, exchange }
}

describe('a real client', () => {
  it.each(['none', 'client_secret_basic'])('signs in and refreshes: %s', async (method) => {
    const server = await played()
    const { as, client, authenticated, exchange } = await signInAsClient(server, method)
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, await exchange())

    const renewed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(
        as,
        client,
        authenticated,
        tokens.refresh_token!,
        INSECURE,
      ),
    )

    const headers = { authorization: `Bearer ${renewed.access_token}` }
    const resource = await ask(`${server.issuer}/resource`, { headers })
    expect(resource).toMatchObject({ status: 200, body: { sub: 'user-1' } })
    expect(server.tally()).toMatchObject({ presentations: 1, presentedTwice: 0 })
  })

  it('loses the grant if it brings a code twice (RFC 6749 §4.1.2)', async () => {
    const server = await played()
    const { exchange } = await signInAsClient(server, 'none')
    await exchange()

    const again = await exchange()

    expect(again.status).toBe(400)
    expect(server.tally().grants).toMatchObject([{ grant: 1, live: false }])
  })

  it.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: undefined }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:7777/other' }],
    ['another client', { client_id: 'another' }],
  ])('gets no tokens with %s', async (_, change) => {
    const server = await played()
    const verifier = oauth.generateRandomCodeVerifier()
    const query = new URLSearchParams({
      client_id: 'a',
      redirect_uri: REDIRECT,
      response_type: 'code',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const consent = await fetch(`${server.issuer}/authorize?${query}`, { redirect: 'manual' })
    const code = new URL(consent.headers.get('location')!).searchParams.get('code')!
    const right = {
      grant_type: 'authorization_code',
      code,
      client_id: 'a',
      redirect_uri: REDIRECT,
      code_verifier: verifier,
    }
    const form = Object.entries({ ...right, ...change }).filter(([, each]) => each !== undefined)

    const answer = await post(
      `${server.issuer}/token`,
      new URLSearchParams(form as [string, string][]),
    )

    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('is not sent to an address that it did not register', async () => {
    const server = await played()
    const { body } = await post(
      `${server.issuer}/register`,
      JSON.stringify({ redirect_uris: [REDIRECT] }),
    )
    const query = new URLSearchParams({
      client_id: body['client_id'] as string,
      redirect_uri: 'https://evil.example/',
      response_type: 'code',
    })

    const consent = await fetch(`${server.issuer}/authorize?${query}`, { redirect: 'manual' })

    expect(consent.status).toBe(400)
  })

  it('learns from a 401 of the resource where to sign in (RFC 9728 §5.1)', async () => {
    const server = await played()

    const { status, headers } = await ask(`${server.issuer}/resource`)

    const [, metadata] = /resource_metadata="([^"]+)"/.exec(headers.get('www-authenticate')!)!
    expect(status).toBe(401)
    expect((await ask(metadata!)).body).toEqual({
      resource: `${server.issuer}/resource`,
      authorization_servers: [server.issuer],
      bearer_methods_supported: ['header'],
    })
  })
})

describe('faults', () => {
  it('break the exchange that asks for them, and no other', async () => {
    const server = await played()
    const token = await signedIn(server)

    const limited = await refreshed(server, token, { 'play-fault': '429:3' })
    const granted = await refreshed(server, token)

    expect(limited.status).toBe(429)
    expect(limited.headers.get('retry-after')).toBe('3')
    expect(granted.status).toBe(200)
  })

  it('wait for the next exchanges, one each, in their order', async () => {
    const server = await played({ description: presets['oidc-provider'] })
    const token = await signedIn(server)
    const asked = JSON.stringify(['502', 'lost_answer'])
    expect(await post(`${server.issuer}/_play/faults`, asked)).toMatchObject({
      body: { faults: ['502', 'lost_answer'] },
    })

    const gateway = await fetch(`${server.issuer}/token`, { method: 'POST' })
    const lost = await refreshed(server, token).catch(() => 'no answer')
    const reused = await refreshed(server, token)

    expect(gateway.status).toBe(502)
    expect(lost).toBe('no answer')
    expect(reused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(server.tally()).toMatchObject({
      presentations: 2,
      presentedTwice: 1,
      grants: [{ live: false }],
    })
  })

  it.each([
    ['lost_answr', 'no such fault'],
    ['slow:soon', 'slow takes milliseconds: slow:5000'],
    ['lost_answer:3', 'lost_answer takes no number'],
    ['constructor', 'no such fault'],
  ])('are refused when they are none: %s', async (fault, said) => {
    const server = await played()
    const token = await signedIn(server)

    const asked = await post(`${server.issuer}/_play/faults?fault=${fault}`)
    const header = await refreshed(server, token, { 'play-fault': fault })

    for (const answer of [asked, header]) {
      expect(answer.status).toBe(400)
      expect(answer.body['error_description']).toContain(said)
    }
    expect(server.tally().presentations).toBe(0)
  })
})

describe('the control endpoints', () => {
  it('move the clock, so that tokens expire', async () => {
    const server = await played()
    const { body } = await post(`${server.issuer}/_play/sign-in`)
    const headers = { authorization: `Bearer ${body['access_token'] as string}` }
    const before = await ask(`${server.issuer}/resource`, { headers })

    await post(`${server.issuer}/_play/clock?advance_ms=86400000`)

    expect(before.status).toBe(200)
    expect((await ask(`${server.issuer}/resource`, { headers })).status).toBe(401)
  })

  it('open a window in which a spent token is taken again', async () => {
    const server = await played()
    const token = await signedIn(server)
    await post(`${server.issuer}/_play/reuse-window`, JSON.stringify({ window: 30_000 }))
    await refreshed(server, token)

    const inside = await refreshed(server, token)
    await post(`${server.issuer}/_play/clock?advance_ms=30000`)
    const outside = await refreshed(server, token)

    expect([inside.status, outside.status]).toEqual([200, 400])
  })

  it('end a grant, as its user does', async () => {
    const server = await played()
    const token = await signedIn(server)

    const ended = await post(`${server.issuer}/_play/end-grant?grant=1`)

    expect(ended.status).toBe(204)
    expect((await refreshed(server, token)).status).toBe(400)
    expect((await post(`${server.issuer}/_play/end-grant?grant=2`)).status).toBe(404)
  })

  it('play the same again after a reset, and with the same seed', async () => {
    const [server, twin] = [await played(), await played()]
    const first = await signedIn(server)
    await refreshed(server, first)

    await post(`${server.issuer}/_play/reset`)

    expect(await signedIn(server)).toBe(first)
    expect(await signedIn(twin)).toBe(first)
    expect(server.tally()).toMatchObject({ presentations: 0, grants: [{ grant: 1 }] })
  })

  it('show what happened, without a token', async () => {
    const server = await played()
    const token = await signedIn(server)
    const { body } = await refreshed(server, token)

    const shown = await ask(`${server.issuer}/_play`)

    expect(shown.body).toMatchObject({
      like: 'logto',
      seed: 7,
      presentations: 1,
      presentedTwice: 0,
      grants: [
        {
          refreshTokens: [
            { name: 'R0', state: 'spent' },
            { name: 'R1', state: 'live' },
          ],
        },
      ],
      behaviour: { rotation: 'always' },
    })
    const text = JSON.stringify(shown.body)
    for (const secret of [token, body['refresh_token'], body['access_token']]) {
      expect(text).not.toContain(secret)
    }
  })

  it.each([
    ['POST', '/_play/clock?advance_ms=soon', 400],
    ['POST', '/_play/clock?advance_ms=-1', 400],
    ['POST', '/_play/reuse-window', 400],
    ['POST', '/_play/faults', 400],
    ['GET', '/_play/nothing', 404],
    ['DELETE', '/_play', 404],
  ])('say what is wrong: %s %s', async (method, path, status) => {
    const server = await played()

    const answer = await ask(`${server.issuer}${path}`, { method })

    expect(answer.status).toBe(status)
    expect(answer.body['error_description']).toEqual(expect.any(String))
  })
})

describe('the command', () => {
  /** Runs it, and stops it when `during` is over. */
  async function running(args: readonly string[], during: (url: string) => Promise<unknown>) {
    const terminal = recording()
    let stop!: () => void
    const stopped = new Promise<void>((resolve) => (stop = resolve))
    let code!: Promise<number>
    const url = await new Promise<string>((resolve) => {
      const out = (text: string): void => {
        terminal.out(text)
        const [found] = /http:\/\/\S+/.exec(text) ?? []
        if (found !== undefined) resolve(found)
      }
      code = play(args, { ...terminal, out }, stopped)
    })
    await during(url)
    stop()
    return { code: await code, ...terminal.written }
  }

  const reuse = async (url: string): Promise<void> => {
    const { body } = await post(`${url}/_play/sign-in`)
    const form = { grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string }
    for (let times = 0; times < 2; times += 1) {
      await post(`${url}/token`, new URLSearchParams(form))
    }
  }

  it('plays a provider until it is stopped, and says what was counted', async () => {
    const { code, out } = await running(['--like', 'spotify'], async (url) => {
      await post(`${url}/_play/sign-in`)
    })

    expect(code).toBe(0)
    expect(out).toMatch(/^Plays spotify at http:\/\/127\.0\.0\.1:\d+\n/)
    expect(out).toContain('Presentations: 0. Refresh tokens presented twice: 0.')
  })

  it('ends with 1 for a reuse, if told', async () => {
    const told = await running(['--fail-on-reuse'], reuse)
    const untold = await running([], reuse)

    expect([told.code, untold.code]).toEqual([1, 0])
    expect(told.out).toContain('Refresh tokens presented twice: 1.')
  })

  it('takes the lifetime of access tokens', async () => {
    await running(['--access-token-seconds', '2'], async (url) => {
      expect((await post(`${url}/_play/sign-in`)).body).toMatchObject({ expires_in: 2 })
    })
  })

  it.each([
    [['--like', 'nothing'], "no preset 'nothing'"],
    [['--like', 'logto', '--server', 'a.json'], 'leave one out'],
    [['--server', 'a.json'], 'there is no file a.json'],
    [['--issuer', 'as.test'], '--issuer is an address'],
    [['--port', '80'], '--port is a whole number'],
    [['--lik', 'logto'], 'did you mean --like?'],
  ])('ends with 2 for %j', async (args, said) => {
    const terminal = recording()

    expect(await run(['play', ...args], terminal)).toBe(2)
    expect(terminal.written.error).toContain(said)
  })

  it('ends with 1 if the port is taken', async () => {
    const { port } = new URL((await played()).issuer)
    const terminal = recording()

    expect(await run(['play', '--port', port], terminal)).toBe(1)
    expect(terminal.written.error).toContain('the port is taken')
  })
})
