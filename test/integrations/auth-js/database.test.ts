import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RefreshEvent } from '../../../src/index.ts'
import { startOidcServer, type OidcServer } from '../../oidc/oidc-server.ts'
import { browser, type Browser } from './browser.ts'
import { openDatabase, type Database } from './database.ts'
import type { FromChild, ToChild } from './database-process.ts'
import { authJs5, nextAuth4Handler, type Framework } from './frameworks.ts'
import { atOnce, expectGood, expectOver, HOUR_MS } from './stage.ts'

const REQUESTS = 10

/** Past an expiry on the clocks of both processes, which began to run when each was ready. */
const OVER_MS = HOUR_MS + 60_000

/** A process of the application. */
interface Process {
  readonly browser: Browser
  say(message: ToChild): Promise<FromChild>
}

interface Setting {
  readonly server: OidcServer
  readonly database: Database
  /** Each with a browser that has the user's cookies. */
  readonly processes: readonly [Process, Process]
  advance(ms: number): Promise<void>
  told(type: RefreshEvent['type']): Promise<readonly RefreshEvent[]>
  /** What went wrong and was only logged. */
  lines(): Promise<readonly string[]>
}

/** Two processes on one database, and a user who has signed in. */
async function signedIn(framework: Framework): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'refresh-once-'))
  const file = join(folder, 'app.db')
  const database = await openDatabase(file, true)
  const script = fileURLToPath(new URL('database-process.ts', import.meta.url))
  const start = (): ChildProcess =>
    fork(script, [file, framework.name], { execArgv: ['--import', 'tsx'] })
  const children = [start(), start()] as const
  const origins = await Promise.all(
    children.map(async (child) => {
      const [{ origin }] = (await once(child, 'message')) as [FromChild]
      return origin!
    }),
  )
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    redirectUris: [`${origins[0]}/api/auth/callback/oidc`],
  })
  onTestFinished(async () => {
    await Promise.all(
      children.map((child) => {
        const exit = once(child, 'exit')
        child.disconnect()
        return exit
      }),
    )
    database.close()
    await server.stop()
    await rm(folder, { recursive: true })
    expect(server.counts()).toMatchObject({ presentedTwice: 0, reuses: 0 })
  })

  async function say(child: ChildProcess, message: ToChild): Promise<FromChild> {
    const answer = once(child, 'message')
    child.send(message)
    return ((await answer) as [FromChild])[0]
  }
  const all = (message: ToChild): Promise<FromChild[]> =>
    Promise.all(children.map((child) => say(child, message)))

  await all({ do: 'serve', issuer: server.issuer })
  const first = browser(origins[0]!)
  await first.signIn()
  const second = browser(origins[1]!)
  second.putBack(first.cookies)
  return {
    server,
    database,
    processes: [
      { browser: first, say: (message) => say(children[0], message) },
      { browser: second, say: (message) => say(children[1], message) },
    ],
    advance: async (ms) => void (await all({ do: 'advance', ms })),
    told: async (type) =>
      (await all({ do: 'report' }))
        .flatMap(({ events }) => events ?? [])
        .filter((event) => event.type === type),
    lines: async () => (await all({ do: 'report' })).flatMap(({ lines }) => lines ?? []),
  }
}

describe.each([authJs5, nextAuth4Handler])('databaseCallbacks in $name', (framework) => {
  it('keep one row fresh for two processes, with one presentation for each expiry', async () => {
    const { server, database, processes, advance, lines, told } = await signedIn(framework)
    const [before] = await database.accounts()

    for (let expiries = 1; expiries <= 2; expiries += 1) {
      await advance(OVER_MS)
      const sessions = await atOnce(2 * REQUESTS, (index) =>
        processes[index % 2 === 0 ? 0 : 1].browser.session(),
      )

      const [row] = await database.accounts()
      for (const session of sessions) {
        expectGood(session)
        expect(session['accessToken']).toBe(row?.access_token)
      }
      expect(server.counts()).toMatchObject({ presentations: expiries, grants: { live: 1 } })
    }

    const [after] = await database.accounts()
    expect(await server.isLive(after?.access_token ?? '')).toBe(true)
    expect(after?.expires_at).toBeGreaterThan((before?.expires_at ?? 0) + 7000)
    expect(after?.providerAccountId).toBe(before?.providerAccountId)
    expect(await lines()).toEqual([])
    expect(await told('reuse_detected')).toEqual([])
  })

  it('say of a revoked grant: sign in; and a sign-in heals the row', async () => {
    const { server, database, processes, advance, lines } = await signedIn(framework)
    const [one, other] = processes
    const [row] = await database.accounts()
    server.endGrant(row!.refresh_token!)
    await advance(OVER_MS)
    for (const { browser: each } of [one, other]) expectOver(await each.session())
    expect(server.counts().presentations).toBe(1)

    const name = row!.providerAccountId
    await one.browser.signIn('oidc', { login_hint: name })
    const [healed] = await database.accounts()

    expect(healed).toMatchObject({ userId: row!.userId, providerAccountId: name })
    expect(await server.isLive(healed!.refresh_token!)).toBe(true)
    expect(await one.browser.session()).not.toHaveProperty('error')
    expect(await other.browser.session()).not.toHaveProperty('error')
    expect(await lines()).toEqual([])
  })

  it('end the grant with a sign-out', async () => {
    const { server, processes, advance } = await signedIn(framework)
    const [one] = processes

    await one.browser.signOut()
    await advance(OVER_MS)

    expect(await one.browser.session()).toBeNull()
    expect(server.counts()).toMatchObject({ presentations: 0, grants: { live: 0 } })
  })
})
