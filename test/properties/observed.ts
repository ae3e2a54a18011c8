import type { Outcome, RefreshEvent, RevokeOutcome, TokenSet } from '../../src/index.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { LedgerReader, StoreFault } from '../../src/testing/held-store.ts'
import type { AsFault, CallPlan, Plan } from './plan.ts'
import type { Process, Schedule } from '../../src/testing/schedule.ts'

export type Happening = AsFault | StoreFault | 'outage' | 'crash' | 'time' | 'handed over'

/** One call of a worker's. Ticks count what the world does: the clock may stand still. */
export interface Call {
  readonly worker: Process
  readonly does: CallPlan['does']
  readonly came: TokenSet
  readonly startedAtMs: number
  readonly startedAt: number
  /** Whether this worker had other calls in the air while this one was. */
  isAlone: boolean
  endedAtMs?: number
  endedAt?: number
  outcome?: Outcome
}

/** Everything an observer above the world sees. */
export interface World {
  readonly plan: Plan
  readonly schedule: Schedule
  readonly as: AuthorizationServer
  readonly calls: Call[]
  readonly events: (RefreshEvent & { readonly worker: string; readonly tick: number })[]
  /** Every set that was handed out, the first included. */
  readonly handedOut: TokenSet[]
  readonly happened: Set<Happening>
  readonly ledger: LedgerReader
  /** When a sign-out came back with `ended`. */
  signedOut?: { readonly tick: number; readonly outcome: RevokeOutcome }
  isSignOutBegun: boolean
  /** When a call came back with `revoked`. */
  revokedAt?: number
  violation?: Error
}
