import { UNFILLED } from '../core/endpoint.ts'
import type { Client, ClientAuthentication, Overrides, Provider } from '../core/provider.ts'
import { shippedIds, shippedProvider } from '../testing/presets.ts'
import { checkClient } from '../transport/client-authentication.ts'
import { Misused } from './command.ts'
import type { Surroundings } from './command.ts'

/** Whom it is about. */
export interface Subject {
  readonly provider: Provider
  readonly client: Client
}

/** What names a client. Its secret is named by where it is. */
export interface ClientOptions {
  readonly client: string | undefined
  readonly secretEnv: string | undefined
}

export interface SubjectOptions extends ClientOptions {
  readonly issuer: string | undefined
  /** The id of a provider that is shipped. */
  readonly provider: string
  readonly authentication: string | undefined
  readonly insecure: boolean
}

const AUTHENTICATIONS = ['none', 'client_secret_basic', 'client_secret_post'] as const

/**
 * @throws {TypeError} For a configuration that refresh-once would refuse, in its own words.
 * @throws {Misused} For a command line that cannot be carried out.
 */
export async function subjectOf(options: SubjectOptions, around: Surroundings): Promise<Subject> {
  const { issuer = '', insecure, authentication } = options
  const clientAuthentication = authenticationOf(authentication)
  checkFilled('issuer', issuer)
  const client = clientOf(options, around)
  const provider = await providerOf(options, {
    ...(insecure && { insecure }),
    ...(clientAuthentication && { clientAuthentication }),
  })
  checkClient(client, provider)
  return { provider, client }
}

/** The provider of an id; `--issuer` stands for the address that it takes, if it takes one. */
async function providerOf(
  { provider: id, issuer }: SubjectOptions,
  overrides: Overrides,
): Promise<Provider> {
  const shipped = await shippedProvider(id)
  if (shipped === undefined) throw new Misused(`--provider is one of ${shippedIds().join(', ')}`)
  const parameters = Object.entries(shipped.facts.parameters ?? {})
  if (parameters.some(([, { is }]) => is !== 'url')) {
    throw new Misused(`--provider ${id} takes a description, which only code can give`)
  }
  if (parameters.length > 0 && issuer === undefined) throw new Misused('--issuer is missing')
  return shipped.make(Object.fromEntries(parameters.map(([name]) => [name, issuer])), overrides)
}

/** @throws {Misused} For one that the command line has no name for. */
export function authenticationOf(name: string | undefined): ClientAuthentication | undefined {
  const found = AUTHENTICATIONS.find((each) => each === name)
  if (name === undefined || found !== undefined) return found
  throw new Misused(`--authentication is ${AUTHENTICATIONS.join(', ')}`)
}

/**
 * @throws {TypeError} For what was never filled in.
 * @throws {Misused} When the secret is not where it should be.
 */
export function clientOf(
  { client: id = '', secretEnv }: ClientOptions,
  { env }: Surroundings,
): Client {
  const secret = secretEnv === undefined ? undefined : valueOf(secretEnv, env)
  checkFilled('client', id)
  if (secret !== undefined) checkFilled('client secret', secret)
  return { id, ...(secret !== undefined && { secret }) }
}

/** @throws {Misused} When the environment variable is not there. */
export function valueOf(name: string, env: Surroundings['env']): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined || value === '') throw new Misused(`${name} is not in the environment`)
  return value
}

/** @throws {TypeError} For what was never filled in; does not print it. */
export function checkFilled(what: string, value: string): void {
  if (!UNFILLED.test(value)) return
  const found = value.includes('${') ? "a literal '${'" : "the text 'undefined' or 'null'"
  throw new TypeError(
    `the ${what} holds ${found}: an environment variable was not there, or not put in`,
  )
}
