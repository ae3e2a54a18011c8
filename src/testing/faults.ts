import * as fc from 'fast-check'
import { UNREADABLE, type NetworkFault } from './authorization-server/fault.ts'
import type { StoreFault } from './held-store.ts'

export { wordsOf } from './authorization-server/fault.ts'
export type { NetworkFault } from './authorization-server/fault.ts'

/** The wall clock of one worker's host is set. */
export interface ClockStep {
  /** Before which step of the world. */
  readonly at: number
  readonly worker: number
  readonly byMs: number
}

/** So many calls of the store in a row go wrong, from this one on. */
export interface StoreTrouble {
  readonly at: number
  readonly fault: StoreFault
  readonly times: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const isProcessed = fc.boolean()
const retryAfterSeconds = fc.option(fc.constantFrom(0, 3, 30), { nil: undefined })

/** What may happen between a client and the token endpoint, one thing each, by its name. */
export const networkFault = {
  refusedConnection: () => fc.constant<NetworkFault>({ kind: 'connection_refused' }),
  resetBeforeConsuming: () =>
    fc.constant<NetworkFault>({ kind: 'reset', when: 'before_consuming' }),
  resetAfterConsuming: () => fc.constant<NetworkFault>({ kind: 'reset', when: 'after_consuming' }),
  cutAtByte: (max = 80) => fc.nat(max).map((atByte): NetworkFault => ({ kind: 'cut', atByte })),
  timeout: () =>
    isProcessed.map((known): NetworkFault => ({ kind: 'silence', isProcessed: known })),
  rateLimited: () =>
    retryAfterSeconds.map((seconds): NetworkFault => ({
      kind: 'status',
      status: 429,
      retryAfterSeconds: seconds,
      isProcessed: false,
    })),
  serverError: () => statusFault(500),
  badGateway: () => statusFault(502),
  unavailable: () => statusFault(503),
  garbage: () =>
    fc
      .record({ body: fc.constantFrom(...UNREADABLE), isProcessed })
      .map((drawn): NetworkFault => ({ kind: 'garbage', ...drawn })),
  redirect: () =>
    fc
      .record({ status: fc.constantFrom(302, 307, 308), isProcessed })
      .map((drawn): NetworkFault => ({
        kind: 'redirect',
        to: 'https://elsewhere.example',
        ...drawn,
      })),
  late: () =>
    fc.constantFrom(14_000, HOUR_MS).map((byMs): NetworkFault => ({ kind: 'late', byMs })),
  duplicated: () =>
    fc
      .constantFrom('first' as const, 'second' as const)
      .map((answer): NetworkFault => ({ kind: 'duplicated', answer })),
  clientRefused: () => fc.constant<NetworkFault>({ kind: 'client_refused' }),
  consentWithdrawn: () => fc.constant<NetworkFault>({ kind: 'consent_withdrawn' }),
} as const

function statusFault(status: 500 | 502 | 503): fc.Arbitrary<NetworkFault> {
  return fc
    .record({ retryAfterSeconds, isProcessed })
    .map((drawn): NetworkFault => ({ kind: 'status', status, ...drawn }))
}

/** Any of {@link networkFault}. */
export function networkFaults(): fc.Arbitrary<NetworkFault> {
  return fc.oneof(...Object.values(networkFault).map((arbitrary) => arbitrary()))
}

/** What may happen to the store: one call, an outage of many, or a row that is gone. */
export const storeTrouble = {
  oneCall: () =>
    fc.record<StoreTrouble>({
      at: fc.nat(30),
      fault: fc.constantFrom('error', 'lost acknowledgement', 'silence'),
      times: fc.constant(1),
    }),
  outage: () =>
    fc.record<StoreTrouble>({
      at: fc.nat(30),
      fault: fc.constantFrom('error', 'silence'),
      times: fc.integer({ min: 2, max: 40 }),
    }),
  eviction: () =>
    fc.record<StoreTrouble>({
      at: fc.nat(30),
      fault: fc.constant('eviction'),
      times: fc.constant(1),
    }),
} as const

/** Any of {@link storeTrouble}. */
export function storeTroubles(): fc.Arbitrary<StoreTrouble> {
  return fc.oneof(
    { weight: 3, arbitrary: storeTrouble.oneCall() },
    { weight: 2, arbitrary: storeTrouble.outage() },
    { weight: 1, arbitrary: storeTrouble.eviction() },
  )
}

/** The wall clock of one host is set, back or ahead. */
export function clockSteps(workers = 2): fc.Arbitrary<ClockStep> {
  return fc.record<ClockStep>({
    at: fc.nat(40),
    worker: fc.nat(workers - 1),
    byMs: fc.constantFrom(-MINUTE_MS, MINUTE_MS, -HOUR_MS, HOUR_MS, 2 * DAY_MS, -400 * DAY_MS),
  })
}

/** Time passes in the middle of everything: a process that was paused, a host that slept. */
export function pauses(): fc.Arbitrary<{ readonly at: number; readonly ms: number }> {
  // Longer than a call of the store; than a request; than a claim; than older holders are served.
  return fc.record({ at: fc.nat(40), ms: fc.constantFrom(3_000, 16_000, 30_000, 2 * HOUR_MS) })
}

/** Before which of its steps a process dies. */
export function processDeath(): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: 30 })
}

/** In which order steps happen: requests, answers, calls of the store. Empty: first come. */
export function orders(): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.nat(5), { maxLength: 60 })
}
