import { checkClient } from '../core/provider.ts'
import { UNFILLED } from '../core/endpoint.ts'
import type { Client, Overrides, Provider } from '../core/provider.ts'
import type { ProviderRecord } from '../facts/provider-facts.ts'
import { shippedIds, shippedProvider, type ShippedProvider } from '../testing/presets.ts'
import { flag, oneOf, text, UsageError, type Values } from './args.ts'
import type { Environment } from './command.ts'

/** The provider and the client that a command is about. */
export interface Target {
  readonly provider: Provider
  readonly client: Client
}

/** How the command line names a client. Its secret is in the environment. */
export const CLIENT_OPTIONS = {
  client: text('<id>', 'the client_id'),
  secretEnv: text(
    '<NAME>',
    'the environment variable with the client secret. Without it, the client is a public one',
  ),
  authentication: oneOf(
    ['none', 'client_secret_basic', 'client_secret_post'],
    undefined,
    'none, client_secret_basic or client_secret_post. Default: as the metadata says',
  ),
} as const

/** How the command line names what a provider's facts leave open. */
export const PARAMETER_OPTIONS = {
  with: text('<name=value,…>', "the provider's parameters: shop=acme"),
} as const

/** How the command line names a provider and a client. */
export const TARGET_OPTIONS = {
  issuer: text('<url>', 'the issuer as its metadata writes it; for Logto also the endpoint'),
  provider: text('<id>', 'a provider of docs/providers.md. Default: oidc'),
  ...PARAMETER_OPTIONS,
  ...CLIENT_OPTIONS,
  insecure: flag('allows plain http, on other hosts than this one'),
} as const

export type TargetOptions = Values<typeof TARGET_OPTIONS>

/**
 * @throws {TypeError} For a configuration that refresh-once refuses, in its own words.
 * @throws {UsageError} For a command line that cannot be used.
 */
export async function targetOf(options: TargetOptions, environment: Environment): Promise<Target> {
  const { issuer = '', insecure, authentication } = options
  checkFilled('issuer', issuer)
  const client = clientOf(options, environment)
  const { provider } = await shippedProviderOf(options, {
    ...(insecure && { insecure }),
    ...(authentication && { clientAuthentication: authentication }),
  })
  checkClient(client, provider)
  return { provider, client }
}

/**
 * The provider of an id, with its facts. If it takes an address, that is `--issuer`; what else it
 * takes is in `--with`.
 */
export async function shippedProviderOf(
  {
    provider: id = 'oidc',
    issuer,
    with: given,
  }: Pick<TargetOptions, 'provider' | 'issuer' | 'with'>,
  overrides: Overrides,
): Promise<{ readonly provider: Provider; readonly facts: ProviderRecord }> {
  const shipped = await shippedProvider(id)
  if (shipped === undefined) {
    throw new UsageError(`--provider is one of ${shippedIds().join(', ')}`)
  }
  return filledProviderOf(`--provider ${id}`, shipped, { issuer, with: given }, overrides)
}

/** A provider of facts with the values that the command line gives to their parameters. */
export function filledProviderOf(
  named: string,
  { facts, make }: ShippedProvider,
  { issuer, with: given }: Pick<TargetOptions, 'issuer' | 'with'>,
  overrides: Overrides,
): { readonly provider: Provider; readonly facts: ProviderRecord } {
  const parameters = Object.entries(facts.parameters ?? {})
  if (parameters.some(([, { is }]) => is === 'description')) {
    throw new UsageError(`${named} takes a description, which only code can give`)
  }
  if (issuer !== undefined && !parameters.some(([, { is }]) => is === 'url')) {
    throw new UsageError(`${named} has an address of its own: leave --issuer out`)
  }
  const values = valuesIn(given)
  const unknown = [...values.keys()].find((name) => !parameters.some(([each]) => each === name))
  if (unknown !== undefined) throw new UsageError(`${named} takes no '${unknown}'`)
  for (const [name, { is, example }] of parameters) {
    const value = values.get(name) ?? (is === 'url' ? issuer : undefined)
    if (value !== undefined) values.set(name, value)
    else if (is === 'url') throw new UsageError('--issuer is missing')
    else throw new UsageError(`--with is missing: write --with ${name}=${String(example)}`)
  }
  return { provider: make(Object.fromEntries(values), overrides), facts }
}

/** @throws {UsageError} For what is no list of `name=value`. */
function valuesIn(given: string | undefined): Map<string, string> {
  const pairs = given === undefined ? [] : given.split(',').map((pair) => pair.split('='))
  if (pairs.some(([name, value, ...more]) => !name || !value || more.length > 0)) {
    throw new UsageError('--with is a list: shop=acme, or a=b,c=d')
  }
  return new Map(pairs as [string, string][])
}

/**
 * @throws {TypeError} For a placeholder that was never filled in.
 * @throws {UsageError} If the secret is not in the environment.
 */
export function clientOf(
  { client: id = '', secretEnv }: Pick<Values<typeof CLIENT_OPTIONS>, 'client' | 'secretEnv'>,
  { env }: Environment,
): Client {
  const secret = secretEnv === undefined ? undefined : valueOf(secretEnv, env)
  checkFilled('client', id)
  if (secret !== undefined) checkFilled('client secret', secret)
  return { id, ...(secret !== undefined && { secret }) }
}

/** @throws {UsageError} If the environment variable is absent or empty. */
export function valueOf(name: string, env: Environment['env']): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined || value === '') throw new UsageError(`${name} is not in the environment`)
  return value
}

/** @throws {TypeError} For a placeholder that was never filled in. The error does not quote it. */
export function checkFilled(what: string, value: string): void {
  if (!UNFILLED.test(value)) return
  const found = value.includes('${') ? "a literal '${'" : "the text 'undefined' or 'null'"
  throw new TypeError(
    `the ${what} holds ${found}: an environment variable was not there, or not put in`,
  )
}
