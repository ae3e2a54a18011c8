import type { Client, Provider } from '../../core/provider.ts'
import type { Fetch } from '../../transport/send.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { TokenSet } from '../../core/token-set.ts'
import type { RefreshEvent } from '../../runtime/events.ts'
import type { RevokeOutcome } from '../../runtime/revoke.ts'
import type { Drawn, ServerDescription } from '../authorization-server/description.ts'
import type { NetworkFault } from '../authorization-server/fault.ts'
import type { Decision } from '../authorization-server/present.ts'
import type { ServerInMemory } from '../authorization-server/server.ts'
import type { LedgerReader, StoreFault } from '../held-store.ts'
import type { Process, Schedule } from '../schedule.ts'
import type { CallPlan, Plan } from './plan.ts'
import type { Story } from './story.ts'
import type { Violation } from '../invariants.ts'

/** One refresh token on its way to the server, and what its holder may know of it. */
export interface Sending {
  readonly token: string
  readonly worker: Process
  readonly sentAtMs: number
  /** Whether its holder waits for the answer. */
  isAwaited: boolean
  /** Whether something came back, whole and in time, or the request provably never left. */
  isProven: boolean
  /** Whether the server spent it. */
  isConsumed: boolean
  /** What the server said, if it was asked and its own answer came back whole. */
  heard?: Decision
}

/** One call of a worker's. Ticks count what the world does: the clock may stand still. */
export interface Call {
  readonly worker: Process
  readonly does: CallPlan['does']
  readonly came: TokenSet
  readonly startedAtMs: number
  readonly startedAt: number
  /** Time that the plan let pass while it was in the air. */
  pausedMs: number
  /** Whether this worker had other calls in the air while this one was. */
  isAlone: boolean
  endedAtMs?: number
  endedAt?: number
  outcome?: Outcome
}

export type Happening =
  | NetworkFault['kind']
  | StoreFault
  | 'status 429'
  | 'outage'
  | 'crash'
  | 'time passed'
  | 'clock set'
  | 'handed over'

/** What is put to the test. */
export interface Subject {
  readonly provider: Provider
  readonly description: ServerDescription
  readonly requestTimeoutMs: number
}

export interface Simulated extends Subject {
  readonly client: Client
  /** What the user puts between the refresher and the network. */
  readonly wrapFetch?: ((fetch: Fetch) => Fetch) | undefined
}

/** Everything that an observer above the world sees. */
export interface World {
  readonly subject: Subject
  readonly plan: Plan
  readonly drawn: Drawn
  readonly schedule: Schedule
  readonly server: ServerInMemory
  readonly story: Story
  readonly sendings: Sending[]
  readonly calls: Call[]
  readonly events: RefreshEvent[]
  /** Every set that was handed out, the first included. */
  readonly handedOut: TokenSet[]
  readonly happened: Set<Happening>
  readonly ledger: LedgerReader
  /** When a sign-out came back with `ended`. */
  signedOut?: { readonly tick: number; readonly outcome: RevokeOutcome }
  isSignOutBegun: boolean
  /** When a call came back with `revoked`. */
  revokedAt?: number
  violation?: Violation
}
