import type { Clock } from '../../core/clock.ts'
import { decodeBody, readBody } from '../../core/body.ts'
import { isRecord, ownField } from '../../core/text.ts'
import type { Presentation } from '../../core/failure.ts'
import type { Client, Provider, RawAnswer } from '../../core/provider.ts'
import { Secret } from '../../core/secret.ts'
import { endpointIn } from '../../transport/metadata.ts'
import { createTransport } from '../../transport/transport.ts'
import { send, type FetchOnce, type HttpRequest } from '../../transport/send.ts'
import { runtimeFetch } from '../../transport/unsent.ts'
import type { Target } from '../target.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'
import type { Looking, RawMetadata } from '../doctor/server.ts'

/** One presentation: what came back, and what refresh-once makes of it. */
export interface Exchange {
  /** The refresh token that was presented. */
  readonly token: string
  readonly presentation: Presentation
  /** As it came. */
  readonly answer: RawAnswer
  /** On the monotonic clock. */
  readonly sentAt: number
  readonly endedAt: number
}

/** What a presentation asks for that no server knows, or with whose word. */
export type Asking = 'nothing' | 'resource' | 'scope' | 'as_nobody'

/** Presents a refresh token, once. @throws {Halted} */
export type Present = (token: string, asking?: Asking) => Promise<Exchange>

/** Why nothing more can be measured; its message holds nothing of a server's text. */
export class Halted extends Error {}

/** An audience and a scope that nobody has. RFC 2606 keeps the name. */
const UNKNOWN = 'https://refresh-once-probe.invalid/'
const UNKNOWN_SCOPE = 'refresh-once-probe'

export interface PresentingOptions extends Target {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Told of each presentation. */
  readonly onPresentation: () => void
}

/** Presents through refresh-once's own transport, and keeps what came as it came. */
export function presenting(options: PresentingOptions): Present {
  const { provider, client, clock, timeoutMs, onPresentation } = options
  let came: RawAnswer | undefined
  const tapped: FetchOnce = async (url, init) => {
    const response = await runtimeFetch(url, init)
    const { status, headers } = response
    const type = headers.get('content-type')
    const read = await readBody(response.clone().body, init.signal ?? undefined, type)
    came = { status, headers, body: decodeBody(read.text, read.whole, type) }
    return response
  }
  const transportOf = (of: Provider, as: Client) =>
    createTransport({ provider: of, client: as, fetch: tapped, clock, requestTimeoutMs: timeoutMs })
  const known = transportOf(provider, client)
  const asked = { ...provider.request.parameters, scope: UNKNOWN_SCOPE }
  const scoped = { ...provider, request: { ...provider.request, parameters: asked } }
  const transports = {
    nothing: known,
    resource: known,
    scope: transportOf(scoped, client),
    as_nobody: transportOf(provider, { ...client, id: `${client.id}-refresh-once-probe` }),
  }

  return async (token, asking = 'nothing') => {
    const audience = asking === 'resource' ? { resource: UNKNOWN } : {}
    const presented = { refreshToken: new Secret(token), audience }
    const prepared = await transports[asking].prepare(presented)
    if (!prepared.ready)
      throw new Halted(`nothing can be presented: ${prepared.hint ?? prepared.code}`)
    came = undefined
    const sentAt = clock.monotonic()
    onPresentation()
    const presentation = await prepared.present()
    const endedAt = clock.monotonic()
    return { token, presentation, answer: proof(presentation, came, asking), sentAt, endedAt }
  }
}

/** @throws {Halted} For an answer that says nothing of the token. */
function proof(
  presentation: Presentation,
  answer: RawAnswer | undefined,
  asking: Asking,
): RawAnswer {
  if (answer === undefined) throw new Halted('a presentation got no answer')
  if (presentation.outcome === 'deferred') {
    const after = answer.headers.get('retry-after') === null ? 'without' : 'with'
    throw new Halted(`the server asks to wait (status ${answer.status}, ${after} Retry-After)`)
  }
  if (asking === 'nothing' && answer.status >= 500) {
    throw new Halted(`the server answers with status ${answer.status}, which proves nothing`)
  }
  return answer
}

/** Whether an access token is alive; `undefined`: it cannot be told. */
export type IsAlive = (accessToken: string) => Promise<boolean | undefined>

/**
 * Ways to ask: the address that was named, else userinfo (OIDC Core §5.3), else introspection (RFC
 * 7662). The first that calls an access token alive that was just issued is believed.
 */
export async function waysToAsk(
  api: string | undefined,
  metadata: RawMetadata | undefined,
  subject: Target,
  looking: Looking,
): Promise<readonly IsAlive[]> {
  const bearing = (url: string): IsAlive => {
    const request = (token: string): HttpRequest => ({
      url,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
    })
    return async (token) => {
      const reply = await send(request(token), looking.sender, looking.timeoutMs)
      if (!reply.answered) return undefined
      const { status, headers } = reply.answer
      if (status >= 200 && status < 300) return true
      // RFC 6750 §3.1: the token lives, and lacks a scope.
      if (/insufficient_scope/i.test(headers.get('www-authenticate') ?? '')) return undefined
      return status === 401 || status === 403 ? false : undefined
    }
  }
  if (api !== undefined) return [bearing(api)]
  const endpoint = (name: string): URL | undefined => {
    const found = metadata && endpointIn(metadata, name, subject.provider)
    return typeof found === 'string' ? undefined : found
  }
  const userinfo = endpoint('userinfo_endpoint')
  const introspection = endpoint('introspection_endpoint')
  return [
    ...(userinfo === undefined ? [] : [bearing(userinfo.href)]),
    ...(introspection === undefined ? [] : [introspecting(introspection, subject, looking)]),
  ]
}

function introspecting(endpoint: URL, { provider, client }: Target, looking: Looking): IsAlive {
  const { clock, sender, timeoutMs } = looking
  const context = { endpoint: endpoint.href, issuer: provider.issuer, clock }
  return async (token) => {
    const method = authenticationMethod(provider, client, [])
    const { headers, parameters } = await authenticate(method, client, context)
    headers.set('content-type', 'application/x-www-form-urlencoded')
    parameters.set('token', token)
    const request = {
      url: endpoint.href,
      method: 'POST',
      headers: Object.fromEntries(headers),
      body: parameters.toString(),
    }
    const reply = await send(request, sender, timeoutMs)
    if (!reply.answered || !isRecord(reply.answer.body)) return undefined
    const active = ownField(reply.answer.body, 'active')
    return typeof active === 'boolean' ? active : undefined
  }
}
