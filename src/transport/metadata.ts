import { allowInsecureRequests, customFetch, discoveryRequest } from 'oauth4webapi'
import type { Trouble } from '../core/errors.ts'
import { isRecord, ownField } from '../core/text.ts'
import { isLoopback, isPrivateHost, readEndpoint, readHost } from '../core/endpoint.ts'
import type { Provider } from '../core/provider.ts'
import { captureRequest, retryAfterMs, send } from './send.ts'
import type { HttpReply, Sender } from './send.ts'

/** Metadata is asked for again after an hour; after a failure that it bridges, a minute. */
const FRESH_MS = 60 * 60 * 1000
const STALE_MS = 60 * 1000

/** The endpoints that are discovered, and their names in the metadata (RFC 8414 §2). */
const ENDPOINTS = {
  tokenEndpoint: 'token_endpoint',
  revocationEndpoint: 'revocation_endpoint',
  introspectionEndpoint: 'introspection_endpoint',
} as const

/** Metadata that names none of them is not that of an AS. */
const NEEDED = ['tokenEndpoint', 'revocationEndpoint'] as const

export type EndpointName = keyof typeof ENDPOINTS

/** The metadata that we need. */
export interface ServerMetadata extends Readonly<Record<EndpointName, FoundEndpoint>> {
  readonly ready: true
  readonly authenticationMethods: readonly string[]
  /** Whether the AS knows `prompt=none`. */
  readonly silentSignIn: boolean
  /** Of the introspection endpoint. `undefined`: it does not say. */
  readonly introspectionMethods: readonly string[] | undefined
}

/** An endpoint of the metadata. A text says why it must not be used. */
export type FoundEndpoint = URL | 'unusable' | 'private'

/** Told when the metadata names another endpoint than it did before, by their origins. */
export type OnEndpointChanged = (
  endpoint: EndpointName,
  before: string | undefined,
  after: string | undefined,
) => void

/** Why nothing could be prepared. Nothing was sent to the token endpoint. */
export interface Unprepared extends Trouble {
  readonly ready: false
  readonly code: 'unreachable' | 'misconfigured' | 'rate_limited' | 'no_revocation_endpoint'
  /** From now, where the AS says so. */
  readonly retryAfterMs?: number
  /** What to change, in our own words. */
  readonly hint?: string
}

/**
 * Discovers the provider's metadata: one request at a time, remembered for an hour, and beyond that
 * while the AS does not answer.
 *
 * It is believed only from the configured issuer's own address, never after a redirect, and only if
 * it names exactly that issuer (RFC 8414 §3.3): it decides where refresh tokens are sent.
 */
export function discovery(
  provider: Provider,
  sender: Sender,
  timeoutMs: number,
  onEndpointChanged: OnEndpointChanged = () => {},
): () => Promise<ServerMetadata | Unprepared> {
  const { clock } = sender
  let known: ServerMetadata | undefined
  let freshUntil = 0
  let flight: Promise<ServerMetadata | Unprepared> | undefined
  const renew = async (): Promise<ServerMetadata | Unprepared> => {
    const found = await discover(provider, sender, timeoutMs)
    if (!found.ready && known === undefined) return found
    if (found.ready) {
      if (known !== undefined) compare(known, found, onEndpointChanged)
      known = found
    }
    freshUntil = clock.monotonic() + (found.ready ? FRESH_MS : STALE_MS)
    return known!
  }
  return async () => {
    if (known !== undefined && clock.monotonic() < freshUntil) return known
    flight ??= renew().finally(() => {
      flight = undefined
    })
    return flight
  }
}

/**
 * Asks in one place after the other (RFC 8414 §5): where the first answers with a web page, a
 * redirect or an error, the second may have the metadata. The failure that tells most is told.
 */
async function discover(
  provider: Provider,
  sender: Sender,
  timeoutMs: number,
): Promise<ServerMetadata | Unprepared> {
  const issuer = new URL(provider.issuer!)
  const endsAt = sender.clock.monotonic() + timeoutMs
  const places = provider.discovery ? [provider.discovery] : (['oidc', 'oauth2'] as const)
  const failures: Unprepared[] = []
  for (const algorithm of places) {
    const reply = await ask(issuer, algorithm, sender, endsAt - sender.clock.monotonic())
    const found = read(reply, issuer, provider, sender.clock.now())
    if (found.ready || found.code === 'rate_limited' || !reply.answered) return found
    failures.push(found)
  }
  const telling = failures.find(({ code }) => code === 'unreachable')
  return telling ?? failures.find(({ hint }) => hint !== NO_METADATA) ?? failures[0]!
}

/** Asks at the address that oauth4webapi knows (OIDC Discovery §4, RFC 8414 §3.1). */
async function ask(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  sender: Sender,
  timeoutMs: number,
): Promise<HttpReply> {
  const { url, headers } = await captureRequest<undefined>((fetch) =>
    discoveryRequest(issuer, {
      algorithm,
      [allowInsecureRequests]: issuer.protocol === 'http:',
      [customFetch]: fetch,
    }),
  )
  return send({ url, method: 'GET', headers }, sender, timeoutMs)
}

const NO_METADATA = 'No metadata there: check the issuer, or give the endpoints.'

function read(
  reply: HttpReply,
  issuer: URL,
  provider: Provider,
  nowMs: number,
): ServerMetadata | Unprepared {
  const { origin } = issuer
  if (!reply.answered) {
    const { unsent, hint } = reply
    // A hint without a proof is about `fetch`: better now than with the token.
    if (hint !== undefined && !unsent) return misconfigured(issuer, hint)
    return { ready: false, code: 'unreachable', origin, ...(hint !== undefined && { hint }) }
  }
  const { status, headers, body } = reply.answer
  if (status === 429) {
    const waitMs = retryAfterMs(headers, nowMs)
    const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs }
    return { ready: false, code: 'rate_limited', status, origin, ...wait }
  }
  if (status >= 500) return { ready: false, code: 'unreachable', status, origin }
  if (status !== 200 || !isRecord(body)) return misconfigured(issuer, NO_METADATA, status)
  const named = ownField(body, 'issuer')
  // Compared as text: RFC 8414 §3.3 says "identical", so a slash at the end counts.
  if (named !== provider.issuer) {
    return misconfigured(issuer, hintOf(named, issuer, provider.issuer!), status)
  }
  const isNamed = NEEDED.some((name) => ownField(body, ENDPOINTS[name]) != null)
  if (provider.tokenEndpoint === undefined && !isNamed) {
    return misconfigured(issuer, endpointHint('tokenEndpoint', 'unusable'), status)
  }
  return {
    ready: true,
    tokenEndpoint: endpointIn(body, ENDPOINTS.tokenEndpoint, provider),
    revocationEndpoint: endpointIn(body, ENDPOINTS.revocationEndpoint, provider),
    introspectionEndpoint: endpointIn(body, ENDPOINTS.introspectionEndpoint, provider),
    authenticationMethods: textsIn(body, 'token_endpoint_auth_methods_supported') ?? [],
    introspectionMethods: textsIn(body, 'introspection_endpoint_auth_methods_supported'),
    silentSignIn: isSilent(body),
  }
}

function textsIn(body: Readonly<Record<string, unknown>>, name: string): string[] | undefined {
  const list = ownField(body, name)
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : undefined
}

/**
 * Whether the AS knows `prompt=none`: it says so, or it is an OpenID provider that says nothing,
 * which must know it (OIDC Core §15.1). Those name the types of their subjects (Discovery §3).
 */
function isSilent(metadata: Readonly<Record<string, unknown>>): boolean {
  const prompts = ownField(metadata, 'prompt_values_supported')
  if (Array.isArray(prompts)) return prompts.includes('none')
  return Array.isArray(ownField(metadata, 'subject_types_supported'))
}

/** The first part of the path of Entra's issuers that stand for many tenants. */
const MANY_TENANTS = /^\/(common|organizations|consumers)(?:\/|$)/

/** What to write where the metadata names another issuer than the one that was configured. */
function hintOf(named: unknown, { origin, pathname }: URL, configured: string): string {
  if (typeof named !== 'string') return NO_METADATA
  const [, tenants] = MANY_TENANTS.exec(pathname) ?? []
  if (tenants !== undefined || /\{\w+\}/.test(named)) {
    const endpoint = `${origin}/${tenants ?? 'common'}/oauth2/v2.0/token`
    return (
      'This issuer stands for many tenants, and its metadata names a template ({tenantid}). ' +
      `Write tokenEndpoint: '${endpoint}' in place of issuer, or the issuer of your own tenant, ` +
      'with its id in the path.'
    )
  }
  if (named === `${configured}/`)
    return "Write issuer with a '/' at its end, as the metadata has it."
  if (`${named}/` === configured)
    return "Write issuer without the '/' at its end, as the metadata has it."
  return (
    "The metadata is another issuer's: write its 'issuer' exactly as it stands there, or " +
    'tokenEndpoint in place of issuer.'
  )
}

/**
 * An endpoint that the metadata names, if tokens may be sent there. Metadata that an attacker can
 * write must not lead tokens, and this server's requests, into the network that it runs in: a
 * public issuer has no endpoint there.
 */
export function endpointIn(
  metadata: Readonly<Record<string, unknown>>,
  name: string,
  { issuer = '', insecure, allowedHosts = [] }: Provider,
): FoundEndpoint {
  const url = readEndpoint(ownField(metadata, name), insecure)
  if (url === undefined) return 'unusable'
  if (allowedHosts.some((host) => [url.host, url.hostname].includes(readHost(host)!))) return url
  if (!isPrivateHost(url)) return url
  const from = new URL(issuer)
  // A remote issuer has no business on our own machine by plain http, even in one network.
  const isStray = url.protocol === 'http:' && !insecure && !isLoopback(from)
  return isPrivateHost(from) && !isStray ? url : 'private'
}

/** Why an endpoint must not be used, for the operator. */
export function endpointHint(name: EndpointName, why: 'unusable' | 'private'): string {
  return why === 'unusable'
    ? `The metadata has no usable ${name}.`
    : `The metadata of a public issuer names a ${name} in a private network: if it belongs ` +
        'there, write its host into allowedHosts of the provider, or give the endpoint.'
}

function compare(before: ServerMetadata, after: ServerMetadata, tell: OnEndpointChanged): void {
  for (const name of Object.keys(ENDPOINTS) as EndpointName[]) {
    const [old, found] = [before[name], after[name]]
    if (String(old) !== String(found)) tell(name, originOf(old), originOf(found))
  }
}

function originOf(endpoint: FoundEndpoint): string | undefined {
  return endpoint instanceof URL ? endpoint.origin : undefined
}

export function misconfigured(origin: URL | undefined, hint: string, status?: number): Unprepared {
  return {
    ready: false,
    code: 'misconfigured',
    hint,
    ...(origin !== undefined && { origin: origin.origin }),
    ...(status !== undefined && { status }),
  }
}
