import { logto } from '../../../providers/logto.ts'
import { oidc } from '../../../providers/oidc.ts'
import { spotify } from '../../../providers/spotify.ts'
import type { Client, Overrides, Provider } from '../../core/provider.ts'
import { checkClient } from '../../transport/check-client.ts'
import type { Options } from './options.ts'
import { Misused } from './options.ts'
import type { Surroundings } from './surroundings.ts'

/** Whom it is about. */
export interface Subject {
  readonly provider: Provider
  readonly client: Client
}

const PROVIDERS: Readonly<Record<string, (issuer: string, overrides: Overrides) => Provider>> = {
  oidc: (issuer, overrides) => oidc({ issuer, ...overrides }),
  logto: (endpoint, overrides) => logto({ endpoint, ...overrides }),
  spotify: (_, overrides) => spotify(overrides),
}

const AUTHENTICATIONS = ['none', 'client_secret_basic', 'client_secret_post'] as const

/** What template strings and unexpanded `.env` files leave behind. */
const UNFILLED = /\$\{|^undefined$|^null$|:\/\/(?:undefined|null)(?:[/:]|$)/

/**
 * @throws {TypeError} For a configuration that refresh-once would refuse, in its own words.
 * @throws {Misused} For a command line that cannot be carried out.
 */
export function subjectOf(options: Options, { env }: Surroundings): Subject {
  const { issuer = '', insecure, client: id = '', secretEnv } = options
  const make = Object.hasOwn(PROVIDERS, options.provider) ? PROVIDERS[options.provider] : undefined
  if (make === undefined) throw new Misused('--provider is oidc, logto or spotify')
  const clientAuthentication = AUTHENTICATIONS.find((each) => each === options.authentication)
  if (options.authentication !== undefined && clientAuthentication === undefined) {
    throw new Misused(`--authentication is ${AUTHENTICATIONS.join(', ')}`)
  }
  const secret = secretEnv === undefined ? undefined : valueOf(secretEnv, env)
  checkFilled('issuer', issuer)
  checkFilled('client', id)
  if (secret !== undefined) checkFilled('client secret', secret)
  const client = { id, ...(secret !== undefined && { secret }) }
  const provider = make(issuer, {
    ...(insecure && { insecure }),
    ...(clientAuthentication && { clientAuthentication }),
  })
  checkClient(client, provider)
  return { provider, client }
}

/** @throws {Misused} When the environment variable is not there. */
export function valueOf(name: string, env: Surroundings['env']): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined || value === '') throw new Misused(`${name} is not in the environment`)
  return value
}

/** @throws {TypeError} For what was never filled in; does not print it. */
function checkFilled(what: string, value: string): void {
  if (!UNFILLED.test(value)) return
  const found = value.includes('${') ? "a literal '${'" : "the text 'undefined' or 'null'"
  throw new TypeError(
    `the ${what} holds ${found}: an environment variable was not there, or not put in`,
  )
}
