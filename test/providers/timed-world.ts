import { onTestFinished, vi } from 'vitest'
import { world } from '../runtime/world.ts'
import type { World, WorldOptions } from '../runtime/world.ts'

export const DAY_MS = 24 * 3_600_000

/** A world whose authorization server lives by the hand clock, too: its tokens age with ours. */
export interface TimedWorld extends World {
  /** Lets time pass for everybody. */
  pass(ms: number): void
}

/** Like {@link world}. oidc-provider looks at `Date` for the age of tokens, and at nothing else. */
export async function timedWorld(options: WorldOptions): Promise<TimedWorld> {
  const made = await world(options)
  const { clock } = made
  vi.useFakeTimers({ toFake: ['Date'], now: clock.now() })
  onTestFinished(() => void vi.useRealTimers())
  return {
    ...made,
    pass(ms) {
      clock.advance(ms)
      vi.setSystemTime(clock.now())
    },
  }
}
