import type { Clock } from '../../core/clock.ts'
import { decodeBody, readBody } from '../../core/body.ts'
import type { Presentation } from '../../core/failure.ts'
import type { Client, Provider, RawAnswer } from '../../core/provider.ts'
import { Secret } from '../../core/secret.ts'
import { createTransport } from '../../transport/transport.ts'
import { runtimeFetch, type Fetch } from '../../transport/send.ts'
import type { Subject } from '../subject.ts'

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

export interface PresentingOptions extends Subject {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Told of each presentation. */
  readonly onPresentation: () => void
}

/** Presents through refresh-once's own transport, and keeps what came as it came. */
export function presenting(options: PresentingOptions): Present {
  const { provider, client, clock, timeoutMs, onPresentation } = options
  let came: RawAnswer | undefined
  const tapped: Fetch = async (url, init) => {
    const response = await runtimeFetch(url, init)
    const { status, headers } = response
    const read = await readBody(response.clone().body, init.signal ?? undefined)
    came = { status, headers, body: decodeBody(read.text, read.whole, headers.get('content-type')) }
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
    const prepared = await transports[asking].prepare()
    if (!prepared.ready)
      throw new Halted(`nothing can be presented: ${prepared.hint ?? prepared.code}`)
    came = undefined
    const sentAt = clock.monotonic()
    onPresentation()
    const audience = asking === 'resource' ? { resource: UNKNOWN } : {}
    const presentation = await prepared.present({ refreshToken: new Secret(token), audience })
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
