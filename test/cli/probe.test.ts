import { readdirSync, readFileSync, statSync, writeFileSync, chmodSync, existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fuzz } from '../../src/cli/fuzz/fuzz.ts'
import type { Fixture } from '../../src/cli/probe/described.ts'
import { systemClock } from '../../src/core/clock.ts'
import { FAILURES } from '../../src/core/failure.ts'
import type { Provider } from '../../src/core/provider.ts'
import { startOidcServer } from '../oidc/oidc-server.ts'
import type { ClientId, OidcServerOptions } from '../oidc/oidc-server.ts'
import type { Report } from '../../src/cli/probe/probe.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type { ServerDescription } from '../../src/testing/authorization-server.ts'
import { presets } from '../../src/testing/presets.ts'
import { presentTo, shown } from '../transport/setup.ts'
import { serving } from './doctor/stage.ts'
import { beside, call, linked, ownFolder, scene, valuesOf } from './probe/stage.ts'

/** What `refresh-once fuzz` says of a written file. */
async function fuzzed(...args: readonly string[]): Promise<{ code: number; out: string }> {
  let out = ''
  const code = await fuzz([...args, '--runs', '150', '--seed', '1'], {
    out: (text) => void (out += text),
    error: (text) => void (out += text),
    hasColors: false,
    clock: systemClock,
  })
  return { code, out }
}

const WRITTEN = ['logto', 'github', 'auth0', 'google', 'keycloak', 'spotify', 'hydra'] as const

describe('probe --write', () => {
  it.each(WRITTEN)('writes a provider that fuzz finds nothing against: %s', async (name) => {
    const { folder, probe } = await scene(presets[name])
    const path = beside(folder, 'mine.ts')

    const told = await probe(2, '--write', path, '--id', 'mine')

    expect(told.out).toContain(`try it: npx refresh-once fuzz ${path}`)
    writeFileSync(path, linked(path))
    const { out, code } = await fuzzed(path)
    expect(out).toContain('mine against mine: nothing was found in 150 runs')
    expect(code).toBe(0)
  })

  it('writes what fuzz catches a provider with that says otherwise', async () => {
    const { folder, probe } = await scene({ ...presets.github, reuseWindow: 'none' })
    const path = beside(folder, 'described.json')
    const other = beside(folder, 'other.ts')
    const index = new URL('../../src/index.ts', import.meta.url).href
    writeFileSync(
      other,
      `import { defineProvider } from '${index}'
       const tokenEndpoint = 'https://a.example/t'
       export const provider = defineProvider({ id: 'other', tokenEndpoint })`,
    )

    await probe(2, '--write', path)

    const { code, out } = await fuzzed(other, '--server', path)
    expect(code).toBe(1)
    expect(out).toMatch(/^(?:old_access_token|failures): /)
    expect(out).toContain(`--server ${path} --path`)
  })

  it('records answers that refresh-once reads as it says', async () => {
    const { folder, probe } = await scene({ ...presets.hydra, name: 'recorded' })
    const path = beside(folder, 'mine.ts')

    await probe(2, '--write', path)

    writeFileSync(path, linked(path))
    const { provider } = (await import(pathToFileURL(path).href)) as { provider: Provider }
    const fixtures = readdirSync(beside(folder, 'mine.fixtures')).toSorted()
    expect(fixtures).toEqual([
      'granted-replaced.json',
      'refused-resource.json',
      'rejected-spent.json',
      'rejected-unknown.json',
    ])
    for (const name of fixtures) {
      const text = readFileSync(beside(folder, `mine.fixtures/${name}`), 'utf8')
      const { status, headers, body, expected } = JSON.parse(text) as Fixture
      const origin = await serving((_, response) => {
        response.writeHead(status, headers).end(JSON.stringify(body))
      })
      const tokenEndpoint = `${origin}/token`
      const read = await presentTo(origin, { provider: { ...provider, tokenEndpoint } })
      const { consumed, ...others } = expected
      expect(shown(read)).toMatchObject(others)
      const isSpent = 'failure' in read && FAILURES[read.failure].settles === 'spent'
      expect(isSpent).toBe(consumed ?? isSpent)
      expect(text).not.toMatch(MINTED)
    }
  })

  it('overwrites nothing', async () => {
    const { folder, server, probe } = await scene(presets.hydra)
    const path = beside(folder, 'mine.ts')
    writeFileSync(path, 'mine')

    const { exitCode, error } = await probe(1, '--write', path)

    expect(error).toContain('is there already')
    expect([exitCode, server.journal.filter(({ kind }) => kind === 'presented')]).toEqual([2, []])
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })
})

/** What the described servers mint: 18 bytes. */
const MINTED = /"[\w-]{24}"/

describe('probe', () => {
  it('writes the newest sets before it says a word, and prints no token', async () => {
    const { folder, server, clock } = await scene({ ...presets.doorkeeper, reuseWindow: 'none' })
    const save = beside(folder, 'newest')
    const tokens = [server.signIn().refreshToken, server.signIn().refreshToken]
    let before: string | undefined

    const { out, exitCode } = await call(
      ['--token-endpoint', server.tokenEndpoint, '--client', 'app', '--save', save, '--yes'].concat(
        '--tokens-env',
        'TOKENS',
      ),
      {
        clock,
        env: { TOKENS: tokens.join('\n') },
        onFirstWord: () => (before = readFileSync(save, 'utf8')),
      },
    )

    const sets = before!
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Saved)
    expect(exitCode).toBe(0)
    expect(statSync(save).mode & 0o777).toBe(0o600)
    expect(sets.map(({ refreshToken }) => server.isLive(refreshToken))).toEqual([true, true])
    const newest = sets.flatMap(({ refreshToken, accessToken }) => [refreshToken, accessToken])
    for (const each of [...tokens, ...newest]) {
      expect(out).not.toContain(each)
    }
  })

  it('says what it could not measure with one grant', async () => {
    const { measure } = await scene({ ...presets.hydra, name: 'one' })

    const { found, grants, dead, presentations } = await measure(1)

    const validates = found.find(({ axis }) => axis === 'validates')
    expect(validates).toEqual({ axis: 'validates', says: 'not measured: needs another grant' })
    expect({ grants, dead }).toEqual({ grants: 1, dead: 1 })
    expect(presentations).toBe(9)
  })

  it('counts what arrives at the server', async () => {
    const { server, measure } = await scene({ ...presets.hydra, name: 'counted' })

    const { presentations } = await measure(2)

    const arrived = server.journal.filter(({ kind }) => kind === 'presented')
    expect(arrived).toHaveLength(presentations)
  })

  it('reads a server that is not as RFC 6749 has it by its provider file', async () => {
    const { folder, server, measure } = await scene({ ...presets.supabase, rotation: 'always' })
    const { carry, answer } = presets.supabase.wire
    const file = beside(folder, 'base.ts')
    const index = new URL('../../src/index.ts', import.meta.url).href
    writeFileSync(
      file,
      `import { defineProvider } from '${index}'
       export const provider = defineProvider({
         id: 'base',
         tokenEndpoint: '${server.tokenEndpoint}',
         request: { format: 'json' },
         response: { read: ({ body }) => ({ ...body, error: body.error_code }) },
         failures: { refresh_token_already_used: 'rejected' },
       })
       export const server = {
         name: 'base',
         unavailable: 'before_consuming',
         wire: ${JSON.stringify({ carry, answer })},
       }`,
    )
    const path = beside(folder, 'measured.ts')

    const report = await measure(2, file, '--write', path)

    expect(valuesOf(report)).toMatchObject({
      reuseWindow: 'until_successor_used',
      reuseAnswer: 'idempotent',
      reuseEffect: 'family',
    })
    expect(report.server).toMatchObject({
      unavailable: 'before_consuming',
      wire: { ...presets.supabase.wire, dead: presets.supabase.wire.dead },
    })
    expect(readFileSync(path, 'utf8')).toContain("export { provider } from './base.ts'")
    writeFileSync(path, linked(path))
    expect((await fuzzed(path)).out).toContain('base against base: nothing was found')
  })

  it('stops where the server asks to wait, and keeps what it has measured', async () => {
    const { server, probe } = await scene({ ...presets.hydra, name: 'busy' })
    const wait = { kind: 'status', status: 429, retryAfterSeconds: 30, isProcessed: false } as const
    const nothing = { kind: 'late', byMs: 0 } as const
    server.failNext(nothing, nothing, nothing, nothing, nothing, nothing, wait)

    const { out, exitCode } = await probe(2)

    expect(exitCode).toBe(1)
    expect(out).toContain('stopped: the server asks to wait (status 429, with Retry-After)')
    expect(out).toMatch(/^rotation +always/m)
  })

  it('shows no real token to a server that gives tokens for anything', async () => {
    const origin = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ access_token: 'a', token_type: 'Bearer' }))
    })

    const { out, exitCode } = await call(
      ['--token-endpoint', origin, '--client', 'app', '--tokens-env', 'T', '--yes'],
      { env: { T: 'a-real-token' } },
    )

    expect(out).toContain('for a refresh token that was made up')
    expect(exitCode).toBe(1)
  })
})

interface Saved {
  readonly accessToken: string
  readonly refreshToken: string
}

describe('probe asks before it ends a grant', () => {
  const env = { T: 'a-token' }
  const place = ['--token-endpoint', 'http://127.0.0.1:9/token', '--client', 'app']

  it('goes on when it is confirmed, and not when not', async () => {
    const args = [...place, '--tokens-env', 'T']
    let question = ''
    const ask = (answer: string | undefined) => async (text: string) => {
      question = text
      return answer
    }

    const refused = await call(args, { env, ask: ask('yes') })
    const nobody = await call(args, { env })
    const confirmed = await call(args, { env, ask: ask('end them') })

    expect(question).toContain('ends the grants that it is given: 1.')
    expect([refused.exitCode, nobody.exitCode]).toEqual([2, 2])
    expect(refused.error).toContain('not confirmed; nothing was sent')
    expect(confirmed).toMatchObject({ exitCode: 1, error: '' })
  })

  it('tells whoever is not asked, on the error output', async () => {
    const { exitCode, out, error } = await call([...place, '--tokens-env', 'T', '--yes'], { env })

    expect(error).toContain('ends the grants that it is given: 1.')
    expect(out).not.toContain('ends the grants')
    expect(exitCode).toBe(1)
  })

  it.each([
    [['--client', 'app', '--tokens-env', 'T'], 'which server?'],
    [[...place, '--issuer', 'https://a.example', '--tokens-env', 'T'], 'which server?'],
    [['--issuer', 'https://a.example', '--tokens-env', 'T'], '--client is missing'],
    [place, 'the refresh tokens: one of'],
    [[...place, '--tokens-stdin'], 'write --yes'],
    [[...place, '--tokens-env', 'NONE', '--yes'], 'NONE is not in the environment'],
    [[...place, '--tokens-env', 'EMPTY', '--yes'], 'EMPTY is not in the environment'],
    [[...place, '--tokens-file', '/nowhere', '--yes'], '/nowhere cannot be read'],
    [[...place, '--tokens-env', 'T', '--write', 'a.txt'], '--write is a file that ends in .ts'],
    [[...place, '--tokens-env', 'T', '--id', 'A b'], '--id is made of'],
    [[...place, '--tokens-env', 'T', '--window-max', 'x'], '--window-max is a whole number'],
    [[...place, '--tokens-env', 'T', '--api'], "'--api <value>' argument missing"],
    [[...place, '--tokens-env', 'T', '--secret', 'a-secret'], "Unknown option '--secret'"],
    [['./nowhere.ts', '--tokens-env', 'T'], 'there is no file ./nowhere.ts'],
    [['--issuer', 'http://a.example', '--client', 'a', '--tokens-env', 'T'], 'plain http'],
  ])('ends with 2 for %j', async (args, message) => {
    const { exitCode, error, out } = await call(args, { env: { ...env, EMPTY: '' } })

    expect(error).toContain(message)
    expect(error).not.toContain('a-secret')
    expect([exitCode, out]).toEqual([2, ''])
  })

  it('refuses a file of tokens that others can read', async () => {
    const path = beside(ownFolder(), 'tokens')
    writeFileSync(path, 'a-token\n')
    chmodSync(path, 0o644)

    const { exitCode, error } = await call([...place, '--tokens-file', path, '--yes'])

    expect(error).toContain('others can read')
    expect(exitCode).toBe(2)
  })

  it('leaves no file behind where nothing lives', async () => {
    const server = await authorizationServer(presets.hydra)
    onTestFinished(() => server.stop())
    const save = beside(ownFolder(), 'newest')
    const args = ['--token-endpoint', server.tokenEndpoint, '--client', 'app', '--yes']

    const { exitCode, out } = await call([...args, '--tokens-env', 'T', '--save', save], { env })

    expect(out).toContain('stopped: no refresh token that was given is alive')
    expect([exitCode, existsSync(save)]).toEqual([1, false])
  })
})

/** Probes a real oidc-provider with so many grants of a client. */
async function probedOidc(
  options: OidcServerOptions,
  clientId: ClientId,
  grants: number,
): Promise<Report> {
  const server = await startOidcServer({ resources: ['https://api.example.com/'], ...options })
  onTestFinished(() => server.stop())
  const tokens: string[] = []
  for (let grant = 0; grant < grants; grant += 1) {
    tokens.push((await server.signIn(clientId)).refresh_token)
  }
  const client = server.clients[clientId]
  const args = ['--issuer', server.issuer, '--client', client.id, '--tokens-stdin', '--yes']
  const secret = 'secret' in client ? client.secret : ''
  const { out, error } = await call(
    [...args, ...(secret === '' ? [] : ['--secret-env', 'SECRET']), '--json'],
    { env: { SECRET: secret }, input: async () => `${tokens.join('\n')}\n` },
  )
  if (out === '') throw new Error(error)
  return JSON.parse(out) as Report
}

describe('probe, of a real oidc-provider', () => {
  it('measures what its preset says, and asks userinfo', async () => {
    const report = await probedOidc({ accessTokenMs: 3_600_000 }, 'public', 2)

    const { keptAs: _, name: __, wire, ...known } = presets['oidc-provider'] as ServerDescription
    expect(report.halted).toBeUndefined()
    expect(valuesOf(report)).toEqual({ ...known, successor: 'sent' })
    expect(report.server.wire).toMatchObject({
      ...wire,
      dead: { status: 400, error: 'invalid_grant' },
      client: { status: 401, error: 'invalid_client' },
      target: { status: 400, error: 'invalid_target' },
    })
  })

  it('measures a confidential client whose tokens do not rotate', async () => {
    const report = await probedOidc({ rotates: false }, 'basic', 1)

    expect(valuesOf(report)).toMatchObject({ rotation: 'never', keptAs: 'echoed' })
  })

  it('does not show a token for a client that the server refuses', async () => {
    const server = await startOidcServer()
    onTestFinished(() => server.stop())
    const { refresh_token: token } = await server.signIn()
    const args = ['--issuer', server.issuer, '--client', 'nobody', '--tokens-env', 'T', '--yes']

    const { out, exitCode } = await call(args, { env: { T: token } })

    expect(out).toContain('stopped: the server refuses the client')
    expect(exitCode).toBe(1)
    expect(server.counts(server.grantOf(token)).presentations).toBe(0)
  })
})
