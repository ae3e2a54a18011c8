import { runtimeFetch } from '../../transport/send.ts'
import type { Terminal } from '../command.ts'
import { checkClientAt } from './client.ts'
import { checkConnection } from './connection.ts'
import { checkDiscovery } from './discovery.ts'
import { checkEndpoints } from './endpoints.ts'
import { findings, isProblem, type Finding } from './finding.ts'
import type { Looking } from './looking.ts'
import { Misused } from '../misused.ts'
import { optionsOf, type Options } from './options.ts'
import { checkRedis, redisUrlOf } from './redis.ts'
import { EXIT, report, type ExitCode } from './report.ts'
import { checkSignIn } from './sign-in.ts'
import { spend } from './spend.ts'
import { subjectOf, type Subject } from '../subject.ts'
import type { Surroundings } from '../surroundings.ts'

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
  const subject = configured(options, around)
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
function configured(options: Options, around: Surroundings): Subject | Finding {
  try {
    return subjectOf(options, around)
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
