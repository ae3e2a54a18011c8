import { sleep, type Clock } from '../../core/clock.ts'
import type { OidcServer } from '../../testing/oidc-server.ts'
import type { Timeline } from './timeline.ts'

/** How many requests come at once: 20 tabs, or one page with its parts. */
export const REQUESTS = 20

/** What every act plays on. */
export interface Stage {
  readonly server: OidcServer
  readonly timeline: Timeline
  readonly clock: Clock
}

/** A claim of the demo, and whether what the server counted bears it out. */
export interface Verdict {
  readonly holds: boolean
  readonly invariant: string
  readonly counted: string
}

/** Waits until a time of the wall clock has passed for certain. */
export function until({ clock }: Stage, atMs: number): Promise<void> {
  const marginMs = 25
  return sleep(clock, Math.max(0, atMs - clock.now()) + marginMs)
}

/** Calls it once for each of the requests, all at the same time. */
export function together<T>(request: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: REQUESTS }, (_, index) => request(index)))
}

export function refusals(refused: Readonly<Record<string, number>>): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0)
}
