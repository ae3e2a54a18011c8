import type { FetchOnce } from '../../transport/send.ts'
import { asDescribed } from '../authorization-server/fault.ts'
import type { NetworkFault } from '../authorization-server/fault.ts'
import { carryOf } from '../authorization-server/provider-server.ts'
import { readRequest, readRevocation } from '../authorization-server/wire.ts'
import type { Arriving } from '../authorization-server/wire.ts'
import { metadataAt } from '../authorization-server/serve.ts'
import type { Process } from '../schedule.ts'
import { exchange } from './exchange.ts'
import { Violation } from '../invariants.ts'
import type { World } from './observed.ts'
import type { UserCodeClock } from './user-code-clock.ts'
import { MARK } from './secrets.ts'
import type { Provider } from '../../core/provider.ts'

export interface NetworkOptions {
  /** The fault of a presentation, by its number. */
  readonly faultAt: (presentation: number) => NetworkFault | undefined
  /** Notes the first violation, and lets the run go on to its end. */
  readonly guard: (check: () => void) => void
  readonly outsider: Process
  readonly userCode: UserCodeClock
}

/** The way from a worker to the described server and back, in memory: a `fetch` for each worker. */
export function createNetwork(
  world: World,
  options: NetworkOptions,
): (worker: Process) => FetchOnce {
  const { server, story, subject, judge, events } = world
  const { faultAt, ...others } = options
  const { guard } = others
  const routes = routeOf(subject.provider)
  let presentations = 0

  function present(worker: Process, request: Arriving, signal: AbortSignal | undefined) {
    const { refreshToken: token } = readRequest(request, server.behaviour.wire)
    if (token === undefined) {
      guard(() => {
        throw new Violation('request', misplaced(world))
      })
      return new Response('', { status: 400 })
    }
    guard(() => judge.sent(token))
    const fault = asDescribed(faultAt(presentations), server.behaviour)
    presentations += 1
    return exchange({ world, worker, token, request, signal, fault, ...others })
  }

  async function revoke(worker: Process, request: Arriving): Promise<Response> {
    const asked = readRevocation(request) ?? ''
    const isEnded = events.some((event) => event.type === 'ended' && event.state === 'revoked')
    if (!isEnded) guard(() => judge.revokes(asked))
    await worker.travel('asks to revoke')
    const token = server.receiveRevocation(request)
    story.tell('server', `revokes ${story.nameOf(token)}, as it is asked to`)
    await worker.step('is told that it is revoked')
    return new Response('', { status: 200 })
  }

  /** RFC 7662, as a server that knows its refresh tokens. */
  async function introspect(worker: Process, request: Arriving): Promise<Response> {
    const asked = new URLSearchParams(request.body).get('token') ?? ''
    await worker.travel('asks whether a token is good')
    const active = server.isLive(asked)
    // The server vouches for it: what was sent before has not spent it.
    for (const sending of active ? world.sendings : []) {
      if (sending.token === asked && sending.isConsumed !== true) sending.ending = 'unspent'
    }
    story.tell('server', `calls ${story.nameOf(asked)} ${active ? 'active' : 'dead'}`)
    await worker.step('is told so')
    return Response.json({ active })
  }

  async function ask(worker: Process, place: Route): Promise<Response> {
    await worker.step('is answered')
    const isThere = place === 'metadata'
    const body = isThere ? metadataAt(subject.provider.issuer!) : {}
    return Response.json(body, { status: isThere ? 200 : 404 })
  }

  return (worker) => async (url, init) => {
    const request = arrivingOf(url, init)
    const place = routes(url)
    guard(() => checkAddress(place, url, init, request))
    if (place === 'token') return present(worker, request, init.signal ?? undefined)
    if (place === 'introspection') return introspect(worker, request)
    return place === 'revocation' ? revoke(worker, request) : ask(worker, place)
  }
}

/** S4. */
function checkAddress(place: Route, url: string, init: RequestInit, { body }: Arriving): void {
  const { headers, redirect } = init
  if (place === 'token' || place === 'revocation' || place === 'introspection') {
    if (redirect === 'manual' || redirect === 'error') return
    throw new Violation('S4', 'a request with a token in it follows redirects')
  }
  if (!`${url} ${JSON.stringify(headers)} ${body}`.includes(MARK)) return
  throw new Violation('S4', `a token or a secret is sent to ${new URL(url).origin}`)
}

function misplaced({ server, subject }: World): string {
  const { carry } = server.behaviour.wire
  const own = carryOf(subject.provider.request) ?? { form: 'refresh_token' }
  const [looks, sends] = [carry, own].map((place) => JSON.stringify(place))
  return looks === sends
    ? `no refresh token stands where the server looks for it: ${looks}`
    : `the server looks for the refresh token in ${looks}, ` +
        `and the provider sends it in ${sends}: ` +
        `change the provider, or write wire: { carry: ${sends} } into the server`
}

function arrivingOf(url: string, { body, headers }: RequestInit): Arriving {
  const sent = new Headers(headers)
  return {
    url,
    headers: (name) => sent.get(name) ?? undefined,
    body: typeof body === 'string' ? body : body instanceof URLSearchParams ? `${body}` : '',
  }
}

/** The endpoint at an address, as the provider describes its server. */
export type Route = 'token' | 'revocation' | 'introspection' | 'metadata' | 'elsewhere'

/** Tells addresses apart by origin and path; a query is for the server to read. */
function routeOf(provider: Provider): (url: string) => Route {
  const { issuer, tokenEndpoint, revocationEndpoint, introspectionEndpoint } = provider
  const discovered = (path: string): string | undefined => issuer && `${issuer}${path}`
  const token = placeOf(tokenEndpoint ?? discovered('/token'))
  const revocation = placeOf(
    revocationEndpoint === undefined ? discovered('/revoke') : revocationEndpoint,
  )
  const introspection = placeOf(introspectionEndpoint)
  const metadata = issuer === undefined ? undefined : new URL(issuer).origin
  return (url) => {
    const place = placeOf(url)!
    if (place === token) return 'token'
    if (place === revocation) return 'revocation'
    if (place === introspection) return 'introspection'
    const isMetadata = metadata === new URL(url).origin && place.includes('/.well-known/')
    return isMetadata ? 'metadata' : 'elsewhere'
  }
}

function placeOf(url: string | null | undefined): string | undefined {
  if (url === null || url === undefined) return undefined
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
