import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import type { CredentialsDescription } from '../../providers/credentials.ts'
import { createRefresher } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { loopback } from '../transport/loopback.ts'
import { presentTo, shown } from '../transport/setup.ts'
import type { AnswerFact } from '../../src/facts/check-facts.ts'
import { answersContract } from './contract.ts'
import { COOKIE_GET, JSON_POST, refreshed } from './described.ts'

/** { sub: 'ada', iat: 1800000000, exp: 1800000900 } */
const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9' +
  '.eyJzdWIiOiJhZGEiLCJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDkwMH0.c2ln'

const source = 'defined: this test'

const DESCRIBED: readonly AnswerFact[] = [
  {
    title: 'the lifetime is in the access token',
    source,
    status: 200,
    body: { userToken: JWT, userRefreshToken: 'rt-2' },
    ends: 'granted',
    reads: { accessToken: JWT, refreshToken: 'rt-2', expiresInMs: 900_000 },
  },
  {
    title: 'a code that the description calls dead',
    source,
    status: 400,
    body: { error: 'TOKEN_REUSED' },
    ends: 'rejected',
  },
  {
    title: 'a code that the description calls dead, inside a 200',
    source,
    status: 200,
    body: { error: 'TOKEN_REUSED' },
    ends: 'rejected',
  },
  {
    title: 'a status that the description calls refused',
    source,
    status: 403,
    body: { message: 'device blocked' },
    ends: 'refused_before',
  },
  {
    title: 'a status that the description calls deferred, with a wait',
    source,
    status: 503,
    headers: { 'retry-after': '7' },
    body: '<html>down for maintenance</html>',
    ends: 'deferred',
    reads: { retryAfterMs: 7_000 },
  },
]

const COOKIES: readonly AnswerFact[] = [
  {
    title: 'the successor comes in one of several cookies',
    source,
    status: 200,
    headers: {
      'set-cookie': [
        'theme=dark; Path=/',
        'refresh=rt-2%2B; Path=/; HttpOnly; Max-Age=86400; SameSite=Lax',
      ],
    },
    body: { token: 'at-2' },
    ends: 'granted',
    reads: { accessToken: 'at-2', refreshToken: 'rt-2%2B' },
  },
  {
    title: 'no cookie is set: the refresh token is kept',
    source,
    status: 200,
    body: { token: JWT },
    ends: 'granted',
    reads: { accessToken: JWT, expiresInMs: 900_000 },
  },
  {
    title: 'the cookie is cleared: the old refresh token is not taken for kept',
    source,
    status: 200,
    headers: { 'set-cookie': 'refresh=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT' },
    body: { token: 'at-2' },
    ends: 'granted',
    reads: { accessToken: 'at-2', isWithout: true },
  },
  {
    title: 'a 401 that clears the cookie',
    source,
    status: 401,
    headers: { 'set-cookie': 'refresh=; Max-Age=0' },
    body: 'Unauthorized',
    ends: 'rejected',
  },
]

describe('credentials: answers that a description speaks of', () => {
  answersContract(DESCRIBED, (origin) =>
    credentials({
      ...JSON_POST,
      url: `${origin}/refresh`,
      failures: { TOKEN_REUSED: 'rejected', 403: 'refused_before', 503: 'deferred' },
    }),
  )
})

describe('credentials: cookies', () => {
  answersContract(COOKIES, (origin) => credentials({ ...COOKIE_GET, url: `${origin}/refresh` }))

  it('go back by GET, and nothing else is sent', async () => {
    const { seen } = await refreshed(COOKIE_GET, {})

    expect(seen).toMatchObject({
      method: 'GET',
      url: '/refresh',
      body: '',
      headers: { cookie: 'refresh=rt-1' },
    })
  })
})

describe('credentials: the request', () => {
  it('sends nothing of RFC 6749 §6 but the refresh token', async () => {
    const { seen } = await refreshed({}, {})

    expect(seen.body).toBe('{"userRefreshToken":"rt-1"}')
  })

  it('sends the members and headers that are described', async () => {
    const { seen } = await refreshed(
      { body: { device: 'web' }, headers: { 'x-api-key': 'k-1' } },
      {},
    )

    expect(seen).toMatchObject({
      method: 'POST',
      url: '/refresh',
      headers: { 'content-type': 'application/json', 'x-api-key': 'k-1' },
      body: '{"userRefreshToken":"rt-1","device":"web"}',
    })
  })

  it('may carry it in a form, beside the old access token', async () => {
    const carry = { form: 'token', accessToken: 'old' }

    const { seen } = await refreshed({ carry, body: { client_id: 'web', grant_type: 'renew' } }, {})

    expect(seen.form).toEqual({ token: 'rt-1', old: 'at-1', client_id: 'web', grant_type: 'renew' })
  })

  it('may bear it, and send nothing else', async () => {
    const { seen } = await refreshed({ method: 'GET', carry: { bearer: true } }, {})

    expect(seen).toMatchObject({ method: 'GET', url: '/refresh', body: '' })
    expect(seen.headers.authorization).toBe('Bearer rt-1')
  })

  it('may bear the old access token', async () => {
    const carry = { json: 'refreshToken', accessToken: { bearer: true } } as const

    const { seen } = await refreshed({ carry }, {})

    expect(seen.body).toBe('{"refreshToken":"rt-1"}')
    expect(seen.headers.authorization).toBe('Bearer at-1')
  })

  it('lets no member of the body stand for a token', async () => {
    const body = { refresh_token: 'x', access_token: 'y', 'body z': 'z' }

    const { seen } = await refreshed({ body }, {})

    expect(JSON.parse(seen.body)).toEqual({ userRefreshToken: 'rt-1', ...body })
  })
})

describe('credentials: the answer', () => {
  it('may be nested, its lists and times as the backend writes them', async () => {
    const answer = {
      accessToken: 'data.tokens.0.value',
      refreshToken: 'data.refresh.token',
      expiresIn: 'data.ttl',
      scope: 'data.scopes',
    }
    const refresh = { token: 'rt-2' }
    const body = {
      data: { tokens: [{ value: 'at-2' }], refresh, ttl: '60', scopes: ['read', 'write'] },
    }

    const { ended } = await refreshed({ answer }, body)

    expect(ended).toEqual({
      outcome: 'granted',
      accessToken: 'at-2',
      refreshToken: 'rt-2',
      expiresInMs: 60_000,
      scope: 'read write',
    })
  })

  it('finds a name with a dot in it before a path', async () => {
    const answer = { accessToken: 'a.b', refreshToken: 'r' }

    const { ended } = await refreshed({ answer }, { 'a.b': 'at-2', a: { b: 'no' }, r: 'rt-2' })

    expect(ended).toMatchObject({ accessToken: 'at-2' })
  })

  it('reads no inherited name', async () => {
    const answer = { accessToken: 'constructor.name', refreshToken: '__proto__.x' }

    const { ended } = await refreshed({ answer }, { x: 1 })

    expect(ended).toMatchObject({ outcome: 'unknown' })
  })

  it('knows lifetimes that are not told', async () => {
    const lifetimes = { accessLifetimeMs: 5_000 }

    const { ended } = await refreshed({ lifetimes }, { userToken: 'a', userRefreshToken: 'r' })

    expect(ended).toMatchObject({ expiresInMs: 5_000 })
  })

  it('means the text of a cookie that goes back in another way', async () => {
    const answer = { accessToken: { cookie: 'at' }, refreshToken: { cookie: 'rt' } }
    const headers = { 'set-cookie': 'rt="rt%3D2"; Path=/' }

    const { ended } = await refreshed({ answer }, {}, headers)

    expect(ended).toMatchObject({ outcome: 'unknown' })
    const both = await loopback((_request, response) => {
      response.setHeader('set-cookie', ['at=at-2', 'rt="rt%3D2"; Path=/'])
      response.end()
    })
    const provider = credentials({ ...JSON_POST, answer, url: both.origin })
    const presentation = await presentTo(both.origin, { provider, client: { id: 'app' } })
    expect(shown(presentation)).toMatchObject({ accessToken: 'at-2', refreshToken: 'rt=2' })
  })

  it('may call its errors as it likes', async () => {
    const answer = { ...JSON_POST.answer, error: 'problem.kind' }
    const failures = { 'Token is expired!': 'rejected' } as const

    const { ended } = await refreshed(
      { answer, failures },
      { problem: { kind: 'Token is expired!' } },
    )

    expect(ended).toMatchObject({ outcome: 'rejected', oauthError: 'Token is expired!' })
  })
})

describe('credentials: a description that cannot be carried out', () => {
  it.each<
    [what: string, wrong: Partial<Record<keyof CredentialsDescription, unknown>>, says: RegExp]
  >([
    ['a literal ${', { url: '${API}/refresh' }, /'url' holds a literal '\$\{'/],
    ['plain http', { url: 'http://api.example.com/refresh' }, /'url' is plain http/],
    ['no URL', { url: '/refresh' }, /'url' must be a whole URL/],
    ['a URL with a password', { url: 'https://a:b@api.example.com' }, /'url' must be a whole URL/],
    ['two ways', { carry: { json: 'a', cookie: 'b' } }, /carry is one of/],
    ['no way', { carry: undefined }, /carry is one of/],
    ['a name that is none', { carry: { json: '' } }, /carry\.json must be/],
    ['a cookie that injects', { carry: { cookie: 'a=1; b' } }, /carry\.cookie must be/],
    ['a bearer with a name', { carry: { bearer: 'a' } }, /carry\.bearer must be true/],
    ['two bearers', { carry: { bearer: true, accessToken: { bearer: true } } }, /accessToken must/],
    ['a body by GET', { method: 'GET' }, /a GET has no body/],
    ['a body beside a cookie', { carry: { cookie: 'a' }, body: { b: 'c' } }, /has no body/],
    ['a header that injects', { headers: { 'x-key': 'k-secret\r\nx: y' } }, /headers\["x-key"\]/],
    [
      'two cookie headers',
      { carry: { cookie: 'a' }, headers: { Cookie: 'b=k-secret' } },
      /headers\["Cookie"\]/,
    ],
    [
      'two authorization headers',
      {
        carry: { json: 'a', accessToken: { bearer: true } },
        headers: { Authorization: 'k-secret' },
      },
      /headers\["Authorization"\]/,
    ],
    [
      'two bearers in the header',
      { carry: { bearer: true }, headers: { authorization: 'k-secret' } },
      /headers\["authorization"\]/,
    ],
    [
      'no place for a successor',
      { answer: { accessToken: 'a' } },
      /answer\.refreshToken is missing/,
    ],
    ['no place for a token', { answer: undefined }, /answer\.accessToken is missing/],
  ])('%s', (_what, wrong, says) => {
    const describe = (): unknown =>
      credentials({ ...JSON_POST, ...wrong } as CredentialsDescription)

    expect(describe).toThrow(says)
    expect(describe).toThrow(TypeError)
    expect(describe).not.toThrow(/k-secret/)
  })

  it('accepts http where nothing leaves the machine, or where it is said aloud', () => {
    expect(() => credentials({ ...JSON_POST, url: 'http://localhost:3001/refresh' })).not.toThrow()
    expect(() =>
      credentials({ ...JSON_POST, url: 'http://api.internal/refresh', insecure: true }),
    ).not.toThrow()
  })

  it('needs no place for a successor that never comes', () => {
    const answer = { accessToken: 'a' }

    expect(credentials({ ...JSON_POST, answer, rotation: 'never' }).rotation).toBe('never')
  })
})

describe('credentials: guessable tokens', () => {
  const shared = { ...memoryStore({ name: 'guessable' }), name: 'shared' }
  const client = { id: 'web' }

  it('need a pepper on a shared store, or the word that they are none', () => {
    const guessable = credentials(JSON_POST)
    const random = credentials({ ...JSON_POST, tokens: 'unguessable' })
    const pepper = 'p'.repeat(32)

    expect(() =>
      createRefresher({ provider: guessable, client, ledger: { store: shared } }),
    ).toThrow(/pepper/)
    createRefresher({ provider: guessable, client, ledger: { store: shared, pepper } })
    createRefresher({ provider: random, client, ledger: { store: shared } })
    createRefresher({
      provider: guessable,
      client,
      ledger: { store: memoryStore({ name: 'guessable' }) },
    })
  })
})
