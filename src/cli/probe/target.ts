import { checkClient } from '../../core/provider.ts'
import { resolve } from 'node:path'
import { defineProvider } from '../../core/define-provider.ts'
import type { Client, ProviderDescription } from '../../core/provider.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import {
  flag,
  helpOf,
  readArgs,
  text,
  timeoutMs,
  UsageError,
  wholeNumber,
  type Values,
} from '../args.ts'
import type { Environment } from '../command.ts'
import { loadFacts, loadProvider } from '../fuzz/load.ts'
import type { ProviderRecord } from '../../facts/provider-facts.ts'
import {
  checkFilled,
  CLIENT_OPTIONS,
  clientOf,
  filledProviderOf,
  PARAMETER_OPTIONS,
  shippedProviderOf,
  type Target,
} from '../target.ts'

const OPTIONS = {
  issuer: text('<url>', 'the issuer as its metadata writes it'),
  tokenEndpoint: text('<url>', 'the token endpoint, for a server without metadata'),
  provider: text('<id>', 'a provider of docs/providers.md: its facts are compared'),
  ...PARAMETER_OPTIONS,
  ...CLIENT_OPTIONS,
  tokensStdin: flag('refresh tokens of one grant each, a line each: on standard input,'),
  tokensFile: text('<path>', 'in a file that only you can read (chmod 600),'),
  tokensEnv: text('<NAME>', 'or in an environment variable. Alone, or token sets as JSON'),
  api: text(
    '<url>',
    'an address that takes the access tokens: 2xx if alive, 401 if dead. Default: userinfo or ' +
      'introspection, if the metadata names one',
  ),
  windowMax: wholeNumber(
    { min: 1, max: 600_000 },
    65,
    'how many seconds to wait for the end of a reuse window. Default: 65',
  ),
  save: text(
    '<path>',
    'a new file for the newest token sets that still live, a line each. Only you can read it',
  ),
  write: text(
    '<path>',
    'my-provider.ts: the provider, its server and recorded answers without tokens; or ' +
      'described.json: the server alone',
  ),
  id: text('<name>', 'the name of the provider. Default: from its host'),
  insecure: flag('allows plain http, on other hosts than this one'),
  timeoutMs,
  yes: flag('ends the grants without asking'),
  json: flag('prints what was measured for programs'),
} as const

/** Where the refresh tokens are: other users can read a command line. */
export interface TokenInput {
  readonly from: 'stdin' | 'file' | 'env'
  /** The name of the file, or of the variable. */
  readonly name: string
}

export interface ProbeOptions extends Values<typeof OPTIONS> {
  /** A file that exports a `provider`, instead of an issuer or an endpoint. */
  readonly file: string | undefined
  readonly tokens: TokenInput
}

export const USAGE = helpOf(
  `usage: refresh-once probe --issuer <url> --client <id> --tokens-file <path> …
       refresh-once probe ./my-provider.ts --client <id> --tokens-file <path> …
       refresh-once probe --provider salesforce --with host=login.salesforce.com --client <id> …

Measures what an authorization server does with refresh tokens, and ENDS THE GRANTS THAT IT IS
GIVEN: it presents spent tokens again. Sign in for it with a test account. Two grants measure
everything; with one, the last measurements are left open.

A file that exports a provider, or holds facts as JSON, is for a server that does not write as
RFC 6749 says.`,
  OPTIONS,
  `exit codes: 0 it was measured, as far as the grants went, 1 the server could not be measured, or
not to the end, 2 the command line cannot be used, and none of your tokens was sent, 3 it was
measured, and then --save or --write failed`,
)

/** @throws {UsageError} */
export function probeOptionsOf(args: readonly string[]): ProbeOptions {
  const { values, files } = readArgs(args, OPTIONS)
  const [file, ...others] = files
  if (others.length > 0) throw new UsageError('name one file')
  const { issuer, tokenEndpoint, client, write, id, provider } = values
  const isRecord = file?.endsWith('.json') === true
  // `--issuer` beside a provider is one of its parameters.
  const named = [file, tokenEndpoint, provider ?? (isRecord ? undefined : issuer)]
  if (named.filter((each) => each !== undefined).length !== 1) {
    throw new UsageError(
      'which server? One of --issuer, --token-endpoint, --provider and a provider file',
    )
  }
  if ((provider !== undefined || isRecord) && write?.endsWith('.ts') === true) {
    const what = isRecord ? 'the provider' : '--provider'
    throw new UsageError(`${what} is written already: --write takes a file that ends in .json`)
  }
  if (client === undefined && file === undefined) throw new UsageError('--client is missing')
  if (write !== undefined && !/\.(?:ts|json)$/.test(write)) {
    throw new UsageError('--write is a file that ends in .ts, or in .json')
  }
  if (id !== undefined && !/^[a-z0-9-]+$/.test(id)) {
    throw new UsageError("--id is made of lower-case letters, digits and '-'")
  }
  const tokens = tokensOf(values)
  if (tokens.from === 'stdin' && !values.yes) {
    throw new UsageError('probe asks before it begins: with --tokens-stdin write --yes')
  }
  return { ...values, file, tokens }
}

function tokensOf({ tokensStdin, tokensFile, tokensEnv }: Values<typeof OPTIONS>): TokenInput {
  const sources: TokenInput[] = []
  if (tokensStdin) sources.push({ from: 'stdin', name: '' })
  if (tokensFile !== undefined) sources.push({ from: 'file', name: tokensFile })
  if (tokensEnv !== undefined) sources.push({ from: 'env', name: tokensEnv })
  const [source, other] = sources
  if (source !== undefined && other === undefined) return source
  throw new UsageError('the refresh tokens: one of --tokens-stdin, --tokens-file and --tokens-env')
}

/** The server that is measured, and the client that measures. */
export interface ProbeTarget extends Target {
  /** How the file describes its server: members that cannot be measured are taken from it. */
  readonly server?: ServerDescription
  /** The members of the provider that will be written, or the file that exports it. */
  readonly origin: ProviderDescription | { readonly path: string }
  /** Of a shipped provider. */
  readonly facts?: ProviderRecord
}

/** What names a server and a client. */
export type Naming = Pick<
  ProbeOptions,
  | 'file'
  | 'issuer'
  | 'tokenEndpoint'
  | 'provider'
  | 'with'
  | 'client'
  | 'secretEnv'
  | 'authentication'
  | 'insecure'
  | 'id'
>

/** @throws {UsageError} Also for a configuration that refresh-once refuses, in its own words. */
export async function probeTargetOf(
  options: ProbeOptions,
  environment: Environment,
): Promise<ProbeTarget> {
  try {
    return await namedTargetOf(options, environment)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message, { cause: error })
  }
}

/**
 * @throws {TypeError} For a configuration that refresh-once refuses, in its own words.
 * @throws {UsageError} For a command line that cannot be used.
 */
export async function namedTargetOf(
  options: Naming,
  environment: Environment,
): Promise<ProbeTarget> {
  const target = await (options.file?.endsWith('.json')
    ? recorded(options.file, options, environment)
    : options.file !== undefined
      ? exported(options.file, options, environment)
      : options.provider === undefined
        ? described(options, environment)
        : shipped(options, environment))
  checkClient(target.client, target.provider)
  return target
}

function described(options: Naming, environment: Environment): ProbeTarget {
  const { issuer, tokenEndpoint, insecure, authentication } = options
  const client = clientOf(options, environment)
  const address = issuer ?? tokenEndpoint ?? ''
  checkFilled('address', address)
  const origin: ProviderDescription = {
    id: options.id ?? idOf(address),
    ...(issuer === undefined ? { tokenEndpoint: address } : { issuer }),
    ...(authentication && { clientAuthentication: authentication }),
    ...(insecure && { insecure }),
  }
  return { provider: defineProvider(origin), client, origin }
}

async function shipped(options: Naming, environment: Environment): Promise<ProbeTarget> {
  const { insecure, authentication } = options
  const { provider, facts } = await shippedProviderOf(options, {
    ...(insecure && { insecure }),
    ...(authentication && { clientAuthentication: authentication }),
  })
  const client = clientOf(options, environment)
  return { provider, client, origin: { path: `refresh-once/providers/${facts.id}` }, facts }
}

/** A provider of facts in a JSON file, as `--provider` is one of shipped facts. */
async function recorded(
  file: string,
  options: Naming,
  environment: Environment,
): Promise<ProbeTarget> {
  const { insecure, authentication, issuer, with: given } = options
  if (options.client === undefined) throw new UsageError('--client is missing')
  const { provider, facts } = filledProviderOf(
    file,
    await loadFacts(resolve(file), file),
    { issuer, with: given },
    {
      ...(insecure && { insecure }),
      ...(authentication && { clientAuthentication: authentication }),
    },
  )
  return {
    provider,
    client: clientOf(options, environment),
    origin: { path: resolve(file) },
    facts,
  }
}

/** The default name of a provider, from its host: `id-example-com`. */
function idOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return (
    host
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'probed'
  )
}

async function exported(
  file: string,
  options: Naming,
  environment: Environment,
): Promise<ProbeTarget> {
  const { provider, server, client } = await loadProvider(file, process.cwd())
  const given = options.client === undefined ? client : clientOf(options, environment)
  if (given === undefined) throw new UsageError('--client is missing')
  return {
    provider,
    client: given satisfies Client,
    ...(server !== undefined && { server }),
    origin: { path: resolve(file) },
  }
}
