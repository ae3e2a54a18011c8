import type { NetworkFault } from '../authorization-server/fault.ts'
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

/** One call of a worker's. */
export interface CallPlan {
  /** `ask`: for an audience that the server does not know. */
  readonly does: 'refresh' | 'force' | 'ask' | 'revoke'
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
