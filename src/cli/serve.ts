import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import * as z from 'zod'
import { startBroker, type BrokerEvent, type BrokerOptions } from '../broker/broker.ts'
import { checkBroker } from '../broker/options.ts'
import type { Client } from '../core/provider.ts'
import { isRecord } from '../core/text.ts'
import { checked } from '../facts/provider-facts.ts'
import type { Store } from '../ledger/store.ts'
import { fileStore } from '../stores/file.ts'
import { postgresStore, type PostgresPool } from '../stores/postgres.ts'
import { redisStore, type RedisByUrl } from '../stores/redis.ts'
import { sqliteStore, type SqliteDatabase } from '../stores/sqlite.ts'
import { flag, helpOf, readArgs, UsageError } from './args.ts'
import { orUsageError, type Environment, type Terminal } from './command.ts'
import { shippedProviderOf, valueOf } from './target.ts'

const OPTIONS = {
  log: flag('prints each event as a line of JSON. No line holds a token'),
  check: flag('reads the configuration, says what is wrong with it, and ends'),
} as const

export const USAGE = helpOf(
  `usage: refresh-once serve <file.json> [options]

Serves access tokens to other programs, in any language, on a unix socket or a port. The refresh
tokens stay in this process and its store. docs/guides/broker.md describes the file.`,
  OPTIONS,
  'exit codes: 0 it was stopped, 1 it could not be served, 2 the configuration cannot be used',
)

const text = z.string().min(1).describe('a text')
const names = z.array(text).min(1).describe('a list of ids')
const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/)
  .describe('the name of an environment variable')

/** The configuration file. Secrets are in the environment, and the file names their variables. */
const CONFIGURATION = z.strictObject({
  listen: z.union([
    z.strictObject({ socket: text }),
    z.strictObject({ port: z.int().min(0).max(65_535), host: text.optional() }),
  ]),
  store: z.union([
    z.strictObject({ file: text }),
    z.strictObject({ sqlite: text }),
    z.strictObject({ redis_url_env: variable }),
    z.strictObject({ postgres_url_env: variable }),
  ]),
  secret_env: variable,
  providers: z
    .record(
      text,
      z.strictObject({
        id: text,
        issuer: text.optional(),
        with: z.record(z.string(), text).describe('an object of texts').optional(),
        client: z.strictObject({ id: text, secret_env: variable.optional() }).optional(),
        insecure: z.boolean().describe('true or false').optional(),
      }),
    )
    .describe('an object of providers by name'),
  clients: z
    .record(text, z.strictObject({ token_env: variable, grants: names }))
    .describe('an object of clients by name')
    .optional(),
  keep_alive_every_seconds: z.int().min(0).describe('whole seconds').optional(),
})

type Configuration = z.infer<typeof CONFIGURATION>

/**
 * Serves a broker until it is stopped; then it drains.
 *
 * @param stopped The command ends when this resolves.
 */
export function serve(
  args: readonly string[],
  terminal: Terminal,
  environment: Pick<Environment, 'env'>,
  stopped: () => Promise<unknown>,
): Promise<number> {
  return orUsageError('serve', terminal, async () => {
    const { values, files } = readArgs(args, OPTIONS)
    const [file, ...others] = files
    if (file === undefined || others.length > 0) throw new UsageError('give it one file')
    const configuration = await configurationIn(file)
    const { store, close } = await storeOf(configuration.store, environment)
    const onEvent = (event: BrokerEvent): void => terminal.out(`${JSON.stringify(event)}\n`)
    try {
      const options = await brokerOptions(configuration, environment, store)
      if (values.check) {
        checkBroker(options)
        terminal.out(`${file} can be used\n`)
        return 0
      }
      const ending = stopped()
      await using broker = await startBroker({ ...options, ...(values.log && { onEvent }) })
      const say = values.log ? terminal.error : terminal.out
      say(`Serves ${Object.keys(options.providers).join(', ')} at ${broker.address}\n`)
      await ending
      await broker.drain()
      return 0
    } catch (error) {
      if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      terminal.error(`refresh-once serve: ${code}: ${message}\n`)
      return 1
    } finally {
      await close()
    }
  })
}

/** @throws {UsageError} It quotes no value of the file but a wrong one of our own words. */
async function configurationIn(file: string): Promise<Configuration> {
  const given = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`there is no file ${file}`)
  })
  let value: unknown
  try {
    value = JSON.parse(given)
  } catch {
    throw new UsageError(`${file} is no JSON`)
  }
  const path = valueInPlaceOfName(value)
  if (path !== undefined) {
    throw new UsageError(`${file}: ${path} must be the name of an environment variable`)
  }
  try {
    return checked(CONFIGURATION, value, file)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

/** The path of a member that names no variable: it may be the secret itself, and is not quoted. */
function valueInPlaceOfName(value: unknown, path: readonly string[] = []): string | undefined {
  if (!isRecord(value)) return undefined
  for (const [name, each] of Object.entries(value)) {
    const at = [...path, name]
    const isWrong = name.endsWith('_env') && !variable.safeParse(each).success
    const found = isWrong ? at.join('.') : valueInPlaceOfName(each, at)
    if (found !== undefined) return found
  }
  return undefined
}

async function brokerOptions(
  { listen, secret_env, providers, clients, keep_alive_every_seconds: every }: Configuration,
  { env }: Pick<Environment, 'env'>,
  store: Store,
): Promise<BrokerOptions> {
  const made = Object.entries(providers).map(async ([name, { id, client, insecure, ...given }]) => {
    const list = Object.entries(given.with ?? {}).map((pair) => pair.join('='))
    const { provider } = await shippedProviderOf(
      { provider: id, issuer: given.issuer, with: list.length === 0 ? undefined : list.join(',') },
      insecure ? { insecure } : {},
    )
    return [name, { provider, ...(client && { client: clientOf(client, env) }) }] as const
  })
  const who = Object.entries(clients ?? {}).map(([name, { token_env, grants }]) => {
    return [name, { token: valueOf(token_env, env), grants }] as const
  })
  return {
    listen,
    store,
    secret: valueOf(secret_env, env),
    providers: Object.fromEntries(await Promise.all(made)),
    ...(clients && { clients: Object.fromEntries(who) }),
    ...(every !== undefined && { keepAliveEveryMs: every * 1000 }),
  }
}

function clientOf(
  { id, secret_env }: { readonly id: string; readonly secret_env?: string | undefined },
  env: Environment['env'],
): Client {
  return { id, ...(secret_env !== undefined && { secret: valueOf(secret_env, env) }) }
}

interface OpenStore {
  readonly store: Store
  /** Ends its connections. */
  close(): unknown
}

/** Opens the store, with the client library that is installed where the command is called. */
async function storeOf(
  given: Configuration['store'],
  { env }: Pick<Environment, 'env'>,
): Promise<OpenStore> {
  if ('file' in given) return { store: fileStore(given.file), close() {} }
  if ('sqlite' in given) {
    const db = await openSqlite(given.sqlite)
    return { store: sqliteStore(db), close: () => db.close() }
  }
  if ('redis_url_env' in given) {
    const { createClient } = await installed<Pick<RedisByUrl, 'createClient'>>('redis')
    const store = redisStore({ url: valueOf(given.redis_url_env, env), createClient })
    return { store, close: () => store.close() }
  }
  const { default: pg } = await installed<{ readonly default: PgModule }>('pg')
  const pool = new pg.Pool({ connectionString: valueOf(given.postgres_url_env, env) })
  const store = postgresStore(pool)
  await store.migrate()
  return { store, close: () => pool.end() }
}

interface PgModule {
  readonly Pool: new (options: object) => PostgresPool & { end(): Promise<void> }
}

type ClosedLater = SqliteDatabase & { close(): void }

/** `node:sqlite` where Node has it, else better-sqlite3. */
async function openSqlite(path: string): Promise<ClosedLater> {
  try {
    // The types of the oldest Node that is supported do not know it.
    const name: string = 'node:sqlite'
    const { DatabaseSync } = (await import(name)) as {
      readonly DatabaseSync: new (path: string) => ClosedLater
    }
    return new DatabaseSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_BUILTIN_MODULE') throw error
    const { default: Database } = await installed<{
      readonly default: new (path: string) => ClosedLater
    }>('better-sqlite3')
    return new Database(path)
  }
}

/** @throws {UsageError} If the package is neither in that folder nor beside us. */
async function installed<M>(name: string): Promise<M> {
  for (const from of [pathToFileURL(`${process.cwd()}/`).href, import.meta.url]) {
    try {
      return (await import(pathToFileURL(createRequire(from).resolve(name)).href)) as M
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new UsageError(`the store needs the package ${name}: npm install ${name}`)
}
