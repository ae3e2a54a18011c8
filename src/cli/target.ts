import { logto } from '../../providers/logto.ts'
import { oidc } from '../../providers/oidc.ts'
import { spotify } from '../../providers/spotify.ts'
import { UNFILLED } from '../core/endpoint.ts'
import type { Client, ClientAuthentication, Overrides, Provider } from '../core/provider.ts'
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
  /** `oidc`, `logto` or `spotify`. */
  readonly provider: string
  readonly authentication: string | undefined
  readonly insecure: boolean
}

const PROVIDERS: Readonly<Record<string, (issuer: string, overrides: Overrides) => Provider>> = {
  oidc: (issuer, overrides) => oidc({ issuer, ...overrides }),
  logto: (endpoint, overrides) => logto({ endpoint, ...overrides }),
  spotify: (_, overrides) => spotify(overrides),
}

const AUTHENTICATIONS = ['none', 'client_secret_basic', 'client_secret_post'] as const

/**
 * @throws {TypeError} For a configuration that refresh-once would refuse, in its own words.
 * @throws {Misused} For a command line that cannot be carried out.
 */
export function subjectOf(options: SubjectOptions, around: Surroundings): Subject {
  const { issuer = '', insecure, authentication } = options
  const make = Object.hasOwn(PROVIDERS, options.provider) ? PROVIDERS[options.provider] : undefined
  if (make === undefined) throw new Misused('--provider is oidc, logto or spotify')
  const clientAuthentication = authenticationOf(authentication)
  checkFilled('issuer', issuer)
  const client = clientOf(options, around)
  const provider = make(issuer, {
    ...(insecure && { insecure }),
    ...(clientAuthentication && { clientAuthentication }),
  })
  checkClient(client, provider)
  return { provider, client }
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
