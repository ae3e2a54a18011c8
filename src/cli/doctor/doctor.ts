import { runtimeFetch } from '../../transport/send.ts'
import type { Surroundings, Terminal } from '../command.ts'
import { checkClientAt, checkSignIn } from './client.ts'
import { checkDiscovery, checkEndpoints } from './server.ts'
import { EXIT, findings, isProblem, report, type ExitCode, type Finding } from './finding.ts'
import type { Looking } from './server.ts'
import { Misused } from '../command.ts'
import { checkConnection, checkRedis, redisUrlOf } from './connections.ts'
import { spend } from './spend.ts'
import { subjectOf, type Subject } from '../target.ts'
import { parseArgs } from 'node:util'
import type { SubjectOptions } from '../target.ts'
import type { TokenSource } from '../token-input.ts'

/**
 * Looks at an authorization server, a client and a Redis as refresh-once would use them, and says
 * in plain words what is wrong. Nothing is spent without `--spend`.
 *
 * @returns One of {@link EXIT}.
 */
export async function doctor(
  arguments_: readonly string[],
  terminal: Terminal,
  around: Surroundings,
): Promise<ExitCode> {
  try {
    const options = optionsOf(arguments_)
    const { found, secrets, isLost } = await examined(options, terminal, around)
    const exitCode = isLost ? EXIT.lost : found.some(isProblem) ? EXIT.problem : EXIT.fine
    report(found, exitCode, { isJson: options.isJson, secrets }, terminal)
    return exitCode
  } catch (error) {
    if (!(error instanceof Misused)) throw error
    terminal.error(`refresh-once doctor: ${error.message}\n(--help shows how to call it)\n`)
    return EXIT.misused
  }
}

interface Examined {
  readonly found: readonly Finding[]
  readonly secrets: readonly string[]
  readonly isLost: boolean
}

async function examined(
  options: Options,
  { clock }: Terminal,
  around: Surroundings,
): Promise<Examined> {
  const redisUrl = redisUrlOf(options, around)
  const aboutRedis = redisUrl === undefined ? [] : await checkRedis(redisUrl)
  const subject = await configured(options, around)
  const secrets = [...(redisUrl === undefined ? [] : passwordIn(redisUrl))]
  if ('check' in subject) return { found: [subject, ...aboutRedis], secrets, isLost: false }
  const { timeoutMs } = options
  if (subject.client.secret !== undefined) secrets.push(subject.client.secret)
  const found = [...(await aboutServer(subject, options, clock)), ...aboutRedis]
  if (options.spend === undefined) return { found, secrets, isLost: false }
  if (found.some(isProblem)) {
    const says = 'not done: something else is wrong first, and the token could be lost by it'
    return { found: [...found, findings('spend')('open', says)], secrets, isLost: false }
  }
  const spent = await spend(options.spend, { subject, clock, timeoutMs, redisUrl, around })
  return {
    found: [...found, spent.found],
    secrets: [...secrets, ...spent.secrets],
    isLost: spent.isLost,
  }
}

/** What it is about, or why refresh-once would refuse it. */
async function configured(options: Options, around: Surroundings): Promise<Subject | Finding> {
  try {
    return await subjectOf(options, around)
  } catch (error) {
    if (error instanceof TypeError) return findings('configuration')('problem', error.message)
    throw error
  }
}

async function aboutServer(
  subject: Subject,
  { timeoutMs, scope, prompt }: Options,
  clock: Looking['clock'],
): Promise<readonly Finding[]> {
  const { provider, client } = subject
  const sender = { fetch: runtimeFetch, clock, closing: true }
  const first = new URL(provider.issuer ?? provider.tokenEndpoint ?? '')
  const connection = await checkConnection(first, clock, timeoutMs)
  if (connection.some(isProblem)) return connection
  const { found, metadata } = await checkDiscovery(provider, { clock, sender, timeoutMs })
  const known = [...connection, ...found, ...checkEndpoints(provider, client, metadata)]
  if (known.some(isProblem)) return known
  return [
    ...known,
    ...(await checkClientAt(subject, clock, timeoutMs)),
    ...checkSignIn(provider, { scope, prompt }, metadata),
  ]
}

function passwordIn(redisUrl: string): string[] {
  const password = URL.canParse(redisUrl) ? new URL(redisUrl).password : ''
  return password === '' ? [] : [password, decoded(password)]
}

/** As it is meant; as it stands there, if that cannot be read. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The command line, read. Secrets are named by where they are, and never stand in it. */
export interface Options extends SubjectOptions {
  readonly scope: string | undefined
  readonly prompt: string | undefined
  readonly redis: string | undefined
  readonly redisEnv: string | undefined
  readonly timeoutMs: number
  readonly isJson: boolean
  readonly spend: SpendOptions | undefined
}

/** Of `--spend`. */
export interface SpendOptions {
  readonly token: TokenSource
  /** Where the successor is written. */
  readonly save: string
  /** `redis`, or `file:<folder>`. */
  readonly ledger: string | undefined
  readonly ledgerName: string | undefined
  readonly pepperEnv: string | undefined
}

export const USAGE = `usage: refresh-once doctor --issuer <url> --client <id> [options]

Looks at an authorization server and a client as refresh-once would use them. Spends nothing: what
it presents is a refresh token that it made up.

  --issuer <url>            the issuer as its metadata writes it; for Logto also the endpoint
  --provider <id>           one of docs/providers.md; spotify goes without --issuer. Default: oidc
  --client <id>             the client_id
  --secret-env <NAME>       the environment variable with the client secret. None: a public client
  --authentication <name>   none, client_secret_basic or client_secret_post. Default: as discovered
  --scope <text>            the scope of your authorization request
  --prompt <text>           the prompt of your authorization request
  --redis <url>             a Redis for the ledger; with a password in it, --redis-env <NAME>
  --insecure                plain http is meant, on other hosts than this one
  --timeout-ms <number>     how long each request may take. Default: 15000
  --json                    findings for programs

One real refresh:

  --spend                   presents a real refresh token, once; the newest set goes into a file
  --token-stdin             the token: on standard input,
  --token-file <path>       in a file that only you can read (chmod 600),
  --token-env <NAME>        or in an environment variable. Alone, or a token set as JSON
  --save <path>             where the newest set is written: a new file that only you can read
  --ledger <where>          your application's ledger: redis (that of --redis), or file:<folder>.
                            Without it you are asked, and your application must not run meanwhile
  --ledger-name <name>      if it has a name of its own
  --pepper-env <NAME>       the environment variable with its pepper

Ends with 0: nothing is wrong. 1: something is. 2: the command line cannot be carried out; no token
of yours was sent. 3: the token of --spend may be spent, and its successor was not saved.
`

/** @throws {Misused} For a command line that cannot be carried out. */
export function optionsOf(arguments_: readonly string[]): Options {
  const values = valuesOf(arguments_)
  const { issuer, provider = 'oidc', redis } = values
  if (issuer === undefined && values.provider === undefined) {
    throw new Misused('--issuer is missing')
  }
  if (values.client === undefined) throw new Misused('--client is missing')
  const timeoutMs = Number(values['timeout-ms'] ?? 15_000)
  if (!(timeoutMs > 0 && timeoutMs < 600_000)) throw new Misused('--timeout-ms is milliseconds')
  if (redis !== undefined && /\/\/[^/]*@/.test(redis)) {
    throw new Misused('--redis holds a password, which others can see: use --redis-env')
  }
  return {
    issuer,
    provider,
    client: values.client,
    secretEnv: values['secret-env'],
    authentication: values.authentication,
    scope: values.scope,
    prompt: values.prompt,
    redis,
    redisEnv: values['redis-env'],
    insecure: values.insecure ?? false,
    timeoutMs,
    isJson: values.json ?? false,
    spend: values.spend ? spendOf(values) : undefined,
  }
}

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const

function valuesOf(arguments_: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...arguments_],
      options: {
        issuer: TEXT,
        provider: TEXT,
        client: TEXT,
        'secret-env': TEXT,
        authentication: TEXT,
        scope: TEXT,
        prompt: TEXT,
        redis: TEXT,
        'redis-env': TEXT,
        insecure: FLAG,
        'timeout-ms': TEXT,
        json: FLAG,
        spend: FLAG,
        'token-stdin': FLAG,
        'token-file': TEXT,
        'token-env': TEXT,
        save: TEXT,
        ledger: TEXT,
        'ledger-name': TEXT,
        'pepper-env': TEXT,
      },
    })
    return values
  } catch (error) {
    // It quotes what was typed, which may be a token in the wrong place.
    const { code } = error as { code?: string }
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    throw new Misused(isUnknown ? 'there is an option that it does not know' : 'a value is missing')
  }
}

function spendOf(values: ReturnType<typeof valuesOf>): SpendOptions {
  const sources = [
    ...(values['token-stdin'] ? [{ from: 'stdin', name: '' } as const] : []),
    ...(values['token-file'] === undefined
      ? []
      : [{ from: 'file', name: values['token-file'] } as const]),
    ...(values['token-env'] === undefined
      ? []
      : [{ from: 'env', name: values['token-env'] } as const]),
  ]
  const [token] = sources
  if (token === undefined || sources.length > 1) {
    throw new Misused('--spend takes one of --token-stdin, --token-file and --token-env')
  }
  const { save, ledger } = values
  if (save === undefined) throw new Misused('--spend needs --save, a new file for the newest set')
  if (ledger === undefined && token.from === 'stdin') {
    throw new Misused('without --ledger you are asked first: standard input cannot be the token')
  }
  if (ledger === 'redis' && values.redis === undefined && values['redis-env'] === undefined) {
    throw new Misused('--ledger redis needs --redis or --redis-env')
  }
  if (ledger !== undefined && ledger !== 'redis' && !/^file:./.test(ledger)) {
    throw new Misused('--ledger is redis, or file:<folder>')
  }
  return {
    token,
    save,
    ledger,
    ledgerName: values['ledger-name'],
    pepperEnv: values['pepper-env'],
  }
}
