import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../../providers/oidc.ts'
import { createRefresher } from '../../../src/index.ts'
import { refreshOnce } from '../../../src/integrations/better-auth.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { startOidcServer } from '../../oidc/oidc-server.ts'
import type { OidcServer } from '../../oidc/oidc-server.ts'
import { drizzled, prisma, sqlite } from './databases.ts'
import type { Asked, Told } from './process.ts'
import { appOf } from './stage.ts'
import type { App } from './stage.ts'

const REQUESTS = 10

async function fileOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refresh-once-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'app.db')
}

async function serverOfTest(): Promise<OidcServer> {
  const server = await startOidcServer()
  onTestFinished(server.stop)
  return server
}

/** A user whose access token is over. */
async function expired(app: App, server: OidcServer): Promise<Omit<Asked, 'times'>> {
  const { internalAdapter } = await app.$context
  const user = await internalAdapter.createUser(
    { email: 'a@example.com', name: 'Ann' },
    undefined as never,
  )
  const tokens = await server.signIn('basic')
  const { id: accountId } = await internalAdapter.createAccount({
    userId: user.id,
    providerId: 'oidc',
    accountId: '1',
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    accessTokenExpiresAt: new Date(0),
  })
  return { accountId, userId: user.id }
}

describe.each([
  ['Kysely on SQLite', sqlite],
  ['Drizzle on SQLite', drizzled],
  ['Prisma', prisma],
])('the database adapter for %s', (_, open) => {
  it('keeps the tokens of one presentation, and ends them', async () => {
    const server = await serverOfTest()
    const database = await open(await fileOfTest())
    const refresher = createRefresher({
      provider: oidc({ issuer: server.issuer }),
      client: server.clients.basic,
      ledger: { store: memoryStore() },
      onEvent: () => {},
    })
    const plugins = [refreshOnce({ oidc: refresher })]
    const app = appOf({ issuer: server.issuer, database, plugins })
    const body = await expired(app, server)

    const calls = Array.from({ length: REQUESTS }, () => app.api.getAccessToken({ body }))
    const answers = await Promise.all(calls)
    const { internalAdapter } = await app.$context
    const [row] = await internalAdapter.findAccounts(body.userId)
    await internalAdapter.deleteAccount(body.accountId)

    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(row?.accessToken).toBe(answers[0]!.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
    expect(await server.isLive(row!.refreshToken!)).toBe(true)
  })
})

interface Process {
  ask(asked: Asked): Promise<Told>
}

async function start(file: string, issuer: string, isGuarded: boolean): Promise<Process> {
  const script = fileURLToPath(new URL('process.ts', import.meta.url))
  const child = fork(script, [file, issuer, String(isGuarded)], { execArgv: ['--import', 'tsx'] })
  onTestFinished(async () => {
    const exit = once(child, 'exit')
    child.disconnect()
    await exit
  })
  await once(child, 'message')
  return {
    async ask(asked) {
      const answer = once(child, 'message')
      child.send(asked)
      return ((await answer) as [Told])[0]
    },
  }
}

/** What two processes on one database are told, and what the server saw. */
async function twoProcesses(isGuarded: boolean): Promise<{ told: Told; server: OidcServer }> {
  const server = await serverOfTest()
  const file = await fileOfTest()
  const app = appOf({ issuer: server.issuer, database: await sqlite(file) })
  const account = await expired(app, server)
  const { issuer } = server
  const processes = await Promise.all([1, 2].map(() => start(file, issuer, isGuarded)))
  const told = await Promise.all(processes.map(({ ask }) => ask({ ...account, times: REQUESTS })))
  return { told: told.flat(), server }
}

describe('two processes on one database', () => {
  it('lose the grant without the plugin', async () => {
    const { told, server } = await twoProcesses(false)

    expect(told).toContain('failed')
    expect(server.counts().reuses).toBeGreaterThan(0)
  })

  it('present the token once with it', async () => {
    const { told, server } = await twoProcesses(true)

    expect(new Set(told).size).toBe(1)
    expect(await server.isLive(told[0]!)).toBe(true)
    expect(server.counts()).toMatchObject({ presentations: 1, reuses: 0 })
  })
})
