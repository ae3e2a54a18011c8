import { betterAuth } from 'better-auth'
import type { BetterAuthOptions, BetterAuthPlugin } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { SqliteDialect } from 'kysely'
import Database from 'libsql'
import { CLIENTS } from '../../oidc/configuration.ts'

export const ORIGIN = 'http://127.0.0.1:3999'
const SECRET = 'q8Zr2uV5xX1bN7mK4cD9eF3gH6jL0pT-of-the-test'

/** How long one process waits for another's write, milliseconds. */
const BUSY_MS = 10_000

/** SQLite on Node 20: libsql has the interface of better-sqlite3. */
export function openSqlite(file: string): Database.Database {
  return new Database(file, { timeout: BUSY_MS })
}

export interface AppOptions {
  readonly issuer: string
  /** Of Better Auth. Default: in memory. */
  readonly database?: BetterAuthOptions['database']
  readonly plugins?: readonly BetterAuthPlugin[]
  readonly account?: BetterAuthOptions['account']
  /** The ids of providers; all are the same server. */
  readonly providers?: readonly string[]
  readonly socialProviders?: BetterAuthOptions['socialProviders']
  /** Whether `plugins` come before `genericOAuth`, whose providers they do not see at the start. */
  readonly areFirst?: boolean
  readonly lines?: string[]
}

/** An application with Better Auth. Not `any`: what its tests use. */
export function appOf({
  issuer,
  database,
  plugins = [],
  account,
  providers = ['oidc'],
  socialProviders,
  areFirst = false,
  lines = [],
}: AppOptions) {
  return betterAuth({
    baseURL: ORIGIN,
    secret: SECRET,
    ...(database && { database }),
    ...(account && { account }),
    ...(socialProviders && { socialProviders }),
    emailAndPassword: {
      enabled: true,
      password: { hash: async (text) => text, verify: async () => true },
    },
    user: { deleteUser: { enabled: true } },
    rateLimit: { enabled: false },
    logger: { log: (_, line) => void lines.push(line) },
    telemetry: { enabled: false },
    plugins: [
      ...(areFirst ? plugins : []),
      genericOAuth({
        config: providers.map((providerId) => ({
          providerId,
          discoveryUrl: `${issuer}/.well-known/openid-configuration`,
          clientId: CLIENTS.basic.id,
          clientSecret: CLIENTS.basic.secret,
          authentication: 'basic' as const,
          scopes: ['openid', 'offline_access'],
          prompt: 'consent' as const,
          async getUserInfo({ idToken }) {
            const [, payload = ''] = idToken!.split('.')
            const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString())
            return { sub, id: sub, email: `${sub}@example.com`, emailVerified: true, name: sub }
          },
        })),
      }),
      ...(areFirst ? [] : plugins),
    ],
  })
}

export type App = ReturnType<typeof appOf>

/** Makes the tables of Better Auth in a new file of SQLite. */
export function sqliteOf(file: string): BetterAuthOptions['database'] {
  return { dialect: new SqliteDialect({ database: openSqlite(file) }), type: 'sqlite' }
}

export async function migrate(app: App): Promise<void> {
  const { runMigrations } = await getMigrations(app.options)
  await runMigrations()
}
