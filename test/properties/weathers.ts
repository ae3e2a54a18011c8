import * as fc from 'fast-check'
import type { ProviderDescription } from '../../src/core/provider.ts'
import type { ServerDescription } from '../../src/testing/authorization-server.ts'
import type { NetworkFault } from '../../src/testing/authorization-server/fault.ts'
import type { CallPlan, Plan, WorkerPlan } from '../../src/testing/fuzz/plan.ts'
import type { StoreFault } from '../../src/testing/held-store.ts'

/** What may happen in a world, beside any order of its steps. */
export interface Weather {
  readonly network?: readonly NetworkFault[]
  readonly store?: readonly StoreFault[]
  /** How much time may pass at any moment, milliseconds. */
  readonly jumpsMs?: readonly number[]
  readonly mayCrash?: boolean
  readonly maySignOut?: boolean
  /** Whether replaced cookies come back, and workers do not store what they are handed. */
  readonly mayBeStale?: boolean
  /** Whether made-up tokens come beside the name of the chain. */
  readonly mayForge?: boolean
}

const NETWORK: readonly NetworkFault[] = [
  { kind: 'connection_refused' },
  { kind: 'reset', when: 'before_consuming' },
  { kind: 'reset', when: 'after_consuming' },
  { kind: 'silence', isProcessed: true },
  { kind: 'status', status: 429, retryAfterSeconds: 3, isProcessed: false },
  { kind: 'status', status: 503, isProcessed: false },
  { kind: 'status', status: 503, isProcessed: true },
  { kind: 'garbage', body: '<html>', isProcessed: true },
  { kind: 'client_refused' },
  { kind: 'consent_withdrawn' },
]
const STORE: readonly StoreFault[] = ['error', 'lost acknowledgement', 'silence']
/** Longer than a call of the store; than may be left to send; than a request; than a claim. */
const JUMPS_MS = [3_000, 10_000, 16_000, 21_000, 90_000]
/** Until access tokens expire; until holders are stale. */
const PAUSES_MS = [0, 300_000, 3_700_000]

/** By what is promised in it. */
export const WEATHERS = {
  calm: {},
  'stale cookies': { mayBeStale: true },
  deadlines: { jumpsMs: JUMPS_MS },
  'a store that fails': { store: STORE },
  'an AS that fails': { network: NETWORK },
  crashes: { mayCrash: true },
  'sign-out': { maySignOut: true, mayBeStale: true },
  forgers: { mayForge: true, mayBeStale: true },
  everything: {
    jumpsMs: JUMPS_MS,
    network: NETWORK,
    store: STORE,
    mayCrash: true,
    maySignOut: true,
    mayBeStale: true,
  },
} as const satisfies Readonly<Record<string, Weather>>

/** An authorization server, and what a provider says of it. */
interface ServerKind {
  readonly server: Omit<ServerDescription, 'name'>
  readonly provider: Partial<ProviderDescription>
}

const WINDOW_MS = 60_000

const KINDS: Readonly<Record<string, ServerKind>> = {
  strict: { server: { rotation: 'always' }, provider: { rotation: 'always' } },
  kept: { server: { rotation: 'never' }, provider: { rotation: 'sometimes' } },
  sometimes: { server: { rotation: 'sometimes' }, provider: { rotation: 'sometimes' } },
  /** Spends the token and sends no other, against its description. */
  omitted: {
    server: { rotation: 'always', successor: 'omitted' },
    provider: { rotation: 'always' },
  },
  window: {
    server: { rotation: 'always', reuseWindow: { ms: WINDOW_MS }, reuseAnswer: 'idempotent' },
    provider: { rotation: 'always', reuse: { acceptedForMs: WINDOW_MS } },
  },
  forkingWindow: {
    server: { rotation: 'always', reuseWindow: { ms: WINDOW_MS }, reuseAnswer: 'fork' },
    provider: { rotation: 'always', reuse: { acceptedForMs: WINDOW_MS } },
  },
  accepted: {
    server: { rotation: 'always', reuseWindow: 'forever', reuseAnswer: 'fork' },
    provider: { rotation: 'always', reuse: 'accepted' },
  },
  untilUsed: {
    server: { rotation: 'always', reuseWindow: 'until_successor_used', reuseAnswer: 'fork' },
    provider: { rotation: 'always', reuse: 'until_successor_used' },
  },
  refused: {
    server: { rotation: 'always', reuseEffect: 'error' },
    provider: { rotation: 'always', reuse: 'refused' },
  },
  never: { server: { rotation: 'never' }, provider: { rotation: 'never', reuse: 'accepted' } },
}

/** A server of one kind. What is left open is drawn: how it keeps, and when it validates. */
export function descriptionOf(kind: string): ServerDescription {
  return {
    name: kind,
    reuseWindow: 'none',
    reuseEffect: 'grant',
    oldAccessToken: 'lives',
    unavailable: 'any_time',
    accessTokenMs: 300_000,
    pace: { headersMs: 0, bodyMs: 0 },
    ...KINDS[kind]!.server,
  }
}

export function providerOf(kind: string): ProviderDescription {
  return {
    id: 'as',
    tokenEndpoint: 'https://as.example/token',
    revocationEndpoint: 'https://as.example/revoke',
    clientAuthentication: 'none',
    ...KINDS[kind]!.provider,
  }
}

/** A chain must be able to rotate more than twice. */
const ROUNDS_MAX = 4

/** The longest outage, in calls of the store. */
const OUTAGE_MAX = 40

/** All that can be drawn about a world. It shrinks to two workers, in order, without faults. */
export function plans(weather: Weather): fc.Arbitrary<{ readonly kind: string; plan: Plan }> {
  const { network = [], store = [], jumpsMs = [] } = weather
  const some = <T>(is: boolean | undefined, weight: number, value: fc.Arbitrary<T>) =>
    is === true ? [{ weight, arbitrary: value }] : []
  const call = fc.record<CallPlan>({
    does: fc.oneof(
      { weight: 6, arbitrary: fc.constant('refresh' as const) },
      { weight: 2, arbitrary: fc.constant('force' as const) },
      ...some(weather.maySignOut, 1, fc.constant('revoke' as const)),
      ...some(weather.mayForge, 2, fc.constant('forge' as const)),
      ...some(network.length > 0, 1, fc.constant('ask' as const)),
    ),
    from: fc.oneof(
      { weight: 3, arbitrary: fc.constant('own' as const) },
      { weight: 1, arbitrary: fc.constant('newest' as const) },
      ...some(weather.mayBeStale, 1, fc.nat(5)),
    ),
  })
  const worker = (storage: 'carries' | 'drops' | 'mixed') =>
    fc.record<WorkerPlan>({
      saves: weather.mayBeStale === true ? fc.nat(4).map((n) => n < 4) : fc.constant(true),
      carries:
        storage === 'mixed'
          ? fc.boolean().map((drops) => !drops)
          : fc.constant(storage === 'carries'),
      diesAt:
        weather.mayCrash === true
          ? fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined })
          : fc.constant(undefined),
      rounds: fc.array(fc.array(call, { minLength: 1, maxLength: 2 }), {
        minLength: 1,
        maxLength: ROUNDS_MAX,
      }),
    })
  /** At most so many, and none where there is nothing to draw from. */
  const few = <F, T>(
    from: readonly F[],
    one: (drawn: fc.Arbitrary<F>) => fc.Arbitrary<T>,
    max = 2,
  ) =>
    from.length === 0
      ? fc.constant<T[]>([])
      : fc.array(one(fc.constantFrom(...from)), { maxLength: max })
  const times = fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: OUTAGE_MAX }) },
  )
  return fc.record({
    kind: fc.constantFrom(...Object.keys(KINDS)),
    plan: fc.record<Plan>({
      draws: fc.array(fc.nat(5), { maxLength: 14, size: 'max' }),
      begins: fc.constantFrom('expired', 'expiring'),
      carries: fc.constant(true),
      storeTimeoutMs: fc.constantFrom(2_000, 18_000),
      workers: fc
        .constantFrom('carries' as const, 'drops' as const, 'mixed' as const)
        .chain((storage) => fc.array(worker(storage), { minLength: 2, maxLength: 5 })),
      pausesMs: fc.array(fc.constantFrom(...PAUSES_MS), {
        minLength: ROUNDS_MAX,
        maxLength: ROUNDS_MAX,
      }),
      order: fc.array(fc.nat(11), { maxLength: 250, size: 'max' }),
      network: few(network, (fault) => fc.record({ at: fc.nat(3), fault })),
      store: few(store, (fault) => fc.record({ at: fc.nat(60), fault, times }), 3),
      clocks: fc.constant([]),
      jumps: few(jumpsMs, (ms) => fc.record({ at: fc.nat(80), ms })),
    }),
  })
}
