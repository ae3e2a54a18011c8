import { isProblem, findings, report, EXIT, type ExitCode, type DoctorFinding } from './finding.ts'
import { checkClientAt, checkSignIn } from './client.ts'
import { checkConnection, checkRedis } from './connections.ts'
import { checkDiscovery, checkEndpoints } from './server.ts'
import { runtimeFetch } from '../../transport/unsent.ts'
import type { Clock } from '../../core/clock.ts'
import { flag, helpOf, readArgs, text, timeoutMs, UsageError, type Values } from '../args.ts'
import { orUsageError, type Environment, type Terminal } from '../command.ts'
import { namedTargetOf } from '../probe/target.ts'
import { targetOf, TARGET_OPTIONS, valueOf, type Target } from '../target.ts'

const OPTIONS = {
  ...TARGET_OPTIONS,
  tokenEndpoint: text('<url>', 'the token endpoint, for a server without metadata'),
  scope: text('<text>', 'the scope of your authorization request'),
  prompt: text('<text>', 'the prompt of your authorization request'),
  redis: text('<url>', 'the Redis of the ledger'),
  redisEnv: text('<NAME>', 'the environment variable with its address: for one with a password'),
  timeoutMs,
  json: flag('prints the findings for programs'),
} as const

interface DoctorOptions extends Values<typeof OPTIONS> {
  /** A file that exports a `provider`, or holds facts as JSON. */
  readonly file: string | undefined
}

export const USAGE = helpOf(
  `usage: refresh-once doctor --issuer <url> --client <id> [options]
       refresh-once doctor --provider <id> --with <name=value,…> --client <id> [options]
       refresh-once doctor ./my-provider.ts [options]

Checks an authorization server and a client as refresh-once would use them. It sends no token of
yours: the refresh token that it presents is made up.`,
  OPTIONS,
  `exit codes: 0 nothing is wrong, 1 something is wrong, 2 the command line cannot be used`,
)

/**
 * Checks an authorization server, a client and a Redis as refresh-once would use them, and says in
 * plain words what is wrong.
 */
export function doctor(
  args: readonly string[],
  terminal: Terminal,
  environment: Environment,
): Promise<ExitCode> {
  return orUsageError('doctor', terminal, async () => {
    const options = doctorOptionsOf(args)
    const { found, secrets } = await examined(options, terminal.clock, environment)
    const exitCode = found.some(isProblem) ? EXIT.problem : EXIT.fine
    report(found, exitCode, { isJson: options.json, secrets }, terminal)
    return exitCode
  })
}

/** @throws {UsageError} */
function doctorOptionsOf(args: readonly string[]): DoctorOptions {
  const { values, files } = readArgs(args, OPTIONS)
  const [file, ...others] = files
  if (others.length > 0) throw new UsageError('name one file')
  const options = { ...values, file }
  const { issuer, provider, tokenEndpoint, client, redis } = options
  // `--issuer` beside a provider is one of its parameters.
  const at = provider ?? (file?.endsWith('.json') ? undefined : issuer)
  const named = [file, tokenEndpoint, at].filter((each) => each !== undefined)
  if (named.length === 0) throw new UsageError('--issuer is missing')
  if (named.length > 1) {
    // A file beside another server is more likely a value that lost its option.
    throw new UsageError(
      file === undefined
        ? 'which server? One of --issuer, --provider and --token-endpoint'
        : 'a value is without its option: --name value',
    )
  }
  if (client === undefined && file === undefined) throw new UsageError('--client is missing')
  if (redis !== undefined && /\/\/[^/]*@/.test(redis)) {
    throw new UsageError('--redis holds a password, which others can see: use --redis-env')
  }
  return options
}

interface Examined {
  readonly found: readonly DoctorFinding[]
  /** Texts that must not be printed. */
  readonly secrets: readonly string[]
}

async function examined(
  options: DoctorOptions,
  clock: Clock,
  environment: Environment,
): Promise<Examined> {
  const redisUrl =
    options.redisEnv === undefined ? options.redis : valueOf(options.redisEnv, environment.env)
  const aboutRedis = redisUrl === undefined ? [] : await checkRedis(redisUrl)
  const secrets = redisUrl === undefined ? [] : passwordIn(redisUrl)
  let target: Target
  try {
    target =
      options.file === undefined && options.tokenEndpoint === undefined
        ? await targetOf(options, environment)
        : await namedTargetOf({ ...options, id: undefined }, environment)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const refused = findings('configuration')('problem', error.message)
    return { found: [refused, ...aboutRedis], secrets }
  }
  const { secret } = target.client
  return {
    found: [...(await aboutServer(target, options, clock)), ...aboutRedis],
    secrets: secret === undefined ? secrets : [...secrets, secret],
  }
}

async function aboutServer(
  target: Target,
  { timeoutMs, scope, prompt }: DoctorOptions,
  clock: Clock,
): Promise<readonly DoctorFinding[]> {
  const { provider, client } = target
  const sender = { fetch: runtimeFetch, clock, closing: true }
  const first = new URL(provider.issuer ?? provider.tokenEndpoint ?? '')
  const connection = await checkConnection(first, clock, timeoutMs)
  if (connection.some(isProblem)) return connection
  const { found, metadata } = await checkDiscovery(provider, { clock, sender, timeoutMs })
  const known = [...connection, ...found, ...checkEndpoints(provider, client, metadata)]
  if (known.some(isProblem)) return known
  return [
    ...known,
    ...(await checkClientAt(target, clock, timeoutMs)),
    ...checkSignIn(provider, { scope, prompt }, metadata),
  ]
}

function passwordIn(redisUrl: string): string[] {
  const password = URL.canParse(redisUrl) ? new URL(redisUrl).password : ''
  return password === '' ? [] : [password, decoded(password)]
}

/** Returns the text itself if its escapes cannot be read. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
