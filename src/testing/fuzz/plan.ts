import { STANDARD_ERRORS } from '../../core/failure.ts'
import type { Provider } from '../../core/provider.ts'
import { drawBehaviour, drawnAxes, type Wire } from '../authorization-server/description.ts'
import {
  asDescribed,
  meaningOf,
  UNREADABLE,
  type NetworkFault,
} from '../authorization-server/fault.ts'
import type { ClockStep, StoreTrouble } from '../faults.ts'
import * as fc from 'fast-check'
import {
  clockSteps,
  networkFaults,
  orders,
  pauses,
  processDeath,
  storeTroubles,
} from '../faults.ts'
import type { Simulated } from './observed.ts'

/** One call of a worker's. */
export interface CallPlan {
  /**
   * `ask`: for an audience that the server does not know. `forge`: with made-up tokens, beside the
   * name of a chain with another generation.
   */
  readonly does: 'refresh' | 'force' | 'ask' | 'revoke' | 'forge'
  /** With which set it comes: its own, the newest anybody has stored, or an older one. */
  readonly from: 'own' | 'newest' | number
}

export interface WorkerPlan {
  /** Whether it stores what it is handed. */
  readonly saves: boolean
  /** Whether its storage has room for `grant`. Default: as the plan says of all. */
  readonly carries?: boolean
  /** Before which of its steps its process dies. */
  readonly diesAt?: number | undefined
  /** Its calls of each round, made at once. */
  readonly rounds: readonly (readonly CallPlan[])[]
}

/** All that is drawn about one run. Plain data, so that it can be made smaller and replayed. */
export interface Plan {
  /** For what the description of the server leaves open. */
  readonly draws: readonly number[]
  /** Whether the first access token is past its expiry, or about to be. */
  readonly begins: 'expired' | 'expiring'
  /** Whether storage has room for `grant`. */
  readonly carries: boolean
  readonly storeTimeoutMs?: number
  readonly workers: readonly WorkerPlan[]
  /** Time that passes before each round, while no worker acts. */
  readonly pausesMs: readonly number[]
  /** Which of the steps that wait comes next, each time. */
  readonly order: readonly number[]
  /** Faults by the number of the presentation. */
  readonly network: readonly { readonly at: number; readonly fault: NetworkFault }[]
  /** Faults by the number of the store's call. */
  readonly store: readonly StoreTrouble[]
  readonly clocks: readonly ClockStep[]
  /** Time that passes while workers act, by number of the step. */
  readonly jumps: readonly { readonly at: number; readonly ms: number }[]
}

const ROUNDS_MAX = 3

const ONE_OR_MORE = [
  { weight: 5, maxLength: 1 },
  { weight: 3, maxLength: 2 },
  { weight: 1, maxLength: ROUNDS_MAX },
] as const

/** Until access tokens expire; until holders of older sets are late. */
const PAUSES_MS = [3_600_000, 9_000_000]

/** A failure with a rare alternative is tried with the first one, too. */
const SMALLER = { withCrossShrink: true }

/** Most runs are about the provider, and need neither a second worker nor trouble of the store. */
const seldom = <T>(arbitrary: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> =>
  fc.oneof(SMALLER, { weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary })

const call: fc.Arbitrary<CallPlan> = fc.record({
  does: fc.oneof(
    SMALLER,
    { weight: 8, arbitrary: fc.constant('refresh' as const) },
    { weight: 4, arbitrary: fc.constant('force' as const) },
    { weight: 1, arbitrary: fc.constant('ask' as const) },
    { weight: 1, arbitrary: fc.constant('revoke' as const) },
  ),
  from: fc.oneof(
    SMALLER,
    { weight: 6, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: fc.constant('newest' as const) },
    { weight: 1, arbitrary: fc.nat(3) },
  ),
})

const calls = fc.oneof(
  SMALLER,
  { weight: 6, arbitrary: fc.array(call, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(call, { minLength: 2, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.constant([]) },
)

const worker: fc.Arbitrary<WorkerPlan> = fc.record({
  saves: fc.nat(9).map((n) => n < 9),
  diesAt: fc.oneof(
    SMALLER,
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: processDeath() },
  ),
  rounds: fc.oneof(
    SMALLER,
    ...ONE_OR_MORE.map(({ weight, maxLength }) => ({
      weight,
      arbitrary: fc.array(calls, { minLength: 1, maxLength }),
    })),
  ),
})

/**
 * Everything that is drawn about a run. Small, because a run costs what its refreshes cost; it
 * shrinks to one worker that calls once, a server of the plainest kind, and nothing in between.
 */
export function plans(): fc.Arbitrary<Plan> {
  return fc.record<Plan>({
    draws: fc.array(fc.nat(5), { maxLength: 14, size: 'max' }),
    begins: fc.constantFrom('expired', 'expiring'),
    carries: fc.nat(3).map((n) => n < 3),
    workers: fc.oneof(
      SMALLER,
      { weight: 3, arbitrary: fc.array(worker, { minLength: 1, maxLength: 1 }) },
      { weight: 2, arbitrary: fc.array(worker, { minLength: 2, maxLength: 2 }) },
    ),
    pausesMs: fc.array(fc.constantFrom(0, ...PAUSES_MS), {
      minLength: ROUNDS_MAX,
      maxLength: ROUNDS_MAX,
    }),
    order: seldom(orders()),
    network: fc.array(fc.record({ at: fc.nat(2), fault: networkFaults() }), { maxLength: 2 }),
    store: seldom(fc.array(storeTroubles(), { minLength: 1, maxLength: 2 })),
    clocks: seldom(fc.array(clockSteps(), { minLength: 1, maxLength: 2 })),
    jumps: seldom(fc.array(pauses(), { minLength: 1, maxLength: 2 })),
  })
}

const ONCE: WorkerPlan = { saves: true, rounds: [[{ does: 'refresh', from: 'own' }]] }

/** One worker that calls once, a server of the plainest kind, and nothing in between. */
const PLAIN: Plan = {
  draws: [],
  begins: 'expired',
  carries: true,
  workers: [ONCE],
  pausesMs: [0, 3_600_000, 3_600_000],
  order: [],
  network: [],
  store: [],
  clocks: [],
  jumps: [],
}

const doing = (...rounds: readonly CallPlan['does'][]): WorkerPlan => ({
  saves: true,
  rounds: rounds.map((does) => [{ does, from: 'own' }]),
})

const CALLS: readonly Partial<Plan>[] = [
  { workers: [doing('refresh', 'refresh', 'refresh')] },
  { workers: [doing('force', 'force')], begins: 'expiring' },
  { workers: [doing('ask', 'refresh')] },
  { workers: [doing('refresh', 'revoke', 'refresh')] },
  { workers: [doing('refresh', 'refresh'), doing('refresh', 'refresh')] },
]

/** Faults without which no provider is known, each once. */
const FAULTS: readonly NetworkFault[] = [
  { kind: 'connection_refused' },
  { kind: 'reset', when: 'before_consuming' },
  { kind: 'reset', when: 'after_consuming' },
  { kind: 'cut', atByte: 0 },
  { kind: 'cut', atByte: 40 },
  { kind: 'late', byMs: 14_000 },
  { kind: 'late', byMs: 3_600_000 },
  { kind: 'duplicated', answer: 'first' },
  { kind: 'duplicated', answer: 'second' },
  { kind: 'client_refused' },
  { kind: 'consent_withdrawn' },
  ...UNREADABLE.map((body) => ({ kind: 'garbage', body, isProcessed: true }) as const),
  ...[true, false].flatMap((isProcessed): readonly NetworkFault[] => [
    { kind: 'silence', isProcessed },
    ...([302, 307, 308] as const).map(
      (status) =>
        ({ kind: 'redirect', status, to: 'https://elsewhere.example', isProcessed }) as const,
    ),
  ]),
]

const STATUSES = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429]
const SERVER_STATUSES = [500, 501, 502, 503, 504, 520, 522, 524]

type StatusFault = NetworkFault & { readonly kind: 'status' }

/** Answers by status and code: those of the RFCs, and each that the provider has a word for. */
function answers({ failures }: Pick<Provider, 'failures'>): readonly StatusFault[] {
  const named = Object.keys(failures).map((name) => {
    const [, status, error = ''] = /^(?:(\d{3})(?: |$))?(.*)$/.exec(name) ?? []
    return { ...(status !== undefined && { status: Number(status) }), error }
  })
  const statuses = named.flatMap(({ status = 0, error }) => (error === '' ? status : []))
  const bare = [...new Set([...STATUSES, ...SERVER_STATUSES, ...statuses])].map(
    (status) => ({ kind: 'status', status }) as const,
  )
  const codes = new Set([...STANDARD_ERRORS.keys(), ...named.flatMap(({ error }) => error || [])])
  const coded = [...codes].flatMap((error) => {
    const own = named.filter((each) => each.error === error).map(({ status = 400 }) => status)
    return [...new Set([400, 401, ...own])].map((status) => ({ ...bare[0]!, status, error }))
  })
  const waits = [429, 503].map((status) => ({ ...bare[0]!, status, retryAfterSeconds: 3 }))
  // A status of success is no failure, and a redirect is another fault.
  const failed = [...bare, ...waits, ...coded].filter(({ status }) => status >= 400)
  return failed.flatMap((fault) => [true, false].map((isProcessed) => ({ ...fault, isProcessed })))
}

/** Whether the server may end a grant by an answer: that is played where a grant is over. */
function mayEnd(
  { status, error }: StatusFault,
  { failures }: Pick<Provider, 'failures'>,
  wire: Wire,
): boolean {
  const meant = meaningOf({ status, error }, wire)
  if (meant !== undefined || error === undefined) return meant === 'rejected'
  // A code of its own: only the provider says what it means.
  const said = failures[`${status} ${error}`] ?? failures[error]
  return said === 'rejected' && !STANDARD_ERRORS.has(error)
}

/**
 * Plans that are tried before any is drawn, so that luck decides about interleavings only: each
 * call, each fault, each answer, and each value of what the description leaves open.
 */
export function firstPlans({
  provider,
  description,
}: Pick<Simulated, 'provider' | 'description'>): readonly Plan[] {
  const of = (...changes: readonly Partial<Plan>[]): Plan => Object.assign({}, PLAIN, ...changes)
  const axes = drawnAxes(description)
  // The second value of the axis: the server consumes the token, and then looks at the request.
  const harsh = { draws: axes.map(({ name }) => (name === 'validates' ? 1 : 0)) }
  const draws = harsh.draws.values()
  const { behaviour } = drawBehaviour(description, () => draws.next().value ?? 0)
  const faults = (fault: NetworkFault): Partial<Plan> => ({
    network: [{ at: 0, fault: asDescribed(fault, behaviour)! }],
  })
  const lost: NetworkFault = { kind: 'reset', when: 'after_consuming' }
  const open = axes.flatMap(({ values }, place) =>
    Array.from({ length: values - 1 }, (_, value) => ({
      draws: axes.map((_, at) => (at === place ? value + 1 : 0)),
    })),
  )
  const again = { workers: [doing('refresh', 'refresh', 'refresh')] }
  const all = [
    of(CALLS[0]!),
    ...FAULTS.map((fault) => of(faults(fault))),
    ...answers(provider)
      .filter((answer) => !mayEnd(answer, provider, behaviour.wire))
      .map((fault) => of(faults(fault), harsh)),
    ...CALLS.map((each) => of(each)),
    ...FAULTS.filter(({ kind }) => kind !== 'garbage').map((fault) => of(faults(fault), again)),
    ...open.flatMap((draws) => CALLS.slice(0, 3).map((each) => of(each, draws))),
    ...open.map((draws) => of(faults(lost), draws)),
  ]
  return [...new Map(all.map((plan) => [JSON.stringify(plan), plan])).values()]
}
