import type { NetworkFault } from '../authorization-server/fault.ts'
import type { StoreFault } from '../simulation/held-store.ts'

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
  /** Before which of its steps its process dies. */
  readonly diesAt?: number | undefined
  /** Its calls of each round, made at once. */
  readonly rounds: readonly (readonly CallPlan[])[]
}

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

/** All that is drawn about one run. Plain data, so that it can be made smaller and replayed. */
export interface Plan {
  /** For what the description of the server leaves open. */
  readonly draws: readonly number[]
  /** Whether the first access token is past its expiry, or about to be. */
  readonly begins: 'expired' | 'expiring'
  /** Whether storage has room for `grant`. */
  readonly carries: boolean
  readonly workers: readonly WorkerPlan[]
  /** How much time passes before each round, when nobody does anything. */
  readonly pausesMs: readonly number[]
  /** Which of the steps that wait comes next, each time. */
  readonly order: readonly number[]
  /** By number of the presentation. */
  readonly network: readonly { readonly at: number; readonly fault: NetworkFault }[]
  /** By number of the store's call. */
  readonly store: readonly StoreTrouble[]
  readonly clocks: readonly ClockStep[]
  /** How much time passes in the middle of everything, by number of the step. */
  readonly jumps: readonly { readonly at: number; readonly ms: number }[]
}
