import type { Client, Provider } from '../../core/provider.ts'
import { isRecord, ownField } from '../../core/text.ts'
import { discovery, endpointHint, endpointIn } from '../../transport/metadata.ts'
import { findings, printable, type DoctorFinding } from './finding.ts'
import type { Clock } from '../../core/clock.ts'
import { send, type Sender } from '../../transport/send.ts'
import { UNFILLED } from '../../core/endpoint.ts'
import { authenticationMethod } from '../../transport/client-authentication.ts'

const ofDiscovery = findings('discovery')
const ofTheClock = findings('clock')

/** Beyond this a client assertion (60 s) or a new ID token is refused; well before, it is odd. */
const SKEW_PROBLEM_MS = 60_000
const SKEW_WARNING_MS = 5_000

/** What was found out about the AS. */
export interface Discovered {
  readonly found: readonly DoctorFinding[]
  /** As it came. Absent: there is none, or it is another issuer's. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

/** Whether there is metadata (OIDC Discovery §4, RFC 8414 §3), and whether it is this issuer's. */
export async function checkDiscovery(provider: Provider, looking: Looking): Promise<Discovered> {
  const { issuer } = provider
  if (issuer === undefined) return { found: [], metadata: undefined }
  const places = placesOf(issuer)
  let seen: LookAnswer = {}
  for (const place of places) {
    seen = await look(place, looking)
    if (seen.status === 200 || seen.status === undefined || seen.status >= 500) break
  }
  const clock = aboutClock(seen)
  const { status, body } = seen
  if (status !== 200 || body === undefined) {
    const says = status === undefined ? 'no answer' : `status ${status}`
    const about = ofDiscovery(
      'problem',
      `no metadata at ${places[0]}: ${says}`,
      await nearby(provider, looking),
    )
    // Its endpoints are described: it is not needed.
    const known =
      provider.tokenEndpoint === undefined ? about : { ...about, verdict: 'warning' as const }
    return { found: [known, ...clock], metadata: undefined }
  }
  const named = ownField(body, 'issuer')
  if (named !== issuer) {
    const fix =
      printable(named) === undefined
        ? undefined
        : `Write issuer as it stands there: ${printable(named)}`
    const about = ofDiscovery('problem', `the metadata at ${places[0]} is another issuer's`, fix)
    return { found: [about, ...clock], metadata: undefined }
  }
  return { found: [await asTheLibrary(provider, looking), ...clock], metadata: body }
}

/** What refresh-once itself makes of it. */
async function asTheLibrary(
  provider: Provider,
  { sender, timeoutMs }: Looking,
): Promise<DoctorFinding> {
  const metadata = await discovery(provider, sender, timeoutMs)()
  if (metadata.ready) return ofDiscovery('fine', `the metadata is that of ${provider.issuer}`)
  return ofDiscovery('problem', 'refresh-once cannot use the metadata', metadata.hint)
}

function placesOf(issuer: string): readonly [string, ...string[]] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/** Where else an issuer may be that was written a little wrong: Logto's is below `/oidc`. */
async function nearby({ issuer = '' }: Provider, looking: Looking): Promise<string> {
  const bare = issuer.replace(/\/$/, '')
  const { origin } = new URL(issuer)
  for (const place of new Set([`${bare}/oidc`, origin, bare.replace(/\/oidc$/, '')])) {
    const { status, body } = await look(`${place}/.well-known/openid-configuration`, looking)
    const named = status === 200 && body ? printable(ownField(body, 'issuer')) : undefined
    if (named !== undefined && named !== issuer) return `There is some of another issuer: ${named}`
  }
  return 'Check the issuer; or give the endpoints, if it publishes no metadata.'
}

function aboutClock({ skewMs, uncertainMs = 0 }: LookAnswer): readonly DoctorFinding[] {
  if (skewMs === undefined) return [ofTheClock('open', 'no answer with a Date to compare with')]
  const atLeastMs = Math.abs(skewMs) - uncertainMs
  const side = skewMs > 0 ? 'ahead of' : 'behind'
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  if (atLeastMs < SKEW_WARNING_MS) {
    return [ofTheClock('fine', "this machine's clock agrees with the server's")]
  }
  return [
    ofTheClock(
      atLeastMs < SKEW_PROBLEM_MS ? 'warning' : 'problem',
      `this machine's clock is ${seconds} s ${side} the server's`,
      'Set it (NTP): ID tokens and client assertions are refused, and expiries are off by as much.',
    ),
  ]
}

/** What is asked, and with what. */
export interface Looking {
  readonly clock: Clock
  readonly sender: Sender
  readonly timeoutMs: number
}

/** What came of one question. */
export interface LookAnswer {
  /** Absent: no answer. */
  readonly status?: number
  readonly body?: Readonly<Record<string, unknown>>
  /** By how much this machine's clock is ahead of the server's, by its `Date`, milliseconds. */
  readonly skewMs?: number
  /** How wrong that may be, either way. */
  readonly uncertainMs?: number
}

/** `Date` has whole seconds, rounded down. */
const DATE_STEP_MS = 1_000

/** Asks for something that anyone may see. */
async function look(url: string, { clock, sender, timeoutMs }: Looking): Promise<LookAnswer> {
  const sentAtMs = clock.now()
  const headers = { accept: 'application/json' }
  const reply = await send({ url, method: 'GET', headers }, sender, timeoutMs)
  if (!reply.answered) return {}
  const { status, headers: answered, body } = reply.answer
  const arrivedAtMs = clock.now()
  const dateMs = Date.parse(answered.get('date') ?? '')
  return {
    status,
    ...(isRecord(body) && { body }),
    ...(!Number.isNaN(dateMs) && {
      skewMs: (sentAtMs + arrivedAtMs) / 2 - (dateMs + DATE_STEP_MS / 2),
      uncertainMs: (arrivedAtMs - sentAtMs + DATE_STEP_MS) / 2,
    }),
  }
}

export type RawMetadata = Readonly<Record<string, unknown>>

const ofTokenEndpoint = findings('token_endpoint')
const ofAuthentication = findings('client_authentication')

/** What the metadata says of the token endpoint, and of how this client would speak to it. */
export function checkEndpoints(
  provider: Provider,
  client: Client,
  metadata: RawMetadata | undefined,
): readonly DoctorFinding[] {
  if (metadata === undefined) return []
  const given = provider.tokenEndpoint
  const published = ownField(metadata, 'token_endpoint')
  return [
    given === undefined ? aboutPublished(metadata, provider) : aboutGiven(given, published),
    ...aboutGrants(textsIn(metadata, 'grant_types_supported')),
    ...aboutMethods(provider, client, metadata),
  ]
}

function aboutPublished(metadata: RawMetadata, provider: Provider): DoctorFinding {
  const { issuer } = provider
  const shown = printable(ownField(metadata, 'token_endpoint'))
  if (shown === undefined) return ofTokenEndpoint('problem', 'the metadata names no token endpoint')
  if (UNFILLED.test(shown)) {
    const fix = 'An environment variable was not put in where the server is configured.'
    return ofTokenEndpoint(
      'problem',
      `the token endpoint is ${shown}, which was never filled in`,
      fix,
    )
  }
  const url = endpointIn(metadata, 'token_endpoint', provider)
  if (typeof url === 'string') {
    const fix =
      url === 'private'
        ? endpointHint('tokenEndpoint', url)
        : 'It must be https, whole, without user, password and fragment.'
    return ofTokenEndpoint('problem', `no token may be sent to ${shown}`, fix)
  }
  const isElsewhere = issuer !== undefined && url.origin !== new URL(issuer).origin
  return ofTokenEndpoint(
    'fine',
    `${shown}${isElsewhere ? ', on another host than the issuer' : ''}`,
  )
}

/** Described by the provider: the metadata is only compared. */
function aboutGiven(given: string, published: unknown): DoctorFinding {
  if (published === given) return ofTokenEndpoint('fine', given)
  const fix = 'If yours is behind another address, give tokenEndpoint as the metadata has it.'
  return ofTokenEndpoint(
    'warning',
    `${given}; the metadata has ${printable(published) ?? 'none'}`,
    fix,
  )
}

function aboutGrants(grants: readonly string[] | undefined): readonly DoctorFinding[] {
  if (grants === undefined || grants.includes('refresh_token')) return []
  const says = 'the metadata does not list the grant refresh_token'
  return [ofTokenEndpoint('warning', says, 'Switch it on at the server, if it is off.')]
}

function aboutMethods(
  provider: Provider,
  client: Client,
  metadata: RawMetadata,
): readonly DoctorFinding[] {
  const supported = textsIn(metadata, 'token_endpoint_auth_methods_supported')
  if (supported === undefined) return []
  const method = authenticationMethod(provider, client, supported)
  if (typeof method !== 'string' || supported.includes(method)) return []
  const listed = supported.map(printable).filter((each) => each !== undefined)
  const fix = `It lists ${listed.join(', ')}.`
  return [ofAuthentication('warning', `${method} is not listed by the metadata`, fix)]
}

/** A list of texts, or `undefined` for what is none. */
export function textsIn(metadata: RawMetadata, name: string): readonly string[] | undefined {
  const value = ownField(metadata, name)
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined
}
