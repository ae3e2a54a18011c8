import { describe, expect, it } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createRefresher } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type {
  AuthorizationServer,
  ServerDescription,
} from '../../src/testing/authorization-server.ts'
import { drawBehaviour } from '../../src/testing/authorization-server/description.ts'
import { startOidcServer } from '../oidc/oidc-server.ts'
import { presets } from '../../src/testing/presets.ts'
import { manualClock } from '../ledger/manual-clock.ts'

/** Of a caller who does not wait. */
const ABORTED = AbortSignal.abort()

/** Nothing about it is left to be drawn. */
const STRICT: ServerDescription = {
  name: 'strict',
  rotation: 'always',
  keptAs: 'absent',
  successor: 'sent',
  reuseWindow: 'none',
  reuseAnswer: 'fork',
  reuseEffect: 'grant',
  oldAccessToken: 'lives',
  validates: 'before_consuming',
  unavailable: 'any_time',
  accessTokenMs: 3_600_000,
  pace: { headersMs: 0, bodyMs: 0 },
  wire: { tokenType: 'Bearer', expiresIn: 'number' },
}

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
  readonly headers: Headers
}

async function post(
  { tokenEndpoint }: Pick<AuthorizationServer, 'tokenEndpoint'>,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<Answered> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...more }
  const response = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
  const text = await response.text()
  const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, body, text, headers: response.headers }
}

const tokenOf = ({ body }: Answered): string => body['refresh_token'] as string

describe('rotation', () => {
  it('always: brings a successor, and spends the token', async () => {
    await using server = await authorizationServer(STRICT)
    const { refreshToken } = server.signIn()

    const answer = await post(server, refreshToken)

    expect(answer).toMatchObject({
      status: 200,
      body: { access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600 },
    })
    expect(server.isLive(refreshToken)).toBe(false)
    expect(server.isLive(tokenOf(answer))).toBe(true)
    expect(server.presentations(refreshToken)).toBe(1)
  })

  it.each([
    ['absent', undefined],
    ['echoed', 'the same'],
  ] as const)('never: the token lives on, and is %s in the answer', async (keptAs, again) => {
    await using server = await authorizationServer({ ...STRICT, rotation: 'never', keptAs })
    const { refreshToken } = server.signIn()

    const answer = await post(server, refreshToken)

    expect(answer.body['refresh_token']).toBe(again === undefined ? undefined : refreshToken)
    expect(server.isLive(refreshToken)).toBe(true)
  })

  it('sometimes: does either', async () => {
    await using server = await authorizationServer({ ...STRICT, rotation: 'sometimes' })
    const { refreshToken } = server.signIn()

    const first = await post(server, refreshToken)
    const second = await post(server, tokenOf(first))

    expect([first, second].map((answer) => typeof tokenOf(answer))).toEqual(['string', 'undefined'])
  })

  it('spends the token and sends no other, where the successor is omitted', async () => {
    await using server = await authorizationServer({ ...STRICT, successor: 'omitted' })
    const { refreshToken } = server.signIn()

    const answer = await post(server, refreshToken)

    expect(tokenOf(answer)).toBeUndefined()
    expect(server.isLive(refreshToken)).toBe(false)
  })
})

describe('a spent token that comes again', () => {
  it.each([
    ['error', true, true],
    ['family', false, true],
    ['grant', false, false],
  ] as const)('costs, as %s', async (reuseEffect, refreshLives, accessLives) => {
    await using server = await authorizationServer({ ...STRICT, reuseEffect })
    const { refreshToken } = server.signIn()
    const first = await post(server, refreshToken)

    const again = await post(server, refreshToken)

    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(server.isLive(tokenOf(first))).toBe(refreshLives)
    expect(server.isLive(first.body['access_token'] as string)).toBe(accessLives)
  })

  it('forks the family inside a window, and costs the grant after it', async () => {
    const clock = manualClock()
    const window = { ...STRICT, reuseWindow: { ms: 3_000 } }
    await using server = await authorizationServer(window, { clock })
    const { refreshToken } = server.signIn()

    const first = await post(server, refreshToken)
    const second = await post(server, refreshToken)
    clock.advance(3_000)
    const third = await post(server, refreshToken)

    expect(tokenOf(first)).not.toBe(tokenOf(second))
    expect(third.status).toBe(400)
    expect([first, second].map((answer) => server.isLive(tokenOf(answer)))).toEqual([false, false])
  })

  it('brings the newest again where reuse is idempotent', async () => {
    await using server = await authorizationServer({
      ...STRICT,
      reuseWindow: 'forever',
      reuseAnswer: 'idempotent',
    })
    const { refreshToken } = server.signIn()

    const first = await post(server, refreshToken)
    const second = await post(server, refreshToken)

    expect(tokenOf(second)).toBe(tokenOf(first))
  })

  it.each(['refresh', 'access'] as const)(
    'is taken until the %s token that came for it is used',
    async (kind) => {
      await using server = await authorizationServer({
        ...STRICT,
        reuseWindow: 'until_successor_used',
        reuseEffect: 'error',
      })
      const { refreshToken } = server.signIn()
      const first = await post(server, refreshToken)
      const before = await post(server, refreshToken)
      if (kind === 'refresh') await post(server, tokenOf(first))
      else server.use(first.body['access_token'] as string)

      const after = await post(server, refreshToken)

      expect([before.status, after.status]).toEqual([200, 400])
    },
  )
})

describe('beside the refresh token', () => {
  it('ends older access tokens where they die', async () => {
    await using server = await authorizationServer({ ...STRICT, oldAccessToken: 'dies' })
    const { refreshToken, accessToken } = server.signIn()

    const answer = await post(server, refreshToken)

    expect(server.isLive(accessToken)).toBe(false)
    expect(server.isLive(answer.body['access_token'] as string)).toBe(true)
  })

  it.each([
    ['before_consuming', true],
    ['after_consuming', false],
  ] as const)('refuses an audience it does not know, %s', async (validates, lives) => {
    await using server = await authorizationServer({ ...STRICT, validates })
    const { refreshToken } = server.signIn()

    const answer = await post(server, refreshToken, { resource: 'https://api.example.com' })

    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    expect(server.isLive(refreshToken)).toBe(lives)
  })

  it('revokes the grant of a token (RFC 7009 §2.1)', async () => {
    await using server = await authorizationServer(STRICT)
    const { refreshToken, accessToken } = server.signIn()

    const { status } = await fetch(server.revocationEndpoint, {
      method: 'POST',
      body: new URLSearchParams({ token: refreshToken }),
    })

    expect(status).toBe(200)
    expect([refreshToken, accessToken].map((token) => server.isLive(token))).toEqual([false, false])
  })
})

describe('the wire', () => {
  it.each<readonly [string, ServerDescription['wire'], string]>([
    ['lower-case token_type', { tokenType: 'bearer' }, '"token_type":"bearer"'],
    ['expires_in as a string', { expiresIn: 'string' }, '"expires_in":"3600"'],
    ['a form', { format: 'form' }, 'token_type=Bearer'],
    ['members of its own', { members: { ok: true } }, '"ok":true'],
    ['nested members', { answer: { accessToken: 'data.token' } }, '{"data":{"token":"'],
  ])('writes %s', async (_, wire, part) => {
    const described = { ...STRICT, wire: { ...STRICT.wire, ...wire } }
    await using server = await authorizationServer(described)

    const answer = await post(server, server.signIn().refreshToken)

    expect(answer.text).toContain(part)
  })

  it.each([
    ['an error inside 200', { status: 200, error: 'bad_refresh_token' }, 200, 'bad_refresh_token'],
    ['an empty 400', { status: 400 }, 400, undefined],
  ] as const)('writes %s', async (_, dead, status, error) => {
    await using server = await authorizationServer({ ...STRICT, wire: { ...STRICT.wire, dead } })

    const answer = await post(server, 'a token of nobody')

    expect(answer.status).toBe(status)
    expect(answer.body['error']).toBe(error)
    expect(answer.text === '').toBe(error === undefined)
  })

  it('refuses a client with 401 and WWW-Authenticate (RFC 6749 §5.2)', async () => {
    await using server = await authorizationServer(STRICT)
    const { refreshToken } = server.signIn()
    server.failNext({ kind: 'client_refused' })

    const answer = await post(server, refreshToken)

    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(answer.headers.get('www-authenticate')).toBe('Basic')
    expect(server.isLive(refreshToken)).toBe(true)
  })

  it('looks for the refresh token in one place only, and may set a cookie', async () => {
    const wire = {
      ...STRICT.wire,
      carry: { cookie: 'refresh' },
      answer: { accessToken: 'token', refreshToken: { cookie: 'refresh' } },
    }
    await using server = await authorizationServer({ ...STRICT, wire })
    const { refreshToken } = server.signIn()

    const elsewhere = await post(server, refreshToken)
    const headers = { cookie: `a=b; refresh=${refreshToken}` }
    const { status, headers: sent } = await fetch(server.tokenEndpoint, { headers })

    expect(elsewhere.status).toBe(400)
    expect(status).toBe(200)
    expect(sent.getSetCookie()[0]).toMatch(/^refresh=/)
  })

  it('may write access tokens that tell their expiry', async () => {
    const wire = { ...STRICT.wire, accessToken: 'jwt' as const }
    await using server = await authorizationServer({ ...STRICT, wire })

    const { accessToken } = server.signIn()

    const claims = JSON.parse(
      Buffer.from(accessToken.split('.')[1]!, 'base64url').toString(),
    ) as Record<string, number>
    expect(claims['exp']! - claims['iat']!).toBe(3600)
  })
})

/** The others: authorization-server-http.test.ts. */
describe('failNext', () => {
  it('sends a request twice, as a proxy may', async () => {
    await using server = await authorizationServer(STRICT)
    const { refreshToken } = server.signIn()
    server.failNext({ kind: 'duplicated', answer: 'first' })

    const answer = await post(server, refreshToken)

    expect(answer.status).toBe(200)
    expect(server.presentations(refreshToken)).toBe(2)
    expect(server.isLive(tokenOf(answer))).toBe(false)
  })
})

describe('the journal', () => {
  it('tells what happened, by names, and holds no token', async () => {
    await using server = await authorizationServer(STRICT)
    const { refreshToken } = server.signIn()
    server.failNext({ kind: 'silence', isProcessed: false }, { kind: 'cut', atByte: 3 })
    const abort = new AbortController()
    const hanging = fetch(server.tokenEndpoint, { method: 'POST', signal: abort.signal })
    hanging.catch(() => {})
    await post(server, refreshToken).catch(() => {})
    await post(server, refreshToken)
    abort.abort()

    const told = server.journal.map(({ kind, token }) => [kind, token].filter(Boolean).join(' '))
    expect(told.filter((line) => !line.startsWith('fault'))).toEqual(
      expect.arrayContaining(['signed_in R0', 'presented R0', 'reused R0', 'refused R0']),
    )
    expect(JSON.stringify(server.journal)).not.toContain(refreshToken)
  })
})

describe('what is not known', () => {
  it('is drawn, the same for the same seed', async () => {
    const draws = async (seed: number): Promise<unknown> => {
      await using server = await authorizationServer({ name: 'unknown' }, { seed })
      return server.behaviour
    }

    const seen = await Promise.all([1, 1, 2, 3, 4, 5].map(draws))

    expect(seen[0]).toEqual(seen[1])
    expect(new Set(seen.map((behaviour) => JSON.stringify(behaviour))).size).toBeGreaterThan(2)
  })

  it('is told, and what is known stays', async () => {
    await using server = await authorizationServer(presets.github, { seed: 5 })

    expect(server.drawn).toContain('reuseWindow')
    expect(server.drawn).not.toContain('rotation')
    expect(server.behaviour.oldAccessToken).toBe('dies')
  })

  it('leaves the other axes alone when one is described', () => {
    const draw = (description: ServerDescription): object => {
      let n = 0
      return drawBehaviour(description, () => (n += 1)).behaviour
    }

    expect(draw({ name: 'a', rotation: 'never' })).toEqual({
      ...draw({ name: 'a' }),
      rotation: 'never',
    })
  })
})

describe('a description that no server can be', () => {
  it.each<readonly [object, string]>([
    [{ rotation: 'allways' }, 'rotation is "allways", and must be: always, sometimes, never'],
    [{ pace: { headersMs: 5 } }, 'pace.bodyMs is missing, and must be: milliseconds'],
    [{ wire: 'json' }, 'wire is "json", and must be: { tokenType, expiresIn, carry, '],
    [{ wire: { tokentype: 'bearer' } }, 'there is no "wire.tokentype", but { tokenType, '],
    [{ wire: { tokenType: 'BEARER' } }, 'wire.tokenType is "BEARER", and must be: Bearer, bearer,'],
    [{ wire: { expiresIn: 3600 } }, 'wire.expiresIn is 3600, and must be: number, string, absent'],
    [{ wire: { format: 'xml' } }, 'wire.format is "xml", and must be: json, form'],
    [{ wire: { accessToken: 'JWT' } }, 'wire.accessToken is "JWT", and must be: opaque, jwt'],
    [{ wire: { members: 'ok' } }, 'wire.members is "ok", and must be: an object'],
    [{ wire: { carry: { from: 'a' } } }, 'and must be: { form }, { json }, { query }, { cookie }'],
    [{ wire: { carry: { form: 'a', json: 'b' } } }, 'wire.carry is {"form":"a","json":"b"}'],
    [{ wire: { carry: { bearer: 'yes' } } }, ', { bearer: true }'],
    [{ wire: { answer: { token: 'a' } } }, 'there is no "wire.answer.token", but { accessToken, '],
    [
      { wire: { answer: {} } },
      'wire.answer.accessToken is missing, and must be: a text, { cookie }',
    ],
    [{ wire: { dead: { error: 'gone' } } }, 'wire.dead.status is missing, and must be: a status'],
    [
      { wire: { dead: { status: '400' } } },
      'wire.dead.status is "400", and must be: a status from',
    ],
    [
      { wire: { dead: { status: 400, code: 'a' } } },
      'there is no "wire.dead.code", but { status, error',
    ],
    [
      { wire: { client: { status: 401, headers: { a: 1 } } } },
      'wire.client.headers.a is 1, and must be: a text',
    ],
    [{ wire: { target: { status: 99 } } }, 'wire.target.status is 99'],
    [{ wire: { carry: { form: '' } } }, 'wire.carry.form is "", and must be: a text'],
    [{ reuseWindow: { ms: -1 } }, 'reuseWindow.ms is -1, and must be: milliseconds'],
    [{ accessTokenMs: Infinity }, 'and must be: milliseconds'],
    [
      { wire: { client: { status: 401, headers: 'a' } } },
      'is "a", and must be: an object of texts',
    ],
    [{ wire: { target: { status: 400.5 } } }, 'wire.target.status is 400.5, and must be: a status'],
    [{ wire: { audience: ['resource', 1] } }, 'wire.audience.1 is 1, and must be: a text'],
    [
      { wire: { audience: 'resource' } },
      'wire.audience is "resource", and must be: a list of texts',
    ],
  ])('%j is a TypeError that says what to write', async (described, says) => {
    const server = { name: 'odd', ...described } as ServerDescription

    const failed = authorizationServer(server)

    await expect(failed).rejects.toThrow(TypeError)
    await expect(failed).rejects.toThrow(/^server: /)
    await expect(failed).rejects.toThrow(says)
  })
})

describe('presets', () => {
  it.each(Object.entries(presets))('%s bears its name', (name, preset) => {
    expect(preset.name).toBe(name)
  })

  it('oidc-provider does what oidc-provider does', async () => {
    await using real = await startOidcServer({ resources: ['https://known.example'] })
    await using described = await authorizationServer(presets['oidc-provider'])
    const { refresh_token } = await real.signIn('public')
    const { refreshToken } = described.signIn()
    const asked = { client_id: real.clients.public.id }
    const story = async (
      server: Pick<AuthorizationServer, 'tokenEndpoint'>,
      isLive: (token: string) => Promise<boolean> | boolean,
      token: string,
    ): Promise<unknown[]> => {
      const first = await post(server, token, asked)
      const { token_type: type, expires_in: expiry } = first.body
      const resource = { ...asked, resource: 'https://unknown.example' }
      const target = await post(server, tokenOf(first), resource)
      const again = await post(server, tokenOf(first), asked)
      const access = first.body['access_token'] as string
      return [
        [first.status, type, typeof expiry],
        [target.status, target.body['error']],
        [again.status, again.body['error']],
        await isLive(access),
      ]
    }

    const seen = await story(real, real.isLive, refresh_token)

    expect(await story(described, described.isLive, refreshToken)).toEqual(seen)
  })
})

describe('a refresher over HTTP', () => {
  it('discovers, rotates, and never presents a token again whose answer was lost', async () => {
    await using server = await authorizationServer(STRICT)
    const clock = { ...systemClock, now: () => systemClock.now() + 3_600_000 }
    const refresher = createRefresher({
      refusedFloorMs: 0,
      provider: oidc({ issuer: server.issuer }),
      client: { id: 'app' },
      ledger: { store: memoryStore({ name: 'described server' }) },
      clock,
      onEvent: () => {},
    })
    const first = server.signIn()

    const rotated = await refresher.refresh(first)
    const { refreshToken } = rotated.tokens
    server.failNext({ kind: 'reset', when: 'after_consuming' })
    const lost = await refresher.refresh(rotated.tokens, { refused: true })
    const again = await refresher.refresh(rotated.tokens, { refused: true, signal: ABORTED })

    expect([rotated.state, lost.state, again.state]).toEqual(['rotated', 'error', 'error'])
    expect(lost.error?.code).toBe('unknown')
    expect(server.presentations(refreshToken)).toBe(1)
  })
})
