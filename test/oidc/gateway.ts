import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep, type Clock } from '../../src/core/clock.ts'
import { exchange, jsonOf, type Answer } from './exchange.ts'
import { digest8, type Journal } from './journal.ts'

export interface GatewayOptions {
  /** Where oidc-provider listens itself, an origin. */
  readonly upstream: string
  readonly clock: Clock
  readonly journal: Journal
  /** Waited at every presentation that has no fault. */
  readonly latency: { readonly before?: Wait; readonly after?: Wait }
  readonly around: Around
  takeFault(): Fault | undefined
  /** Ends every waiting. */
  readonly signal: AbortSignal
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Stands before the token endpoint: counts the refresh tokens that arrive, and lets faults happen
 * to them. Everything else passes untouched.
 */
export function tokenGateway(options: GatewayOptions): Handler {
  const { journal, latency, around, takeFault } = options

  return async (request, response) => {
    const body = await bodyOf(request)
    const refreshToken = presentedIn(body)
    const pass = (form: Buffer): Promise<Answer> => forward(options.upstream, request, form)
    if (refreshToken === undefined) return send(response, await pass(body))

    const ended = journal.presented(refreshToken)
    response.once('finish', ended).once('close', ended)
    const queued = takeFault()
    if (queued) note(journal, refreshToken, queued)
    const fault: Fault = queued ?? { kind: 'delay', ...latency }

    await settled(fault.before, options)
    if (fault.kind === 'cut_before') return void response.destroy()
    if (fault.kind === 'status' && fault.processed !== true) return refuse(response, fault)
    const answer = answered(await pass(asked(body, around)), refreshToken, around)
    noteAnswer(journal, refreshToken, answer)
    await settled(fault.after, options)
    if (fault.kind === 'cut_after') return void response.destroy()
    if (fault.kind === 'status') return refuse(response, fault)
    if (fault.kind === 'cut_at') return breakOff(response, answer, fault.bytes)
    return send(response, answer)
  }
}

function presentedIn(body: Buffer): string | undefined {
  const parameters = new URLSearchParams(body.toString())
  if (parameters.get('grant_type') !== 'refresh_token') return undefined
  return parameters.get('refresh_token') ?? undefined
}

function noteAnswer(journal: Journal, refreshToken: string, { status, body }: Answer): void {
  const about = { grant: grantOf(journal, refreshToken), digest8: digest8(refreshToken), status }
  if (status === 200) return journal.write({ kind: 'granted', ...about })
  const { error } = jsonOf(body)
  journal.write({ kind: 'refused', ...about, error: typeof error === 'string' ? error : undefined })
}

function note(journal: Journal, refreshToken: string, { kind }: Fault): void {
  const grant = grantOf(journal, refreshToken)
  journal.write({ kind: 'fault', grant, digest8: digest8(refreshToken), error: kind })
}

function grantOf(journal: Journal, refreshToken: string): number | undefined {
  const grantId = journal.grantOf(refreshToken)
  return grantId === undefined ? undefined : journal.numberOf(grantId)
}

function settled(wait: Wait | undefined, { clock, signal }: GatewayOptions): Promise<void> {
  if (wait === undefined) return Promise.resolve()
  if (typeof wait === 'number') return sleep(clock, wait, signal)
  return wait.then(
    () => undefined,
    () => undefined,
  )
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function forward(upstream: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const { connection: _, 'transfer-encoding': __, ...headers } = request.headers
  return exchange(new URL(request.url ?? '/', upstream), {
    method: request.method,
    headers: { ...headers, 'content-length': body.length },
    body,
  })
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headersOf(headers, body)).end(body)
}

function breakOff(response: ServerResponse, { status, headers, body }: Answer, at: number): void {
  response.writeHead(status, headersOf(headers, body)).flushHeaders()
  const bytes = Math.min(at, body.length - 1)
  response.write(body.subarray(0, bytes), () => response.destroy())
}

function headersOf(headers: Answer['headers'], body: Buffer): Answer['headers'] {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...others } = headers
  return { ...others, 'content-length': String(body.length) }
}

function refuse(response: ServerResponse, fault: Fault & { readonly kind: 'status' }): void {
  const { status, retryAfterSeconds, body = '' } = fault
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
  response.writeHead(status).end(body)
}

/** An answer of the token endpoint, decoded. */
export interface TokenEndpointAnswer {
  /** HTTP status. */
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What a product does around the server it is built on, where refresh tokens are presented. */
export interface Around {
  /** Changes a request before the server reads it. */
  readonly request?: (parameters: URLSearchParams) => void
  /** What is answered instead. */
  readonly answer?: (answer: TokenEndpointAnswer, refreshToken: string) => TokenEndpointAnswer
}

/** The form that the server is to read. */
function asked(body: Buffer, { request }: Around): Buffer {
  if (request === undefined) return body
  const parameters = new URLSearchParams(body.toString())
  request(parameters)
  return Buffer.from(parameters.toString())
}

/** The answer that the client is to see. */
function answered(answer: Answer, refreshToken: string, around: Around): Answer {
  if (around.answer === undefined) return answer
  const { status, body } = around.answer({ ...answer, body: jsonOf(answer.body) }, refreshToken)
  return { ...answer, status, body: Buffer.from(JSON.stringify(body)) }
}

/** Milliseconds, or until a promise settles: a test lets go when it has seen what it waits for. */
export type Wait = number | Promise<unknown>

interface Timing {
  /** Waited before the authorization server sees the request. */
  readonly before?: Wait
  /** Waited when it has answered, before anything of the answer is sent. */
  readonly after?: Wait
}

/** What happens to one presentation of a refresh token on its way to the server or back. */
export type Fault = Timing &
  (
    | { readonly kind: 'delay' }
    /** The connection is cut; the authorization server never sees the request. */
    | { readonly kind: 'cut_before' }
    /** The authorization server has processed the request; its answer is lost. */
    | { readonly kind: 'cut_after' }
    /** The answer breaks off after so many bytes of its body. 0: after the headers. */
    | { readonly kind: 'cut_at'; readonly bytes: number }
    /** Somebody on the way answers instead. `processed`: after the authorization server did. */
    | {
        readonly kind: 'status'
        readonly status: number
        readonly retryAfterSeconds?: number
        readonly body?: string
        readonly processed?: boolean
      }
  )

export interface Faults {
  /** One for each of the presentations to come, in this order. */
  next(...faults: readonly Fault[]): void
  /** How many have not happened yet. */
  readonly pending: number
}

/** A queue of faults, and the end from which they are taken. */
export function faultQueue(): { readonly faults: Faults; take(): Fault | undefined } {
  const queue: Fault[] = []
  return {
    faults: {
      next(...faults) {
        queue.push(...faults)
      },
      get pending() {
        return queue.length
      },
    },
    take: () => queue.shift(),
  }
}
