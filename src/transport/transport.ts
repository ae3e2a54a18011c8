import type { Client, OutgoingRequest, Provider, Revocation } from '../core/provider.ts'
import type { Secret } from '../core/secret.ts'
import { sleep, within } from '../core/clock.ts'
import type { Clock, HostMoment } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import { authenticate, authenticationMethod } from './client-authentication.ts'
import { discovery, endpointHint, misconfigured } from './metadata.ts'
import { prepareTokenRequest } from './token-request.ts'
import { askAbout } from './introspection.ts'
import type { Introspection } from './introspection.ts'
import { attemptRevocation } from './revocation.ts'
import type { RevocationAttempt, Revoked } from './revocation.ts'
import { calm, momentOf, noting } from './path.ts'
import { ownSocket } from './own-socket.ts'
import { runtimeFetch } from './unsent.ts'
import type { FetchOnce, Sender } from './send.ts'
import type { Prepared } from './token-request.ts'
import type { PresentedTokens } from './token-response.ts'
import type { EndpointName, OnEndpointChanged, ServerMetadata, Unprepared } from './metadata.ts'

/** Everything that is said to one AS on behalf of one client. */
export interface Transport {
  /**
   * Does everything that can fail before a token is claimed, and writes the request. Sends nothing
   * to the token endpoint. Never rejects.
   */
  prepare(presented: PresentedTokens): Promise<Prepared | Unprepared>
  /**
   * Revokes one token (RFC 7009); a provider without endpoint answers `revoked: false` with code
   * `no_revocation_endpoint`. Retries a 503 or an unreachable endpoint inside its time. Never
   * throws.
   */
  revoke(revocation: Revocation): Promise<Revoked>
  /** Whether the AS knows `prompt=none`, as the provider or the newest metadata says. */
  canSignInSilently(): boolean
  /**
   * Whether the AS can be asked about a refresh token, as far as is known: of an AS whose metadata
   * was not read yet, a client that can authenticate may ask.
   */
  mayAsk(): boolean
  /** Asks the AS whether a refresh token is active (RFC 7662), once. Never rejects. */
  ask(token: Secret): Promise<Introspection>
}

/** The wait after a first failed revocation, milliseconds; doubled each time, jittered by half. */
const BACKOFF_MS = 250

export interface TransportOptions {
  readonly provider: Provider
  readonly client: Client
  /**
   * Sends requests. Default: a connection for each request on Node, else the runtime's `fetch`,
   * looked up at each call. It must send once (one that repeats a request by itself spends a token
   * twice) and answer with a web `Response`.
   */
  readonly fetch?: FetchOnce | undefined
  readonly clock: Clock
  readonly random?: Random | undefined
  /**
   * Milliseconds, over headers and body. Longer than the connect timeout of `fetch` (10 s in
   * undici), or a connection that is never made counts as `unknown`.
   */
  readonly requestTimeoutMs: number
  /** After so many silent milliseconds a path is asked first. Default: never. */
  readonly idlePathMs?: number | undefined
  /** When the application began. Default now. */
  readonly since?: HostMoment | undefined
  /** Told when the metadata names another endpoint than before. Must not throw. */
  readonly onEndpointChanged?: OnEndpointChanged | undefined
}

/** What a request to one endpoint needs. */
interface ReachableEndpoint {
  readonly ready: true
  readonly endpoint: URL
  readonly authentication: OutgoingRequest
}

/** Speaks to one AS on behalf of one client. Opens no socket and no timer before it is used. */
export function createTransport(options: TransportOptions): Transport {
  const { provider, client, clock, requestTimeoutMs, random = systemRandom } = options
  const { idlePathMs = Infinity, since = momentOf(clock) } = options
  const closing = provider.rotation !== 'never'
  const fetch = options.fetch ?? (closing ? ownSocket(clock) : runtimeFetch)
  const sender: Sender = {
    fetch: idlePathMs === Infinity ? fetch : noting(fetch, clock),
    clock,
    closing,
  }
  const discover = discovery(provider, sender, requestTimeoutMs, options.onEndpointChanged)
  let seen: ServerMetadata | undefined

  async function metadata(): ReturnType<typeof discover> {
    const found = await discover()
    if (found.ready) seen = found
    return found
  }

  async function reach(name: EndpointName): Promise<ReachableEndpoint | Unprepared> {
    const given = provider[name]
    if (given === null || (given === undefined && provider.issuer === undefined)) {
      return missing(name, undefined, `The provider's description has no ${name}.`)
    }
    const found = given === undefined ? await metadata() : undefined
    if (found?.ready === false) return found
    const endpoint = given === undefined ? found![name] : new URL(given)
    if (typeof endpoint === 'string') {
      const from = new URL(provider.issuer!)
      const hint = endpointHint(name, endpoint)
      return endpoint === 'unusable' ? missing(name, from, hint) : misconfigured(from, hint)
    }
    const methods = found?.authenticationMethods ?? []
    const own = name === 'introspectionEndpoint' ? found?.introspectionMethods : undefined
    const method = authenticationMethod(provider, client, own ?? methods)
    try {
      const context = { endpoint: endpoint.href, issuer: provider.issuer, clock }
      return { ready: true, endpoint, authentication: await authenticate(method, client, context) }
    } catch {
      return misconfigured(endpoint, 'The client authentication failed on our side.')
    }
  }

  /** Gives up work that does not end (client authentication may hang), and never rejects. */
  function bounded<R>(timeoutMs: number, work: () => Promise<R>): Promise<R | Unprepared> {
    return within(clock, timeoutMs, work, () => UNREACHABLE).catch(() =>
      misconfigured(undefined, 'The request could not be made.'),
    )
  }

  function prepare(presented: PresentedTokens): Promise<Prepared | Unprepared> {
    return bounded(requestTimeoutMs, async () => {
      const isBound = presented.tokenType?.trim().toLowerCase() === 'dpop'
      // Servers say `invalid_grant` without a proof, as they do of a grant that is dead.
      if (isBound && options.fetch === undefined) return misconfigured(undefined, UNPROVEN)
      const found = await reach('tokenEndpoint')
      if (!found.ready) return found
      const { endpoint } = found
      const access = { provider, client, sender, timeoutMs: requestTimeoutMs, ...found }
      const prepared = await prepareTokenRequest(access, presented)
      const path = await calm(endpoint, sender, since, idlePathMs, requestTimeoutMs)
      return path === 'calm' ? prepared : { ...UNREACHABLE, origin: endpoint.origin }
    })
  }

  async function attempt(revocation: Revocation, endsAt: number): Promise<RevocationAttempt> {
    const found = await bounded(endsAt - clock.monotonic(), () => reach('revocationEndpoint'))
    const timeoutMs = endsAt - clock.monotonic()
    if (found.ready) {
      return attemptRevocation(revocation, { ...found, provider, client, sender, timeoutMs })
    }
    const { ready: _, hint: __, retryAfterMs, ...trouble } = found
    const result = { revoked: false, ...trouble } as const
    const isLasting = found.code === 'misconfigured' || found.code === 'no_revocation_endpoint'
    return { result, retry: !isLasting, retryAfterMs }
  }

  async function revoke(revocation: Revocation): Promise<Revoked> {
    const endsAt = clock.monotonic() + requestTimeoutMs
    for (let backoffMs = BACKOFF_MS; ; backoffMs *= 2) {
      const made = await attempt(revocation, endsAt)
      const jitteredMs = backoffMs * (0.5 + random.fraction() / 2)
      const waitMs = Math.max(made.retryAfterMs ?? 0, jitteredMs)
      if (!made.retry || clock.monotonic() + waitMs >= endsAt) return made.result
      await sleep(clock, waitMs)
    }
  }

  function mayAsk(): boolean {
    const { introspectionEndpoint: given, tokenEndpoint } = provider
    const found = given === undefined ? seen : undefined
    const isKnown = typeof given === 'string' || found?.introspectionEndpoint instanceof URL
    const isOpen = given === undefined && tokenEndpoint === undefined && seen === undefined
    if (!isKnown && !isOpen) return false
    const methods = found?.introspectionMethods
    const method = authenticationMethod(provider, client, methods ?? [])
    // RFC 7662 §2.1: the endpoint must demand some form of authorization.
    if (methods === undefined) return method !== 'none'
    return typeof method !== 'string' || methods.includes(method)
  }

  async function ask(token: Secret): Promise<Introspection> {
    const found = await bounded(requestTimeoutMs, () => reach('introspectionEndpoint'))
    if (found.ready) {
      return askAbout(token, { ...found, provider, client, sender, timeoutMs: requestTimeoutMs })
    }
    const { ready: _, hint: __, ...trouble } = found
    const isLater = trouble.code === 'unreachable' || trouble.code === 'rate_limited'
    return { says: isLater ? 'later' : 'unknown', ...trouble }
  }

  const canSignInSilently = (): boolean => provider.silentSignIn ?? seen?.silentSignIn ?? false
  return { prepare, revoke, canSignInSilently, mayAsk, ask }
}

const UNPROVEN =
  'These tokens are bound to a key (DPoP, RFC 9449): pass a `fetch` that adds the proof.'

const UNREACHABLE: Unprepared = { ready: false, code: 'unreachable' }

/** Without token endpoint nothing works. Many servers have no revocation endpoint. */
function missing(name: EndpointName, at: URL | undefined, hint: string): Unprepared {
  const unprepared = misconfigured(at, hint)
  return name === 'tokenEndpoint' ? unprepared : { ...unprepared, code: 'no_revocation_endpoint' }
}
