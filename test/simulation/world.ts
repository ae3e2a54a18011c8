import type { RevokeOutcome } from '../../src/index.ts'
import { callLimitMs } from '../../src/testing/observations.ts'
import type { ObservedCall } from '../../src/testing/observations.ts'
import { Violation } from '../../src/testing/invariants.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Chain } from './chain.ts'
import type { Dice } from './dice.ts'
import type { Journal } from './journal.ts'
import type { Kind } from './kinds.ts'
import type { Host, Timeline } from './timeline.ts'
import type { Weather } from './weather.ts'

/** One call of a process, for somebody who holds a set. */
export interface Call extends ObservedCall<Host> {
  readonly chain: Chain
  readonly by: string
  readonly does: 'refresh' | 'force' | 'revoke'
  /** For how long its process had stood still before. */
  readonly frozenMs: number
  /** How wrong the clock of its host was. */
  readonly clockOffMs: number
  revoked?: RevokeOutcome
}

/** What a world has seen. */
export interface Counts {
  calls: number
  /** Calls that something had to be done for: all but those with a fresh set. */
  refreshes: number
  presentations: number
  signIns: number
  signOuts: number
  replays: number
  crashes: number
  /** Of the network, the store, hosts and clocks. */
  faults: number
  /** Sign-ins that were asked for, because a token may be lost. */
  lost: number
}

/** Everything that an observer above the world sees. */
export interface World {
  readonly dice: Dice
  readonly timeline: Timeline
  readonly kind: Kind
  readonly server: AuthorizationServer
  readonly weather: Weather
  /** Told only where somebody wants to read it. */
  readonly journal: Journal | undefined
  readonly counts: Counts
  violation?: Violation
  /** The chain in which it was seen. */
  violatedIn?: Chain | undefined
}

export const REQUEST_TIMEOUT_MS = 15_000

/** How long a call may take; so long after a fault, what it did has come to light. */
export function limitMs({ provider }: Kind): number {
  return callLimitMs({ provider, requestTimeoutMs: REQUEST_TIMEOUT_MS })
}

/** Notes the first violation; the library around must not see it thrown. */
export function guard(world: World, chain: Chain | undefined, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (world.violation !== undefined) return
    world.violation = error instanceof Violation ? error : new Violation('S5', String(error))
    world.violatedIn = chain
  }
}

/** Something went wrong that calls of a chain may feel for a while. */
export function trouble(
  { timeline, kind }: World,
  chain: Chain,
  { forMs = 0, mayLose }: { readonly forMs?: number; readonly mayLose: boolean },
): void {
  const untilMs = timeline.nowMs + forMs + limitMs(kind)
  chain.troubledUntilMs = Math.max(chain.troubledUntilMs, untilMs)
  if (mayLose) chain.mayBeLost = true
}
