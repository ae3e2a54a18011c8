import { readEndpoint, UNFILLED } from './endpoint.ts'
import type { Overrides, Provider, ProviderDescription } from './provider.ts'
import type { Failure } from './failure.ts'

const FAILURES: ReadonlySet<Failure> = new Set<Failure>([
  'rejected',
  'refused_before',
  'refused_after',
  'deferred',
  'unknown',
])

const BODIES: ReadonlySet<string> = new Set(['form', 'json'])

/**
 * Makes a provider of what differs from RFC 6749: fills in the rest, freezes, checks.
 *
 * @param overrides What the user changes. `request`, `response` and `failures` are merged member by
 *   member, so that who describes one more failure does not undo those of the description.
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

function defined<T extends object>(values: T | undefined): T {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as T
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
    if (FAILURES.has(failure)) continue
    throw new TypeError(
      `${id}: failures[${quoted(name)}] is ${quoted(failure)}: ` +
        `write one of ${[...FAILURES].join(', ')}`,
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

/** Frozen to the ground: a description is constant, whoever got hold of it. */
function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) frozen(member as object)
  }
  return Object.freeze(value)
}
