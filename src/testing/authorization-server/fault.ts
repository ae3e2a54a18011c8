import { FAILURES, STANDARD_ERRORS, type Failure } from '../../core/failure.ts'
import type { Behaviour, Wire } from './description.ts'
import { errorReply } from './wire.ts'
import type { Reply } from './wire.ts'

/** One fault of an exchange with the token endpoint. Plain data. */
export type NetworkFault =
  /** No server listens: the request was provably never sent. */
  | { readonly kind: 'connection_refused' }
  /** The connection breaks before the request has arrived, or when the server has processed it. */
  | { readonly kind: 'reset'; readonly when: 'before_consuming' | 'after_consuming' }
  /** The answer breaks off after so many bytes of its body. */
  | { readonly kind: 'cut'; readonly atByte: number }
  /** No answer ever comes. */
  | { readonly kind: 'silence'; readonly isProcessed: boolean }
  /** The server has processed the request; its answer comes so many milliseconds later. */
  | { readonly kind: 'late'; readonly byMs: number }
  /** A gateway answers instead, or the server with an `error`. A 429 is never processed. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly error?: string | undefined
      readonly retryAfterSeconds?: number | undefined
      readonly isProcessed: boolean
    }
  /** A 200 that holds no token set. */
  | { readonly kind: 'garbage'; readonly body: string; readonly isProcessed: boolean }
  /** The request is sent elsewhere: `to` is an origin. */
  | {
      readonly kind: 'redirect'
      readonly status: 302 | 307 | 308
      readonly to: string
      readonly isProcessed: boolean
    }
  /** A proxy sends the request twice, and hands on one of the answers. */
  | { readonly kind: 'duplicated'; readonly answer: 'first' | 'second' }
  /** The server does not know the client, for this once. */
  | { readonly kind: 'client_refused' }
  /** The resource owner withdraws consent right before. */
  | { readonly kind: 'consent_withdrawn' }

/**
 * Answers with status 200 that hold no token set. `{token}` stands for the refresh token that was
 * presented, which must not be printed wherever it comes back.
 */
export const UNREADABLE: readonly string[] = [
  '',
  '<html>',
  '{',
  '[]',
  'null',
  '"granted"',
  '{"access_token":',
  '{"access_token":""}',
  '{"access_token":7,"refresh_token":[]}',
  '{"__proto__":{"access_token":"x"}}',
  '{"error":"{token}"}',
  '{"error":{"message":"{token}"},"error_description":"{token}"}',
  `{"padding":"${'x'.repeat(1024)}"`,
  '['.repeat(10_000),
]

/** The course of an exchange under a fault. */
export interface Passage {
  /** The number of times the request arrives at the server. */
  readonly arrivals: 0 | 1 | 2
  /** The client meets an answer of the server, of a party in between (`other`), or none. */
  readonly meets: 'first' | 'last' | 'other' | 'reset' | 'refusal' | 'silence'
  /** The delay of the server's answer, milliseconds. */
  readonly delayMs?: number
  /** After how many bytes of its body it breaks off. */
  readonly cutAtByte?: number
}

/** An exchange to which nothing happens. */
const UNDISTURBED: Passage = { arrivals: 1, meets: 'first' }

/** The one reading of a fault, for exchanges in memory and over HTTP. */
export function passageOf(fault: NetworkFault | undefined): Passage {
  if (fault === undefined) return UNDISTURBED
  switch (fault.kind) {
    case 'connection_refused':
      return { arrivals: 0, meets: 'refusal' }
    case 'reset':
      return { arrivals: fault.when === 'after_consuming' ? 1 : 0, meets: 'reset' }
    case 'cut':
      return { ...UNDISTURBED, cutAtByte: fault.atByte }
    case 'silence':
      return { arrivals: fault.isProcessed ? 1 : 0, meets: 'silence' }
    case 'late':
      return { ...UNDISTURBED, delayMs: fault.byMs }
    case 'status':
    case 'garbage':
    case 'redirect':
      return { arrivals: fault.isProcessed ? 1 : 0, meets: 'other' }
    case 'duplicated':
      return { arrivals: 2, meets: fault.answer === 'first' ? 'first' : 'last' }
    case 'client_refused':
      return { arrivals: 0, meets: 'other' }
    case 'consent_withdrawn':
      return UNDISTURBED
  }
}

/** Statuses that say that a request was not let in: no server has looked at the token. */
const NOT_LET_IN: readonly number[] = [401, 403, 407, 429]

/**
 * A fault as it can happen to a server: where a 5xx, or an error of the request, comes before
 * consuming, nothing is processed. A 503 with `Retry-After` never is: it says that the request was
 * not handled (RFC 9110 §15.6.4).
 */
export function asDescribed(
  fault: NetworkFault | undefined,
  behaviour: Behaviour,
): NetworkFault | undefined {
  if (fault?.kind !== 'status') return fault
  // Who can say so must mean it: here the grant is over.
  if (meaningOf(fault, behaviour.wire) === 'rejected') return { kind: 'consent_withdrawn' }
  return { ...fault, isProcessed: fault.isProcessed && mayBeProcessed(fault, behaviour) }
}

type Status = NetworkFault & { readonly kind: 'status' }

function mayBeProcessed(
  { status, error, retryAfterSeconds }: Status,
  { wire, validates, unavailable }: Behaviour,
): boolean {
  if (status === 503 && retryAfterSeconds !== undefined) return false
  const meant = meaningOf({ status, error }, wire)
  if (meant !== undefined) return FAILURES[meant].settles !== 'unspent'
  if (error === undefined && status >= 500) return unavailable === 'any_time'
  const standard = error === undefined ? undefined : STANDARD_ERRORS.get(error)
  const isEarly = error === undefined ? NOT_LET_IN.includes(status) : standard === 'refused_before'
  return !isEarly && status !== 429 && validates === 'after_consuming'
}

/** What the description of a server says of an error. `undefined`: nothing. */
export function meaningOf(
  { status, error }: { readonly status: number; readonly error?: string | undefined },
  { dead, failures }: Wire,
): Failure | undefined {
  if (dead.error === error && (error !== undefined || dead.status === status)) return 'rejected'
  const byCode = error && (failures[`${status} ${error}`] ?? failures[error])
  // RFC 6749 §5.2, also of a server that has another word, too.
  const standard = error === 'invalid_grant' ? 'rejected' : undefined
  return (byCode || standard) ?? failures[`${status}`]
}

/** A fault in plain words. */
export function wordsOf(fault: NetworkFault): string {
  switch (fault.kind) {
    case 'connection_refused':
      return 'refuses the connection'
    case 'reset':
      return fault.when === 'after_consuming'
        ? 'resets the connection when the server has processed the request'
        : 'resets the connection before the request arrives'
    case 'cut':
      return `breaks the answer off after ${bytes(fault.atByte)} of its body`
    case 'silence':
      return fault.isProcessed ? 'loses the answer' : 'loses the request'
    case 'late':
      return `holds the answer back for ${fault.byMs / 1000} s`
    case 'status': {
      const { status, error, retryAfterSeconds: seconds, isProcessed } = fault
      const wait = seconds === undefined ? '' : ` and Retry-After: ${seconds}`
      if (error !== undefined)
        return `brings the answer ${status} ${error}${wait}${after(isProcessed)}`
      return `answers ${status}${wait} instead of the server${after(isProcessed)}`
    }
    case 'garbage':
      return `answers 200 and what nobody can read${after(fault.isProcessed)}`
    case 'redirect':
      return `answers ${fault.status}, go to ${fault.to}${after(fault.isProcessed)}`
    case 'duplicated':
      return `sends the request twice, and hands on the ${fault.answer} answer`
    case 'client_refused':
      return 'does not know the client, for this once'
    case 'consent_withdrawn':
      return 'meets a server whose user has just withdrawn consent'
  }
}

function after(isProcessed: boolean): string {
  return isProcessed ? ', which has processed the request' : ', which never saw the request'
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}

/** The answer of a gateway, or of the server before it looks at the token. */
export function otherAnswer(fault: NetworkFault, { wire }: Behaviour): Reply {
  switch (fault.kind) {
    case 'status': {
      const { status, error, retryAfterSeconds: seconds } = fault
      const wait = seconds === undefined ? [] : ([['retry-after', `${seconds}`]] as const)
      const { headers, body } =
        error === undefined
          ? { headers: [['content-type', 'text/html']] as const, body: `<h1>${status}</h1>` }
          : errorReply({ status, error }, wire)
      return { status, headers: [...headers, ...wait], body }
    }
    case 'garbage':
      return { status: 200, headers: [['content-type', 'application/json']], body: fault.body }
    case 'redirect':
      return { status: fault.status, headers: [['location', `${fault.to}/token`]], body: '' }
    case 'client_refused':
      return errorReply(wire.client, wire)
    default:
      return { status: 500, headers: [], body: '' }
  }
}

/** An answer, whole and at once. */
export function delivered({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers: headers as [string, string][] })
}

/** An answer of which the body breaks off. @param then Told when it does. */
export function broken({ status, headers, body }: Reply, atByte: number, then: () => void) {
  const bytes = new TextEncoder().encode(body)
  const part = bytes.subarray(0, Math.min(atByte, Math.max(bytes.length - 1, 0)))
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(part),
    pull(controller) {
      then()
      controller.error(failure('ECONNRESET'))
    },
  })
  return new Response(stream, { status, headers: headers as [string, string][] })
}

/** An answer of which the body comes later. @param whole Told when it has come. */
export function slow(
  { status, headers, body }: Reply,
  wait: () => Promise<void>,
  whole: () => Promise<void>,
): Response {
  const stream = new ReadableStream({
    async pull(controller) {
      await wait()
      await whole()
      controller.enqueue(new TextEncoder().encode(body))
      controller.close()
    },
  })
  return new Response(stream, { status, headers: headers as [string, string][] })
}

/** A party in between writes the token into its answer. */
export function echoing(reply: Reply, token: string): Reply {
  return { ...reply, body: reply.body.replaceAll('{token}', token) }
}

/** The error that Node's `fetch` rejects with. */
export function failure(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}
