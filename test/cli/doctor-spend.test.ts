import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher, type Refresher, type Store, type TokenSet } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startOidcServer, tokenSetOf, type OidcServer } from '../oidc/oidc-server.ts'
import { startRedis } from '../servers/redis.ts'
import { ask, folder, type Circumstances, type Told } from './doctor/stage.ts'

let server: OidcServer
let tokens: TokenSet
let place: string
let save: string

beforeEach(async () => {
  server = await startOidcServer()
  tokens = tokenSetOf(await server.signIn())
  place = folder()
  save = join(place, 'newest.json')
})

afterEach(() => server.stop())

const ledger = (): string => join(place, 'ledger')
const saved = (): TokenSet => JSON.parse(readFileSync(save, 'utf8')) as TokenSet
const presentations = (): number =>
  server.counts(server.grantOf(tokens.refreshToken!)).presentations

/** What the application has, on the same ledger. */
function application(store: Store): Refresher {
  return createRefresher({
    provider: oidc({ issuer: server.issuer }),
    client: server.clients.public,
    store,
    onEvent: () => {},
  })
}

/** A file that only its owner can read. */
function tokenFile(text: string, mode = 0o600): string {
  const path = join(place, 'token')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const spend = (others: readonly string[], given?: Circumstances): Promise<Told> =>
  ask(
    ['--issuer', server.issuer, '--client', 'public', '--spend', '--save', save, ...others],
    given,
  )

const inEnv = (given: Circumstances = {}): Promise<Told> =>
  spend(['--token-env', 'TOKEN', '--ledger', `file:${ledger()}`], {
    env: { TOKEN: tokens.refreshToken },
    ...given,
  })

function expectNothingSpent({ exitCode, error, out }: Told): void {
  expect(exitCode).toBe(2)
  expect(presentations()).toBe(0)
  expect(error + out).not.toContain(tokens.refreshToken)
}

describe('doctor --spend', () => {
  it('refreshes once, and writes the newest set before it says a word', async () => {
    let before: TokenSet | undefined
    const told = await inEnv({ onFirstWord: () => (before = saved()) })

    expect(told.exitCode).toBe(0)
    expect(told.verdicts['spend']).toBe('fine')
    expect(presentations()).toBe(1)
    expect(before).toEqual(saved())
    expect(statSync(save).mode & 0o777).toBe(0o600)
    expect(readFileSync(save, 'utf8')).toMatch(/\}\n$/)
    expect(await server.isLive(saved().refreshToken!)).toBe(true)
    expect(await server.isLive(tokens.refreshToken!)).toBe(false)
  })

  it('prints no token', async () => {
    const { out, error } = await inEnv()
    const { accessToken, refreshToken, grant } = saved()

    for (const secret of [tokens.refreshToken, accessToken, refreshToken, grant]) {
      expect(secret).toBeTypeOf('string')
      expect(out + error).not.toContain(secret)
    }
  })

  it('leaves the application on the same ledger its session', async () => {
    await inEnv()

    const dead = { ...tokens, expiresAtMs: 0 }
    const outcome = await application(fileStore(ledger())).refresh(dead)

    expect(outcome.tokens.refreshToken).toBe(saved().refreshToken)
    expect(presentations()).toBe(1)
  })

  it('presents nothing when the ledger knows a newer set', async () => {
    await application(fileStore(ledger())).refresh(tokens, { force: true })

    const told = await inEnv()

    expect(told.exitCode).toBe(0)
    expect(told.findings.at(-1)?.says).toContain('nothing was presented')
    expect(presentations()).toBe(1)
    expect(await server.isLive(saved().refreshToken!)).toBe(true)
  })

  it('goes through the Redis of the application', async () => {
    await using redis = await startRedis()
    // The server is gone before the client is.
    const client = createClient({ url: redis.url }).on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const env = { TOKEN: tokens.refreshToken, URL: redis.url }

    const told = await spend(['--token-env', 'TOKEN', '--redis-env', 'URL', '--ledger', 'redis'], {
      env,
    })
    const outcome = await application(redisStore(client)).refresh({ ...tokens, expiresAtMs: 0 })

    expect(told.exitCode).toBe(0)
    expect(outcome.tokens.refreshToken).toBe(saved().refreshToken)
    expect(presentations()).toBe(1)
  })

  it('does not spend what the application would not find again, by another pepper', async () => {
    const store = fileStore(ledger())
    await createRefresher({
      provider: oidc({ issuer: server.issuer }),
      client: server.clients.public,
      store,
      pepper: 'the pepper of the application, long enough',
      onEvent: () => {},
    }).refresh(tokenSetOf(await server.signIn()), { force: true })

    const told = await inEnv()

    expect(told.exitCode).toBe(1)
    expect(told.findings.at(-1)?.says).toContain('ledger_mismatch')
    expect(presentations()).toBe(0)
  })
})

describe('doctor --spend without a ledger', () => {
  const withoutLedger = (answer: string | undefined): Promise<Told> =>
    spend(['--token-env', 'TOKEN'], {
      env: { TOKEN: tokens.refreshToken },
      ask: async () => answer,
    })

  for (const answer of [undefined, '', 'y', 'yes', 'SPEND']) {
    it(`presents nothing for ${JSON.stringify(answer)}`, async () => {
      expectNothingSpent(await withoutLedger(answer))
      expect(existsSync(save)).toBe(false)
    })
  }

  it('presents the token when the word is typed', async () => {
    const told = await withoutLedger('spend')

    expect(told.exitCode).toBe(0)
    expect(presentations()).toBe(1)
  })

  it('takes no token from standard input, where the word is typed', async () => {
    const told = await spend(['--token-stdin'], { input: async () => tokens.refreshToken! })

    expectNothingSpent(told)
    expect(told.error).toContain('standard input cannot be the token')
  })
})

describe('doctor --spend and where the token comes from', () => {
  const through = (): string[] => ['--ledger', `file:${ledger()}`]

  it('takes it from standard input', async () => {
    const input = async (): Promise<string> => `${tokens.refreshToken}\n`

    expect((await spend(['--token-stdin', ...through()], { input })).exitCode).toBe(0)
  })

  it('takes a file that only its owner can read', async () => {
    const path = tokenFile(tokens.refreshToken!)

    expect((await spend(['--token-file', path, ...through()])).exitCode).toBe(0)
  })

  it('takes a whole set in the style it is held in, and its chain', async () => {
    const { tokens: held } = await application(fileStore(ledger())).refresh(tokens, { force: true })
    const style = { access_token: held.accessToken, refresh_token: held.refreshToken }
    const path = tokenFile(JSON.stringify({ ...style, grant: held.grant }))

    const told = await spend(['--token-file', path, ...through()])

    expect(told.exitCode).toBe(0)
    expect(saved().grant).toBe(held.grant!.replace(/1$/, '2'))
  })

  it('takes no file that others can read', async () => {
    const told = await spend(['--token-file', tokenFile(tokens.refreshToken!, 0o640), ...through()])

    expectNothingSpent(told)
    expect(told.error).toContain('chmod 600')
  })

  for (const text of ['', '{', '{"access_token":"a"}', 'two words']) {
    it(`takes no refresh token from ${JSON.stringify(text)}`, async () => {
      const told = await spend(['--token-file', tokenFile(text), ...through()])

      expectNothingSpent(told)
      expect(existsSync(save)).toBe(false)
    })
  }

  it('writes over nothing', async () => {
    writeFileSync(save, 'the one of yesterday')

    expectNothingSpent(await inEnv())
    expect(readFileSync(save, 'utf8')).toBe('the one of yesterday')
  })

  it('presents nothing when the newest set could not be written', async () => {
    save = join(place, 'nowhere', 'newest.json')

    const told = await inEnv()

    expectNothingSpent(told)
    expect(told.error).toContain('cannot be made')
  })

  it('presents nothing by settings that refresh-once refuses', async () => {
    const env = { TOKEN: tokens.refreshToken, PEPPER: 'too short' }
    const told = await spend(['--token-env', 'TOKEN', '--pepper-env', 'PEPPER', ...through()], {
      env,
    })

    expectNothingSpent(told)
    expect(told.error).toContain('pepper must be')
    expect(existsSync(save)).toBe(false)
  })
})

describe('doctor --spend when it goes wrong', () => {
  it('ends with 3 when the answer is lost', async () => {
    // The first is for the token that is made up.
    server.faults.next({ kind: 'delay' }, { kind: 'cut_after' })

    const told = await inEnv()

    expect(told.exitCode).toBe(3)
    expect(told.verdicts['spend']).toBe('problem')
    expect(existsSync(save)).toBe(false)
  })

  it('ends with 1 when the server says that the grant is dead', async () => {
    server.endGrant(tokens.refreshToken!)

    const told = await inEnv()

    expect(told.exitCode).toBe(1)
    expect(told.findings.at(-1)?.says).toMatch(/^rejected: /)
    expect(existsSync(save)).toBe(false)
  })

  it('presents nothing while something else is wrong', async () => {
    const wrong = ['--issuer', server.issuer, '--client', 'basic', '--spend', '--save', save]
    const told = await ask([...wrong, '--token-env', 'TOKEN', '--ledger', `file:${ledger()}`], {
      env: { TOKEN: tokens.refreshToken },
    })

    expect(told.exitCode).toBe(1)
    expect(told.verdicts['spend']).toBe('open')
    expect(presentations()).toBe(0)
  })
})
