import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { startOidcServer, type OidcServer, type OidcServerOptions } from '../oidc/oidc-server.ts'
import { startChromium } from '../servers/chromium.ts'
import { startApi } from './api.ts'
import { freePort } from '../servers/process.ts'
import { startNext, type App, type AppOptions, type Build } from './next-start.ts'
import { visitor, visitorIn, type Form, type Visitor } from './visitor.ts'

/** How long the first build may take, milliseconds: packages are installed, too. */
export const BUILD_MS = 300_000

/** How long a test may take, milliseconds: each of its steps in the browser has 30 s. */
export const TEST_MS = 120_000
vi.setConfig({ testTimeout: TEST_MS })

/** How long access tokens live, by the clocks of the applications. */
export const LIFETIME_MS = 60_000

const here = fileURLToPath(new URL('./', import.meta.url))
const root = join(here, '../..')
const run = promisify(execFile)

export interface StageOptions {
  readonly accessTokenMs: number
  readonly apps: readonly AppOptions[]
  /** What else the authorization server is. */
  readonly server?: Pick<OidcServerOptions, 'path' | 'rotates' | 'resources' | 'around'>
}

/** An authorization server, applications that sign in there, and a browser. */
export interface Stage {
  readonly server: OidcServer
  readonly apps: readonly App[]
  /** Somebody with a browser profile of their own who has signed in, with what a form asks for. */
  visitor(app: App, form?: Form): Promise<Visitor>
  /** Somebody with a browser profile of their own. */
  nobody(app: App): Promise<Visitor>
  /**
   * The access token of a visitor is over, by the clock of their application and at the API: the
   * one in their cookie, unless it is elsewhere.
   */
  expire(who: Visitor, accessToken?: string): Promise<void>
  /** The same one with a browser that was closed and opened again; cookies are kept. */
  reopened(who: Visitor): Promise<Visitor>
  stop(): Promise<void>
}

export async function stage(options: StageOptions): Promise<Stage> {
  const { accessTokenMs, apps } = options
  await built(new Set(apps.map(({ build = 'app' }) => build)))
  const ports = await Promise.all(apps.map(() => freePort()))
  // Cookies know no ports: the AS is at 127.0.0.1, and the applications at localhost.
  const origins = ports.map((port) => `http://localhost:${port}`)
  const redirectUris = apps.map(
    ({ env }, index) => `${origins[index]}/api/auth/callback/${env?.['PROVIDER'] ?? 'oidc'}`,
  )
  const server = await startOidcServer({
    ...options.server,
    accessTokenMs,
    redirectUris: redirectUris as [string, ...string[]],
    // As far away as most are: whoever asks at the same time asks before the first is answered.
    latency: { before: 100, after: 100 },
  })
  const api = await startApi(server)
  const [browser, ...running] = await Promise.all([
    startChromium(),
    ...apps.map((options, index) => {
      const env = { PROFILE: api.url, ...options.env }
      return startNext({ ...options, env }, server, ports[index]!)
    }),
  ])
  return {
    server,
    apps: running,
    visitor: (at, form) => visitor(browser, server, at, form),
    async nobody(at) {
      const context = await browser.newContext()
      return visitorIn(context, await context.newPage(), at, 0)
    },
    async expire({ app, token }, accessToken) {
      api.refuse(accessToken ?? (await token())!.access_token)
      await app.advance(accessTokenMs)
    },
    async reopened({ context, app, grant }) {
      const storageState = await context.storageState()
      await context.close()
      const next = await browser.newContext({ storageState })
      return visitorIn(next, await next.newPage(), app, grant)
    },
    async stop() {
      await Promise.all([browser.close(), ...running.map((each) => each.stop())])
      await Promise.all([api.stop(), server.stop()])
    },
  }
}

/** Builds what was not built yet, of one application in one test file at a time. */
async function built(builds: ReadonlySet<Build>): Promise<void> {
  await run('mkdir', ['-p', join(root, '.build/next')])
  for (const build of builds) {
    const command = [`.build/next/${build}.lock`, 'npx', 'tsx', join(here, 'build.ts'), build]
    await run('flock', command, { cwd: root })
  }
}
