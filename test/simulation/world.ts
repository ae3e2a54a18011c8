import { reuseWindowMs } from '../../src/core/provider.ts'
import type { Outcome, RevokeOutcome, TokenSet } from '../../src/index.ts'
import { Violation } from '../../src/testing/invariants.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Chain } from './chain.ts'
import type { Dice } from './dice.ts'
import type { Journal } from './journal.ts'
import type { Kind } from './kinds.ts'
import type { Host, Timeline } from './timeline.ts'
import type { Weather } from './weather.ts'

/** One call of a process, for somebody who holds a set. */
export interface Call {
  readonly worker: Host
  readonly chain: Chain
  readonly by: string
  readonly does: 'refresh' | 'force' | 'revoke'
  readonly came: TokenSet
  readonly startedAtMs: number
  /** When the run may have begun that it joined: calls of one process share one. */
  beganAtMs: number
  /** For how long its process had stood still before. */
  readonly frozenMs: number
  /** How wrong the clock of its host was. */
  readonly clockOffMs: number
  /** Whether no other call for the same chain was in the air in its process. */
  isAlone: boolean
  endedAtMs?: number
  outcome?: Outcome
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

/** How long a claim may be worked on, and after it: then whatever went wrong has come to light. */
export function troubleMs({ provider }: Kind): number {
  return 2 * claimMsOf(provider) + 10_000
}

/** Asking, waiting for another, presenting, settling: each has its own limit. */
export function budgetMs({ provider }: Kind): number {
  return 2 * claimMsOf(provider) + 10_000
}

function claimMsOf(provider: Kind['provider']): number {
  return REQUEST_TIMEOUT_MS + 5_000 + reuseWindowMs(provider)
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
  const untilMs = timeline.nowMs + forMs + troubleMs(kind)
  chain.troubledUntilMs = Math.max(chain.troubledUntilMs, untilMs)
  if (mayLose) chain.mayBeLost = true
}
