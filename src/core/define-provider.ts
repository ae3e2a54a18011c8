import { readEndpoint, UNFILLED } from './endpoint.ts'
import type { ClientAuthentication, Overrides, Provider, ProviderDescription } from './provider.ts'
import { FAILURES } from './failure.ts'

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
  checkEndpoints(provider)
  checkAxes(provider)
  return frozen(provider)
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
    | 'rotation'
    | 'reuse'
    | 'missingRefreshToken'
    | 'oldAccessToken'
    | 'tokens'
    | 'failures'
  >
> {
  readonly id: string
  readonly verifiedAt: string
  /** What the `{name}`s in the endpoints stand for. */
  readonly parameters?: Readonly<Record<string, Parameter>> | undefined
  readonly clientAuthentication?: Exclude<ClientAuthentication, Function> | undefined
  readonly request?: Loose<Provider['request']> | undefined
  readonly lifetimes?:
    | Loose<{
        readonly accessMs: number
        readonly refreshMs: number
        readonly refreshIdleMs: number
      }>
    | undefined
  readonly wire?: { readonly expiresIn?: string | undefined } | undefined
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
  values: Readonly<Record<string, string>> = {},
): ProviderDescription {
  const { id, discovery, clientAuthentication, rotation, oldAccessToken, tokens } = facts
  const { request, failures, missingRefreshToken, verifiedAt, lifetimes, wire } = facts
  const { issuer, tokenEndpoint, revocationEndpoint } = facts
  return {
    ...defined({
      issuer: issuer && filled(issuer, facts, values),
      discovery,
      tokenEndpoint: tokenEndpoint && filled(tokenEndpoint, facts, values),
      revocationEndpoint: revocationEndpoint && filled(revocationEndpoint, facts, values),
      clientAuthentication,
      rotation,
      reuse: facts.unused?.reuse === undefined ? facts.reuse : undefined,
      missingRefreshToken,
      oldAccessToken,
      tokens,
      failures,
    }),
    id,
    verifiedAt,
    request: defined(request),
    response: defined({
      accessLifetimeMs: wire?.expiresIn === 'absent' ? lifetimes?.accessMs : undefined,
      refreshLifetimeMs: lifetimes?.refreshMs,
      refreshIdleMs: lifetimes?.refreshIdleMs,
    }),
  }
}

/** An endpoint with the values of its parameters. */
function filled(
  endpoint: string,
  { id, parameters = {} }: DrivingFacts,
  values: Readonly<Record<string, string>>,
): string {
  return endpoint.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const { example, pattern } = parameters[name]!
    const value = values[name]
    if (typeof value !== 'string' || value === '') {
      throw new TypeError(`${id}: '${name}' is missing: write ${quoted(example)}`)
    }
    // A value that brings a host of its own would send tokens there.
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
      throw new TypeError(`${id}: '${name}' must match ${pattern}: write ${quoted(example)}`)
    }
    return value
  })
}

function checkEndpoints(provider: Provider): void {
  const { id, issuer, tokenEndpoint, revocationEndpoint, insecure } = provider
  if (typeof id !== 'string' || !/^[a-z0-9-]+$/.test(id)) {
    throw new TypeError(`provider id ${quoted(id)}: write lower-case letters, digits and '-'`)
  }
  if (issuer === undefined && tokenEndpoint === undefined) {
    throw new TypeError(`${id}: give 'issuer', to discover the endpoints, or 'tokenEndpoint'`)
  }
  checkUrl(id, 'issuer', issuer, insecure)
  checkUrl(id, 'tokenEndpoint', tokenEndpoint, insecure)
  checkUrl(id, 'revocationEndpoint', revocationEndpoint ?? undefined, insecure)
  // RFC 8414 §2: "a URL that uses the "https" scheme and has no query or fragment components".
  if (issuer !== undefined && /[?#]/.test(issuer)) {
    throw new TypeError(`${id}: 'issuer' has no query and no fragment: write it without`)
  }
}

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

function checkAxes(provider: Provider): void {
  const { id, request, failures } = provider
  checkReuse(provider)
  if (request.method === 'GET' && BODIES.has(request.format)) {
    throw new TypeError(`${id}: a GET has no body: write POST, or format the request otherwise`)
  }
  for (const [name, failure] of Object.entries(failures)) {
    if (Object.hasOwn(FAILURES, failure)) continue
    throw new TypeError(
      `${id}: failures[${quoted(name)}] is ${quoted(failure)}: ` +
        `write one of ${Object.keys(FAILURES).join(', ')}`,
    )
  }
}

const REUSES: readonly unknown[] = ['accepted', 'until_successor_used', 'refused', 'revokes']

function checkReuse(provider: Provider): void {
  const { id, reuse } = provider
  if ('replay' in provider) {
    throw new TypeError(
      `${id}: 'replay' is now 'reuse': write reuse: { acceptedForMs } for { withinMs }, ` +
        "reuse: 'accepted' for 'always', and leave it out for 'never'",
    )
  }
  if (reuse === undefined || REUSES.includes(reuse)) return
  if (typeof reuse !== 'object' || reuse === null) {
    throw new TypeError(
      `${id}: reuse is ${quoted(reuse)}: write one of ${REUSES.join(', ')}, { acceptedForMs }`,
    )
  }
  if (Number.isFinite(reuse.acceptedForMs) && reuse.acceptedForMs > 0) return
  throw new TypeError(
    `${id}: reuse.acceptedForMs is milliseconds above 0: write reuse: 'refused' or 'revokes' ` +
      'where the server has no window',
  )
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
