import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DoctorFinding } from '../../src/cli/doctor/finding.ts'
import { report } from '../../src/cli/doctor/finding.ts'
import { run } from '../../src/cli/run.ts'
import { systemClock } from '../../src/core/clock.ts'
import { startOidcServer, type OidcServer } from '../oidc/oidc-server.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { ask, call, publishing, selfSigned, serving, type Told } from './doctor/stage.ts'

let server: OidcServer

beforeAll(async () => {
  server = await startOidcServer()
})

afterAll(() => server?.stop())

const about = (told: Told, check: string) =>
  told.findings.find((finding) => finding.check === check)

/** What a person would call it with for the real server. */
const asClient = (id: string, ...others: string[]): string[] => [
  '--issuer',
  server.issuer,
  '--client',
  id,
  ...others,
]

describe('doctor on a server and a client that fit', () => {
  it("finds everything fine, and presents nobody's token", async () => {
    const before = await server.signIn()
    const told = await ask(
      asClient('public', '--scope', 'openid offline_access', '--prompt', 'consent'),
    )

    expect(told.exitCode).toBe(0)
    expect(told.verdicts).toEqual({
      connection: 'fine',
      discovery: 'fine',
      clock: 'fine',
      token_endpoint: 'fine',
      client_authentication: 'fine',
      revocation_endpoint: 'fine',
      offline_access: 'fine',
      prompt: 'fine',
    })
    expect(server.counts(server.grantOf(before.refresh_token)).presentations).toBe(0)
    expect(await server.isLive(before.refresh_token)).toBe(true)
  })

  for (const id of ['basic', 'post'] as const) {
    it(`authenticates the client ${id} by its secret, which it does not print`, async () => {
      const { secret } = server.clients[id]
      const method = `client_secret_${id}`
      const args = asClient(id, '--secret-env', 'SECRET', '--authentication', method)

      const told = await ask(args, { env: { SECRET: secret } })

      expect(told.verdicts['client_authentication']).toBe('fine')
      expect(told.out).not.toContain(secret)
    })
  }

  it('writes for people, too: a line for each finding, and what to do', async () => {
    const { exitCode, out } = await call(asClient('public'))

    expect(exitCode).toBe(0)
    expect(out).toMatch(/^✓ connection +http/m)
    expect(out).toMatch(/^\? offline_access +give --scope/m)
    expect(out).toMatch(/0 problems, 0 warnings, 2 open questions/)
  })
})

describe('doctor on what people get wrong', () => {
  it('tells a wrong secret', async () => {
    const args = asClient('basic', '--secret-env', 'SECRET')

    const told = await ask(args, { env: { SECRET: 'not-the-secret' } })

    expect(told.exitCode).toBe(1)
    expect(about(told, 'client_authentication')).toMatchObject({
      verdict: 'problem',
      says: 'the server refuses the client (invalid_client, status 401)',
    })
    expect(told.out).not.toContain('not-the-secret')
  })

  it('tells a client that needs a secret', async () => {
    const told = await ask(asClient('basic'))

    expect(about(told, 'client_authentication')?.verdict).toBe('problem')
  })

  it('tells an issuer with a slash too many', async () => {
    const told = await ask(['--issuer', `${server.issuer}/`, '--client', 'public'])

    expect(told.exitCode).toBe(1)
    expect(about(told, 'discovery')?.fix).toBe(`Write issuer as it stands there: ${server.issuer}`)
  })

  it('finds the issuer of Logto, when /oidc is missing', async () => {
    const origin = await serving((request, response) => {
      const isThere = request.url === '/oidc/.well-known/openid-configuration'
      response.statusCode = isThere ? 200 : 404
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(isThere ? { issuer: `${origin}/oidc` } : {}))
    })

    const told = await ask(['--issuer', origin, '--client', 'public'])

    expect(about(told, 'discovery')).toMatchObject({
      verdict: 'problem',
      fix: `There is some of another issuer: ${origin}/oidc`,
    })
  })

  it('tells what Logto has to be looked at for', async () => {
    const logto = ['--provider', 'logto', '--issuer', server.issuer, '--client', 'public']
    const told = await ask([...logto, '--scope', 'openid', '--prompt', 'login'])

    expect(told.exitCode).toBe(1)
    expect(about(told, 'offline_access')?.verdict).toBe('problem')
    expect(about(told, 'provider_switch')?.fix).toContain('Always issue refresh token')
  })

  it('tells a scope without offline_access, and a prompt without consent', async () => {
    const without = await ask(asClient('public', '--scope', 'openid'))
    const silent = await ask(asClient('public', '--scope', 'openid offline_access'))

    expect(without.verdicts).toMatchObject({ offline_access: 'problem' })
    expect(without.exitCode).toBe(1)
    expect(silent.verdicts).toMatchObject({ offline_access: 'fine', prompt: 'warning' })
    expect(silent.exitCode).toBe(0)
  })

  for (const [what, issuer, client, secret] of [
    ["a literal '${'", 'https://${LOGTO_ENDPOINT}/oidc', 'public', undefined],
    ["a literal '${'", 'https://id.example.com', '${CLIENT_ID}', undefined],
    ["the text 'undefined'", 'https://undefined/oidc', 'public', undefined],
    ["the text 'undefined'", 'https://id.example.com', 'undefined', undefined],
    ["a literal '${'", 'https://id.example.com', 'public', '${CLIENT_SECRET}'],
  ] as const) {
    it(`tells ${what} in ${issuer} ${client}${secret ? ' and a secret' : ''}`, async () => {
      const args = ['--issuer', issuer, '--client', client]
      const withSecret = secret ? [...args, '--secret-env', 'SECRET'] : args

      const told = await ask(withSecret, { env: { SECRET: secret } })

      expect(told.exitCode).toBe(1)
      expect(about(told, 'configuration')?.says).toContain(what)
    })
  }

  it('tells plain http to another host, as refresh-once would refuse it', async () => {
    const told = await ask(['--issuer', 'http://id.example.com', '--client', 'public'])

    expect(about(told, 'configuration')?.says).toContain('plain http')
  })

  for (const [endpoint, words] of [
    ['https://${HOST}/token', 'never filled in'],
    ['https://undefined/token', 'never filled in'],
    ['http://id.example.com/token', 'no token may be sent to'],
    [undefined, 'names no token endpoint'],
  ] as const) {
    it(`tells a server that publishes ${endpoint ?? 'nothing'}`, async () => {
      const issuer = await publishing(() => ({ token_endpoint: endpoint }))

      const told = await ask(['--issuer', issuer, '--client', 'public'])

      expect(told.exitCode).toBe(1)
      expect(about(told, 'token_endpoint')?.says).toContain(words)
    })
  }

  it('tells what the metadata does not list', async () => {
    const issuer = await publishing((origin) => ({
      token_endpoint: `${origin}/token`,
      grant_types_supported: ['authorization_code'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      scopes_supported: ['openid'],
    }))

    const told = await ask(['--issuer', issuer, '--client', 'public', '--scope', 'openid'])
    const says = told.findings.map(({ says: each }) => each)

    expect(says).toContain('the metadata does not list the grant refresh_token')
    expect(says).toContain('none is not listed by the metadata')
    expect(about(told, 'offline_access')).toMatchObject({
      verdict: 'open',
      says: expect.stringContaining('this server may have another way'),
    })
  })

  it('does not say that a server knows the client if it answers any client alike', async () => {
    const issuer = await publishing((origin) => ({
      token_endpoint: `${origin}/token`,
      error: 'invalid_grant',
    }))

    const told = await ask(['--issuer', issuer, '--client', 'public'])

    expect(about(told, 'client_authentication')).toMatchObject({
      verdict: 'open',
      says: expect.stringContaining('for any client'),
    })
  })

  it('takes a token endpoint, and a provider by its id', async () => {
    const at = await ask(['--token-endpoint', server.tokenEndpoint, '--client', 'public'])
    const by = await ask([
      '--provider',
      'oidc-provider',
      '--issuer',
      server.issuer,
      '--client',
      'public',
    ])

    expect(at.verdicts).toMatchObject({ connection: 'fine', client_authentication: 'fine' })
    expect(by.verdicts).toMatchObject({ client_authentication: 'fine' })
  })

  it('takes a file that exports a provider', async () => {
    const file = fileURLToPath(new URL('../../providers/spotify.ts', import.meta.url))

    const told = await ask([file, '--client', 'public'])

    expect(`${told.out}${told.error}`).toContain('exports no provider')
  })

  it('tells a server that is no authorization server', async () => {
    const issuer = await publishing((origin) => ({
      token_endpoint: `${origin}/token`,
      access_token: 'one for everybody',
    }))

    const told = await ask(['--issuer', issuer, '--client', 'public'])

    expect(about(told, 'client_authentication')?.says).toContain('that was made up')
  })
})

describe('doctor on the way to the server', () => {
  it('tells a host that nobody listens at', async () => {
    const told = await ask(['--issuer', 'http://127.0.0.1:1', '--client', 'public'])

    expect(told.exitCode).toBe(1)
    expect(about(told, 'connection')?.says).toContain('ECONNREFUSED')
  })

  it('tells a certificate that signs itself', async () => {
    const issuer = await serving((_, response) => response.end(), selfSigned())

    const told = await ask(['--issuer', issuer, '--client', 'public'])

    expect(about(told, 'connection')).toMatchObject({
      verdict: 'problem',
      says: expect.stringContaining('signed by itself') as string,
    })
  })

  it('tells a port without TLS', async () => {
    const origin = await serving((_, response) => response.end())

    const told = await ask(['--issuer', origin.replace('http:', 'https:'), '--client', 'public'])

    expect(about(told, 'connection')?.verdict).toBe('problem')
  })

  for (const [seconds, verdict, side] of [
    [0, 'fine', 'agrees'],
    [30, 'warning', 'ahead of'],
    [-30, 'warning', 'behind'],
    [300, 'problem', 'ahead of'],
  ] as const) {
    it(`calls a clock that is ${seconds} s off ${verdict}`, async () => {
      const clock = { ...systemClock, now: () => systemClock.now() + seconds * 1000 }

      const told = await ask(asClient('public'), { clock })

      expect(about(told, 'clock')?.verdict).toBe(verdict)
      expect(about(told, 'clock')?.says).toContain(side)
    })
  }
})

describe('doctor on a Redis', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis({ config: { requirepass: 'a-password-of-redis' } })
  })

  afterAll(() => redis?.stop())

  const withPassword = (): string => redis.url.replace('//', '//:a-password-of-redis@')
  const config = (policy: string): Promise<string> =>
    redis.cli('-a', 'a-password-of-redis', 'CONFIG', 'SET', 'maxmemory-policy', policy)

  it('is content with one that keeps its rows', async () => {
    await config('noeviction')

    const told = await ask(asClient('public', '--redis-env', 'URL'), {
      env: { URL: withPassword() },
    })

    expect(about(told, 'redis')?.verdict).toBe('fine')
  })

  it('tells one that drops rows', async () => {
    await config('allkeys-lru')

    const told = await ask(asClient('public', '--redis-env', 'URL'), {
      env: { URL: withPassword() },
    })

    expect(told.exitCode).toBe(1)
    expect(about(told, 'redis')?.fix).toContain('allkeys-lru: set noeviction')
    expect(told.out).not.toContain('a-password-of-redis')
  })

  it('tells one that it may not enter, without its password', async () => {
    const told = await ask(asClient('public', '--redis', redis.url))

    expect(about(told, 'redis')?.verdict).toBe('problem')
  })

  it('tells an address with a password that cannot be read', async () => {
    const told = await ask(asClient('public', '--redis-env', 'URL'), {
      env: { URL: redis.url.replace('//', '//:a%zz-password@') },
    })

    expect(told.exitCode).toBe(1)
    expect(about(told, 'redis')).toMatchObject({
      verdict: 'problem',
      says: expect.stringContaining('cannot be read') as string,
    })
    expect(told.out + told.error).not.toContain('zz-password')
  })

  it('takes no password on the command line', async () => {
    const told = await ask(asClient('public', '--redis', withPassword()))

    expect(told.exitCode).toBe(2)
    expect(told.error).toContain('--redis-env')
    expect(told.error).not.toContain('a-password-of-redis')
  })
})

describe('report', () => {
  for (const isJson of [true, false]) {
    it(`hides what is known to be a secret ${isJson ? 'in JSON' : 'in text'}`, () => {
      let out = ''
      const terminal = { out: (text: string) => void (out += text), error: () => {} }
      const found = { check: 'spend', verdict: 'problem', says: 'a-secret!', fix: 'no a-secret' }

      report(
        [found as DoctorFinding],
        1,
        { isJson, secrets: ['a-secret', 'no'] },
        {
          ...terminal,
          hasColors: false,
          clock: systemClock,
        },
      )

      expect(out).not.toContain('a-secret')
      expect(out).toContain('[hidden]!')
      expect(out).toContain('no [hidden]')
    })
  }
})

describe('doctor and its command line', () => {
  for (const [args, words] of [
    [[], '--issuer is missing'],
    [['--issuer', 'https://id.example.com'], '--client is missing'],
    [['--issuer', 'https://id.example.com', '--client', 'a', '--nope'], "Unknown option '--nope'"],
    [
      ['--issuer', 'https://id.example.com', '--client', 'a', 'a-token'],
      'a value is without its option',
    ],
    [['--issuer', 'https://a.example', '--client', 'a', '--provider', 'nobody'], '--provider is'],
    [['--issuer', 'https://a.example', '--client', 'a', '--provider', 'toString'], '--provider is'],
    [['--issuer', 'https://a.example', '--client', 'a', '--provider', 'x'], 'leave --issuer out'],
    [
      ['--issuer', 'https://a.example', '--client', 'a', '--authentication', 'x'],
      'is one of none,',
    ],
    [['--issuer', 'https://a.example', '--client', 'a', '--secret-env', 'NOPE'], 'NOPE is not in'],
    [
      ['--issuer', 'https://a.example', '--client', 'a', '--timeout-ms', 'x'],
      '--timeout-ms is a whole',
    ],
    [['--issuer', 'https://a.example', '--client', 'a', '--spend'], "Unknown option '--spend'"],
    [['--a-token-in-the-place-of-an-option'], 'Unknown option'],
  ] as const) {
    it(`ends with 2 for "${args.join(' ')}"`, async () => {
      const told = await call(args)

      expect(told.exitCode).toBe(2)
      expect(told.error).toContain(words)
      expect(told.error).not.toContain('a-token')
      expect(told.out).toBe('')
    })
  }

  it('says how to call it', async () => {
    let out = ''
    const terminal = {
      out: (text: string) => void (out += text),
      error: () => {},
      hasColors: false,
      clock: systemClock,
    }

    expect(await run(['doctor', '--help'], terminal)).toBe(0)
    expect(out).toMatch(/^usage: refresh-once doctor/)
    expect(out).toContain('--redis-env <NAME>')
  })
})
