import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientId, OidcServer } from '../oidc/oidc-server.ts'
import { serve, temporaryDirectory } from '../servers/process.ts'

export const SECRET = 'the-secret-of-the-application-under-test'

const builds = fileURLToPath(new URL('../../.build/next/', import.meta.url))

/** An application that is built for the tests: see `apps/`. */
export type Build = 'app' | 'pages' | 'edge' | 'starter'

/** Where it is. */
export const folderOf = (build: Build): string => join(builds, build, 'app')

/** A `next start` of a build; of the starter, a `next dev`. */
export interface App {
  readonly origin: string
  /** Lets so much time pass there, milliseconds. */
  advance(ms: number): Promise<void>
  /** From now on, cookies hold so many characters more. */
  load(length: number): Promise<void>
  stop(): Promise<void>
}

export interface AppOptions {
  /** Default `app`. */
  readonly build?: Build
  /** `guide`: the callbacks of Auth.js' guide. `ours`: the example as it is. */
  readonly callbacks: 'guide' | 'ours'
  readonly client: ClientId
  readonly env?: Readonly<Record<string, string>>
}

export async function startNext(
  options: AppOptions,
  server: OidcServer,
  port: number,
): Promise<App> {
  const directory = await temporaryDirectory('next')
  const [ahead, ballast] = [number(join(directory, 'ahead')), number(join(directory, 'ballast'))]
  await Promise.all([ahead.write(0), ballast.write(0)])
  const client: { readonly id: string; readonly secret?: string } = server.clients[options.client]
  const { build = 'app' } = options
  const folder = folderOf(build)
  const isDev = build === 'starter'
  const next = join(folder, 'node_modules/next/dist/bin/next')
  const running = await serve(
    {
      command: process.execPath,
      args: [next, isDev ? 'dev' : 'start', folder, '-p', String(port), '-H', '127.0.0.1'],
      ready: /Ready in/,
      env: {
        NODE_ENV: isDev ? 'development' : 'production',
        NODE_OPTIONS: `--import ${new URL('ahead.mjs', import.meta.url).href}`,
        NEXT_TELEMETRY_DISABLED: '1',
        AHEAD: ahead.path,
        BALLAST: ballast.path,
        CALLBACKS: options.callbacks,
        AUTH_SECRET: SECRET,
        AUTH_TRUST_HOST: 'true',
        NEXTAUTH_SECRET: SECRET,
        NEXTAUTH_URL: `http://localhost:${port}`,
        AUTH_ISSUER: server.issuer,
        AUTH_ID_TOKEN_ALG: 'ES256',
        AUTH_CLIENT_ID: client.id,
        AUTH_CLIENT_SECRET: client.secret ?? '',
        ...options.env,
      },
    },
    port,
    directory,
  )
  let aheadMs = 0
  return {
    origin: `http://localhost:${port}`,
    advance: (ms) => ahead.write((aheadMs += ms)),
    load: ballast.write,
    stop: running.stop,
  }
}

/** A number in a file that somebody may read at any time: always as long, and never truncated. */
function number(path: string): { readonly path: string; write(value: number): Promise<void> } {
  let flag = 'w'
  return {
    path,
    async write(value) {
      await writeFile(path, String(value).padStart(12, '0'), { flag })
      flag = 'r+'
    },
  }
}
