import type { IncomingMessage, ServerResponse } from 'node:http'
import { sleep, type Clock } from '../../core/clock.ts'
import { answered, asked, type Around } from './around.ts'
import { exchange, jsonOf, type Answer } from './exchange.ts'
import type { Fault, Wait } from './faults.ts'
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
