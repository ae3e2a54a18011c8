import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serve } from '../../src/cli/serve.ts'
import { run } from '../../src/cli/run.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type { AuthorizationServer } from '../../src/testing/authorization-server.ts'
import { recording } from '../cli/terminal.ts'
import { runs } from '../runs.ts'
import { asking, expired, folder, SECRET, STRICT } from './stage.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A configuration file before a described server. */
function configured(server: Pick<AuthorizationServer, 'issuer'>, change: object = {}) {
  const home = folder()
  const file = join(home, 'broker.json')
  const configuration = {
    listen: { socket: join(home, 'broker.sock') },
    store: { file: join(home, 'ledger') },
    secret_env: 'BROKER_SECRET',
    providers: { crm: { id: 'oidc', issuer: server.issuer, client: { id: 'client' } } },
    ...change,
  }
  writeFileSync(file, JSON.stringify(configuration))
  return { file, address: `unix:${join(home, 'broker.sock')}` }
}

/** A broker in a process of its own. */
async function started(file: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'serve', file], {
    env: { ...process.env, BROKER_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: unknown): void => {
      said += String(chunk)
      if (said.includes('Serves crm at unix:')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}: ${said}`)))
  })
  return child
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', resolve))

describe('a broker that is killed', () => {
  it('presents no token twice, and loses only what was under way', async () => {
    await using server = await authorizationServer(STRICT)
    const { file, address } = configured(server)
    const grants = Array.from({ length: runs(20) }, (_, index) => ({
      id: `crm-${index}`,
      tokens: expired(server),
    }))
    const first = await started(file)
    const before = asking(address)
    for (const { id, tokens } of grants) {
      await before(`PUT /v1/grants/${id}`, { body: { provider: 'crm', tokens } })
    }
    const storm = grants.map(({ id }) =>
      before(`GET /v1/grants/${id}/token`).catch(() => undefined),
    )
    // Some are answered, some are under way, some have not begun.
    await Promise.any(storm)
    const gone = ended(first)
    first.kill('SIGKILL')
    await gone
    const served = (await Promise.all(storm)).filter((answer) => answer?.status === 200)

    await started(file)
    const after = asking(address)
    const answers = await Promise.all(grants.map(({ id }) => after(`GET /v1/grants/${id}/token`)))

    expect(served.length).toBeGreaterThan(0)
    for (const { tokens } of grants) {
      expect(server.presentations(tokens.refreshToken)).toBeLessThanOrEqual(1)
    }
    for (const { status, body } of answers) {
      // 503: its claim is not overdue yet. 410: the answer was lost with the process.
      expect([200, 410, 503]).toContain(status)
      expect(status !== 200 || server.isLive(body['access_token'] as string)).toBe(true)
    }
    const kept = answers.filter(({ status }) => status === 200)
    expect(kept.length).toBeGreaterThanOrEqual(served.length)
  })

  it('ends with 0 after SIGTERM, and answers what is under way', async () => {
    await using server = await authorizationServer(STRICT)
    const { file, address } = configured(server)
    const broker = await started(file)
    const ask = asking(address)
    await ask('PUT /v1/grants/a', { body: { provider: 'crm', tokens: expired(server) } })
    server.failNext({ kind: 'late', byMs: 300 })
    const asked = ask('GET /v1/grants/a/token')
    while (!server.journal.some(({ kind }) => kind === 'presented')) {
      await new Promise(setImmediate)
    }

    const gone = ended(broker)
    broker.kill('SIGTERM')

    expect((await asked).status).toBe(200)
    expect(await gone).toBe(0)
  })
})

describe('the configuration', () => {
  const env = { BROKER_SECRET: SECRET, SHORT: 'short', TOKEN: 't'.repeat(32) }
  const server = { issuer: 'https://id.example' }

  async function checked(change: object, args: readonly string[] = ['--check']) {
    const terminal = recording()
    const { file } = configured(server, change)
    const code = await serve([file, ...args], terminal, { env }, () => Promise.resolve())
    return { code, ...terminal.written }
  }

  it('is read, with a port and clients', async () => {
    const clients = { a: { token_env: 'TOKEN', grants: ['*'] } }

    const served = await checked({ listen: { port: 0 }, clients }, [])

    expect(served).toMatchObject({ code: 0, error: '' })
    expect(served.out).toMatch(/^Serves crm at http:\/\/127\.0\.0\.1:\d+\n$/)
  })

  it('of docs/examples/broker can be used', async () => {
    const terminal = recording()
    const file = 'docs/examples/broker/broker.json'
    const names = ['REFRESH_ONCE_SECRET', 'CRM_CLIENT_SECRET', 'GOOGLE_CLIENT_SECRET']
    const tokens = ['NIGHTLY_TOKEN', 'MAILER_TOKEN']
    const values = [...names, ...tokens].map((name) => [name, `${name} `.repeat(4).trim()])
    const given = { env: Object.fromEntries(values) as Record<string, string> }
    const read = readFileSync(file, 'utf8').replace('/var/lib/refresh-once', folder())
    const copy = join(folder(), 'broker.json')
    writeFileSync(copy, read)

    expect(await serve([copy, '--check'], terminal, given, () => Promise.resolve())).toBe(0)
    expect(terminal.written.error).toBe('')
  })

  it.each<[string, object, string]>([
    ['a port without clients', { listen: { port: 0 } }, 'write clients'],
    ['a short secret', { secret_env: 'SHORT' }, 'at least 32 random characters'],
    ['no secret', { secret_env: 'NOWHERE' }, 'NOWHERE is not in the environment'],
    ['a secret in the file', { secret_env: SECRET }, 'the name of an environment variable'],
    ['a misspelt member', { provider: {} }, 'there is no "provider"'],
    ['no such provider', { providers: { a: { id: 'nothing' } } }, '--provider is one of'],
    ['no client', { providers: { a: { id: 'spotify' } } }, 'client'],
    ['two stores', { store: { file: '/a', sqlite: '/b' } }, 'store'],
    ['a short token', { clients: { a: { token_env: 'SHORT', grants: ['*'] } } }, 'clients.a'],
    ['no grants', { clients: { a: { token_env: 'TOKEN', grants: [] } } }, 'a list of ids'],
  ])('is refused with %s', async (_, change, said) => {
    const { code, error, out } = await checked(change)

    expect(code).toBe(2)
    expect(error).toContain(said)
    expect(error + out).not.toContain(SECRET)
  })

  it.each([
    [[], 'give it one file'],
    [['a.json', 'b.json'], 'give it one file'],
    [['nowhere.json'], 'there is no file nowhere.json'],
    [['README.md'], 'README.md is no JSON'],
  ])('is one file of JSON: %j', async (args, said) => {
    const terminal = recording()

    expect(await run(['serve', ...args], terminal)).toBe(2)
    expect(terminal.written.error).toContain(said)
  })
})
