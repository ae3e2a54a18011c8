import { resolve } from 'node:path'
import { defineProvider } from '../../core/define-provider.ts'
import type { Client, ProviderDescription } from '../../core/provider.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { checkClient } from '../../transport/client-authentication.ts'
import { loadProvider } from '../fuzz/load.ts'
import { Misused } from '../command.ts'
import { authenticationOf, checkFilled, clientOf, type Subject } from '../target.ts'
import type { Surroundings } from '../command.ts'
import { parseArgs } from 'node:util'
import type { ClientOptions } from '../target.ts'
import type { TokenSource } from '../token-input.ts'

/** Whom it is about. */
export interface Target extends Subject {
  /** What the file says of its server: how it writes is taken from there. */
  readonly server?: ServerDescription
  /** The members of the provider that is to be written, or the file that exports it. */
  readonly origin: ProviderDescription | { readonly path: string }
}

/**
 * @throws {TypeError} For a configuration that refresh-once would refuse, in its own words.
 * @throws {Misused} For a command line that cannot be carried out.
 */
export async function targetOf(options: ProbeOptions, around: Surroundings): Promise<Target> {
  const target = await (options.file === undefined
    ? described(options, around)
    : exported(options.file, options, around))
  checkClient(target.client, target.provider)
  return target
}

function described(options: ProbeOptions, around: Surroundings): Target {
  const { issuer, tokenEndpoint, insecure, authentication } = options
  const clientAuthentication = authenticationOf(authentication)
  const client = clientOf(options, around)
  const place = issuer ?? tokenEndpoint ?? ''
  checkFilled('address', place)
  const origin: ProviderDescription = {
    id: options.id ?? idOf(place),
    ...(issuer === undefined ? { tokenEndpoint: place } : { issuer }),
    ...(clientAuthentication && { clientAuthentication }),
    ...(insecure && { insecure }),
  }
  return { provider: defineProvider(origin), client, origin }
}

/** A name for whom nobody has named: `id-example-com`. */
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
  options: ProbeOptions,
  around: Surroundings,
): Promise<Target> {
  const { provider, server, client } = await loadProvider(file, process.cwd())
  const given = options.client === undefined ? client : clientOf(options, around)
  if (given === undefined) throw new Misused('--client is missing')
  return {
    provider,
    client: given satisfies Client,
    ...(server !== undefined && { server }),
    origin: { path: resolve(file) },
  }
}

/** The command line, read. Secrets are named by where they are, and never stand in it. */
export interface ProbeOptions extends ClientOptions {
  /** A file that exports a `provider`, instead of an issuer or an endpoint. */
  readonly file: string | undefined
  readonly issuer: string | undefined
  readonly tokenEndpoint: string | undefined
  /** Names the provider that is written. */
  readonly id: string | undefined
  readonly authentication: string | undefined
  readonly insecure: boolean
  readonly tokens: TokenSource
  /** Takes access tokens: an address that answers 2xx to a live one and 401 to a dead one. */
  readonly api: string | undefined
  readonly windowMaxMs: number
  readonly timeoutMs: number
  readonly save: string | undefined
  readonly write: string | undefined
  readonly isConfirmed: boolean
  readonly isJson: boolean
}

export const USAGE = `usage: refresh-once probe --issuer <url> --client <id> --tokens-file <path> …
       refresh-once probe ./my-provider.ts --client <id> --tokens-file <path> …

Measures what an authorization server does with refresh tokens, and ENDS THE GRANTS THAT IT IS
GIVEN: it presents spent tokens again. Sign in for it as somebody whom nobody misses. Two grants
measure everything; with one, what comes last is left open.

  ./my-provider.ts          a file that exports a provider: for a server that does not write as
                            RFC 6749 has it
  --issuer <url>            the issuer as its metadata writes it
  --token-endpoint <url>    where there is no metadata
  --client <id>             the client_id
  --secret-env <NAME>       the environment variable with the client secret. None: a public client
  --authentication <name>   none, client_secret_basic or client_secret_post. Default: as discovered
  --tokens-stdin            refresh tokens of one grant each, a line each: on standard input,
  --tokens-file <path>      in a file that only you can read (chmod 600),
  --tokens-env <NAME>       or in an environment variable. Alone, or token sets as JSON
  --api <url>               an address that takes the access tokens: 2xx if alive, 401 if dead.
                            Default: userinfo or introspection, where the metadata names one
  --window-max <seconds>    how long a reuse window is waited for. Default: 65
  --save <path>             where the newest sets that still live are written, a line each: a new
                            file that only you can read
  --write <path>            my-provider.ts: the provider, its server and recorded answers without
                            tokens; or described.json: the server alone
  --id <name>               what the provider is called. Default: by its host
  --insecure                plain http is meant, on other hosts than this one
  --timeout-ms <number>     how long each request may take. Default: 15000
  --yes                     the grants may be ended: nobody is asked
  --json                    what was measured, for programs

Ends with 0: measured, as far as the grants went. 1: the server could not be measured, or not to the
end. 2: the command line cannot be carried out; no token of yours was sent. 3: it was measured, and
then --save or --write went wrong.
`

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const
const OPTIONS = {
  issuer: TEXT,
  'token-endpoint': TEXT,
  client: TEXT,
  'secret-env': TEXT,
  authentication: TEXT,
  'tokens-stdin': FLAG,
  'tokens-file': TEXT,
  'tokens-env': TEXT,
  api: TEXT,
  'window-max': TEXT,
  save: TEXT,
  write: TEXT,
  id: TEXT,
  insecure: FLAG,
  'timeout-ms': TEXT,
  yes: FLAG,
  json: FLAG,
} as const

/** @throws {Misused} For a command line that cannot be carried out. */
export function optionsOf(arguments_: readonly string[]): ProbeOptions {
  const { values, positionals } = parsed(arguments_)
  const [file, ...others] = positionals
  if (others.length > 0) throw new Misused('name one file')
  const { issuer, 'token-endpoint': tokenEndpoint, write } = values
  const named = [file, tokenEndpoint, issuer]
  if (named.filter((each) => each !== undefined).length !== 1) {
    throw new Misused('which server? One of --issuer, --token-endpoint and a provider file')
  }
  if (values.client === undefined && file === undefined) throw new Misused('--client is missing')
  if (write !== undefined && !/\.(?:ts|json)$/.test(write)) {
    throw new Misused('--write is a file that ends in .ts, or in .json')
  }
  if (values.id !== undefined && !/^[a-z0-9-]+$/.test(values.id)) {
    throw new Misused("--id is made of lower-case letters, digits and '-'")
  }
  const tokens = tokensOf(values)
  if (tokens.from === 'stdin' && values.yes !== true) {
    throw new Misused('you are asked first: with --tokens-stdin write --yes')
  }
  return {
    file,
    issuer,
    tokenEndpoint,
    id: values.id,
    client: values.client,
    secretEnv: values['secret-env'],
    authentication: values.authentication,
    tokens,
    api: values.api,
    windowMaxMs: 1_000 * positive('--window-max', values['window-max'] ?? '65'),
    timeoutMs: positive('--timeout-ms', values['timeout-ms'] ?? '15000'),
    save: values.save,
    write,
    insecure: values.insecure ?? false,
    isConfirmed: values.yes ?? false,
    isJson: values.json ?? false,
  }
}

function parsed(arguments_: readonly string[]) {
  try {
    return parseArgs({ args: [...arguments_], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // It quotes what was typed, which may be a token in the wrong place.
    const { code } = error as { code?: string }
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    throw new Misused(isUnknown ? 'there is an option that it does not know' : 'a value is missing')
  }
}

function tokensOf(values: ReturnType<typeof parsed>['values']): TokenSource {
  const { 'tokens-file': file, 'tokens-env': env } = values
  const sources: TokenSource[] = []
  if (values['tokens-stdin']) sources.push({ from: 'stdin', name: '' })
  if (file !== undefined) sources.push({ from: 'file', name: file })
  if (env !== undefined) sources.push({ from: 'env', name: env })
  const [source, other] = sources
  if (source !== undefined && other === undefined) return source
  throw new Misused('the refresh tokens: one of --tokens-stdin, --tokens-file and --tokens-env')
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 600_000) return value
  throw new Misused(`${name} is a number above 0`)
}
