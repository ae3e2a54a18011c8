import type { Clock } from '../../core/clock.ts'
import type { IsAlive } from './access.ts'
import type { Exchange, Present } from './exchange.ts'
import type { Grants } from './grants.ts'
import type { Shown } from './measured.ts'

/** What every measurement works with. */
export interface Probing {
  readonly grants: Grants
  readonly present: Present
  /** Ways to ask about an access token. */
  readonly ways: readonly IsAlive[]
  readonly clock: Clock
  /** Lets so many milliseconds pass. */
  wait(ms: number): Promise<void>
  /** How long a reuse window is waited for. */
  readonly windowMaxMs: number
  /** Keeps an answer; the first of its kind stays. */
  record(shown: Shown, exchange: Exchange): void
}
