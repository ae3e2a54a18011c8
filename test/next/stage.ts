import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startOidcServer, type OidcServer } from '../../src/testing/oidc-server.ts'
import { startChromium } from '../servers/chromium.ts'
import { freePort } from '../servers/process.ts'
import { startNext, type App, type AppOptions } from './next-start.ts'
import { visitor, visitorIn, type Visitor } from './visitor.ts'

/** How long the first build may take, milliseconds: packages are installed, too. */
export const BUILD_MS = 300_000

/** How long access tokens live, by the clocks of the applications. */
export const LIFETIME_MS = 60_000

const here = fileURLToPath(new URL('./', import.meta.url))
const root = join(here, '../..')
const run = promisify(execFile)

export interface StageOptions {
  readonly accessTokenMs: number
  readonly apps: readonly AppOptions[]
}

/** An authorization server, applications that sign in there, and a browser. */
export interface Stage {
  readonly server: OidcServer
  readonly apps: readonly App[]
  /** Somebody with a browser profile of their own who has signed in. */
  visitor(app: App): Promise<Visitor>
  /** The same one with a browser that was closed and opened again; cookies are kept. */
  reopened(who: Visitor): Promise<Visitor>
  stop(): Promise<void>
}

export async function stage({ accessTokenMs, apps }: StageOptions): Promise<Stage> {
  const build = ['.build/next.lock', 'npx', 'tsx', join(here, 'build.ts')]
  await run('mkdir', ['-p', join(root, '.build')])
  await run('flock', build, { cwd: root })
  const ports = await Promise.all(apps.map(() => freePort()))
  // Cookies know no ports: the AS is at 127.0.0.1, and the applications at localhost.
  const origins = ports.map((port) => `http://localhost:${port}`)
  const redirectUris = origins.map((origin) => `${origin}/api/auth/callback/oidc`)
  const server = await startOidcServer({
    accessTokenMs,
    redirectUris: redirectUris as [string, ...string[]],
  })
  const [browser, ...running] = await Promise.all([
    startChromium(),
    ...apps.map((options, index) => startNext(options, server, ports[index]!)),
  ])
  return {
    server,
    apps: running,
    visitor: (at) => visitor(browser, server, at),
    async reopened({ context, app, grant }) {
      const storageState = await context.storageState()
      await context.close()
      const next = await browser.newContext({ storageState })
      return visitorIn(next, await next.newPage(), app, grant)
    },
    async stop() {
      await Promise.all([browser.close(), ...running.map((each) => each.stop())])
      await server.stop()
    },
  }
}
