import { checkOptions, needed, text, wrong } from './check-options.ts'
import { readEndpoint, readHost, retiredAddress, UNFILLED } from './endpoint.ts'
import { systemClock } from './clock.ts'
import type { ClientAuthentication, Overrides, Provider, ProviderDescription } from './provider.ts'
import { checkWords } from './provider-words.ts'
import { isRecord } from './text.ts'

const BODIES: ReadonlySet<string> = new Set(['form', 'json'])

/**
 * Makes a provider of what differs from RFC 6749: fills in the rest, freezes, checks.
 *
 * @param overrides What the user changes. `request`, `response` and `failures` are merged member by
 *   member: one more failure does not undo those of the description.
 * @throws {TypeError} For a description that contradicts itself; says what to write instead.
 */
export function defineProvider(
  description: ProviderDescription,
  overrides: Overrides = {},
): Provider {
  for (const given of [description, overrides]) checkWords(description, given)
  const given = merged(description, overrides)
  const provider: Provider = {
    rotation: 'sometimes',
    oldAccessToken: 'lives',
    tokens: 'unguessable',
    insecure: false,
    verifiedAt: '',
    ...given,
    request: {
      method: 'POST',
      format: 'form',
      ...given.request,
      names: { ...given.request?.names },
      parameters: { ...given.request?.parameters },
      headers: { ...given.request?.headers },
      audience: {
        resource: 'resource',
        organization: 'organization_id',
        ...given.request?.audience,
      },
    },
    response: { ...given.response },
    failures: { ...given.failures },
  }
  checkDescription(provider)
  return frozen(provider)
}

/**
 * Checks a whole description, whose words decide where tokens are sent and what becomes of them.
 *
 * @throws {TypeError} Says what to write instead.
 */
export function checkDescription(provider: Provider): void {
  checkWords(provider, { ...provider, id: provider.id ?? null })
  checkEndpoints(provider)
  checkAxes(provider)
}

/** Both, the latter winning; a member that is `undefined` was not given. */
function merged(description: ProviderDescription, overrides: Overrides): ProviderDescription {
  return {
    ...description,
    ...defined(overrides),
    request: { ...description.request, ...defined(overrides.request) },
    response: { ...description.response, ...defined(overrides.response) },
    failures: { ...description.failures, ...defined(overrides.failures) },
  }
}

function defined<T extends object>(values: T | undefined): Defined<T> {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}

type Defined<T> = string extends keyof T ? T : { [K in keyof T]?: Exclude<T[K], undefined> }

/** What a provider's facts say of how it is driven. All other facts are for tests and docs. */
export interface DrivingFacts extends Loose<
  Pick<
    Provider,
    | 'issuer'
    | 'discovery'
    | 'tokenEndpoint'
    | 'revocationEndpoint'
    | 'introspectionEndpoint'
    | 'rotation'
    | 'reuse'
    | 'silentSignIn'
    | 'missingRefreshToken'
    | 'oldAccessToken'
    | 'tokens'
    | 'failures'
    | 'retired'
  >
> {
  readonly id: string
  readonly verifiedAt: string
  /** What the `{name}`s in the endpoints stand for. */
  readonly parameters?: Readonly<Record<string, Parameter>> | undefined
  readonly clientAuthentication?: Exclude<ClientAuthentication, Function> | undefined
  readonly request?: Loose<Provider['request']> | undefined
  readonly response?: Loose<Pick<Provider['response'], 'members' | 'codes'>> | undefined
  /** `null`: it does not expire. */
  readonly lifetimes?:
    | Loose<{
        readonly accessMs: number | null
        readonly refreshMs: number | null
        readonly refreshIdleMs: number | null
      }>
    | undefined
  readonly wire?: { readonly expiresIn?: string | undefined } | undefined
  /** Whether the introspection endpoint knows refresh tokens. Else it is not asked. */
  readonly introspectsRefreshTokens?: boolean | undefined
  /** Facts that the provider is not driven by, and why. */
  readonly unused?: { readonly reuse?: string | undefined } | undefined
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

interface Parameter {
  readonly example: unknown
  readonly pattern?: string
}

/**
 * The description that drives a provider, derived from the facts about it.
 *
 * @param values What the facts' `parameters` are here.
 * @throws {TypeError} For a parameter that is missing, or does not match its pattern.
 */
export function descriptionOf(
  facts: DrivingFacts,
  values: Readonly<Record<string, unknown>> = {},
): ProviderDescription {
  const { id, discovery, clientAuthentication, rotation, oldAccessToken, tokens } = facts
  const { request, failures, missingRefreshToken, verifiedAt, lifetimes, wire } = facts
  const { issuer, tokenEndpoint, revocationEndpoint, retired } = facts
  return {
    ...defined({
      issuer: issuer && filled(issuer, facts, values),
      discovery,
      tokenEndpoint: tokenEndpoint && filled(tokenEndpoint, facts, values),
      revocationEndpoint: revocationEndpoint && filled(revocationEndpoint, facts, values),
      introspectionEndpoint: facts.introspectsRefreshTokens
        ? facts.introspectionEndpoint && filled(facts.introspectionEndpoint, facts, values)
        : undefined,
      clientAuthentication,
      rotation,
      reuse: facts.unused?.reuse === undefined ? facts.reuse : undefined,
      silentSignIn: facts.silentSignIn,
      missingRefreshToken,
      oldAccessToken,
      tokens,
      failures,
      retired,
    }),
    id,
    verifiedAt,
    request: defined(request),
    response: defined({
      ...facts.response,
      accessLifetimeMs:
        wire?.expiresIn === 'absent' ? (lifetimes?.accessMs ?? undefined) : undefined,
      refreshLifetimeMs: lifetimes?.refreshMs ?? undefined,
      refreshIdleMs: lifetimes?.refreshIdleMs ?? undefined,
    }),
  }
}

/**
 * The provider of facts: what the user writes are the facts' parameters and overrides.
 *
 * @param response What no facts can say: a reader.
 * @throws {TypeError} Says what to write instead.
 */
export function providerOf(
  facts: DrivingFacts,
  options: object = {},
  response: ProviderDescription['response'] = {},
): Provider {
  const { id, parameters = {} } = facts
  const names = Object.keys(parameters)
  if (!isRecord(options)) {
    const example = names.map((name) => `${name}: ${quoted(parameters[name]!.example)}`)
    throw new TypeError(`${id}: the argument ${wrong(options, `{ ${example.join(', ')} }`)}`)
  }
  const [values, overrides] = [true, false].map((isParameter) =>
    Object.entries(options).filter(([name]) => names.includes(name) === isParameter),
  )
  const { response: derived, ...description } = descriptionOf(facts, Object.fromEntries(values!))
  return defineProvider(
    { ...description, response: { ...derived, ...response } },
    Object.fromEntries(overrides!),
  )
}

/** An endpoint with the values of its parameters. */
function filled(
  endpoint: string,
  { id, parameters = {} }: DrivingFacts,
  values: Readonly<Record<string, unknown>>,
): string {
  return endpoint.replaceAll(/\{(\w+)\}(\/?)/g, (_, name: string, slash: string) => {
    const { example, pattern } = parameters[name]!
    const value = Object(values)[name] as unknown
    // Of 'https://' the path that follows would be the host, and behind '?' it would be none.
    const fits = (given: string): boolean =>
      pattern !== undefined || !slash || /^\w+:\/\/[^/\\?#][^\\?#]*$/.test(given)
    checkOptions(id, { [name]: value }, { [name]: needed(text(quoted(example), fits)) })
    // A value that brings a host of its own would send tokens there.
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(String(value))) {
      throw new TypeError(`${id}: '${name}' must match ${pattern}: write ${quoted(example)}`)
    }
    return slash ? String(value).replace(/\/*$/, slash) : String(value)
  })
}

function checkEndpoints(provider: Provider): void {
  const { id, issuer, tokenEndpoint, insecure } = provider
  if (issuer === undefined && tokenEndpoint === undefined) {
    throw new TypeError(`${id}: give 'issuer', to discover the endpoints, or 'tokenEndpoint'`)
  }
  checkUrl(id, 'issuer', issuer, insecure)
  checkUrl(id, 'tokenEndpoint', tokenEndpoint, insecure)
  for (const axis of ['revocationEndpoint', 'introspectionEndpoint'] as const) {
    checkUrl(id, axis, provider[axis] ?? undefined, insecure)
  }
  const gone = retiredAddress(provider)
  if (gone !== undefined && systemClock.now() >= Date.parse(gone.from)) {
    throw new TypeError(`${id}: ${gone.address} ended on ${gone.from}: write '${gone.use}'`)
  }
  checkHosts(id, provider.allowedHosts)
}

function checkHosts(id: string, hosts: unknown): void {
  if (hosts === undefined) return
  const example = "write hosts without scheme and path, ['10.0.0.5', 'id.internal:8443']"
  if (!Array.isArray(hosts)) throw new TypeError(`${id}: 'allowedHosts' is a list: ${example}`)
  for (const host of hosts as readonly unknown[]) {
    if (readHost(host) !== undefined) continue
    throw new TypeError(`${id}: 'allowedHosts' holds ${quoted(host)}: ${example}`)
  }
}

/** Matches what documents write in the place of a part of a URL, and variables as they are. */
const BLANK =
  /\$[A-Z][A-Z\d_]+|%[A-Z_]{3,}%|YOUR[-_]?[A-Z]|[/.@]your[-_]?(?:tenant|domain|issuer|realm)\b/

/** @throws {TypeError} For a value of an axis that no token may be sent to. */
export function checkUrl(
  id: string,
  axis: string,
  value: string | undefined,
  insecure: boolean,
): void {
  if (value === undefined) return
  // An environment variable that was pasted into quotes instead of backticks.
  if (typeof value === 'string' && value.includes('${')) {
    throw new TypeError(`${id}: '${axis}' holds a literal '\${': write it in backticks`)
  }
  if (typeof value === 'string' && (/\{\w+\}|<\w[\w -]*>/.test(value) || BLANK.test(value))) {
    const where = BLANK.test(value) ? '' : ' in brackets'
    throw new TypeError(`${id}: '${axis}' holds a placeholder${where}: write your own value there`)
  }
  if (typeof value === 'string' && UNFILLED.test(value)) {
    throw new TypeError(
      `${id}: '${axis}' holds 'undefined' or 'null': the variable it is made of was not there`,
    )
  }
  if (readEndpoint(value, insecure) !== undefined) return
  if (readEndpoint(value, true) !== undefined) {
    throw new TypeError(
      `${id}: '${axis}' is plain http: write https, or 'insecure: true' if everyone on the ` +
        'way may read the tokens',
    )
  }
  throw new TypeError(
    `${id}: '${axis}' must be a whole URL without user, password and fragment: write 'https://…'`,
  )
}

function checkAxes({ id, request }: Provider): void {
  if (request.method === 'GET' && BODIES.has(request.format)) {
    throw new TypeError(`${id}: a GET has no body: write POST, or format the request otherwise`)
  }
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** Freezes every level, because a description is constant for all that hold it. */
function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) frozen(member as object)
  }
  return Object.freeze(value)
}
