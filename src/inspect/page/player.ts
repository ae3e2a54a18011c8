import type { Entry } from './lane.ts'

/** How long a step stays to be seen when there is time, milliseconds. */
const STEP_MS = 260
/** The more steps there are to play, the faster: so long over how many, milliseconds. */
const BEHIND_MS = 900
/** Steps that are played at most; of a longer history only the end is. */
const PLAYED_MAX = 40

/** Moves on through what happened, slowly enough that transient steps can be seen. */
export interface Player {
  /**
   * Where to stand now.
   *
   * @param at Index of the entry that was shown; -1 for none.
   * @param nowMs Of the animation frame.
   */
  next(entries: readonly Entry[], at: number, nowMs: number): number
}

/** @param isStill Whether the reader prefers nothing to move: then the newest is shown at once. */
export function createPlayer(isStill: () => boolean): Player {
  let movedAtMs = -Infinity
  return {
    next(entries, at, nowMs) {
      const end = entries.length - 1
      if (isStill()) return end
      const steps = stepsAfter(entries, at)
      if (steps.length === 0) return end
      if (steps.length > PLAYED_MAX) return steps.at(-PLAYED_MAX)! - 1
      const stepMs = Math.min(STEP_MS, BEHIND_MS / steps.length)
      if (nowMs - movedAtMs < stepMs) return at
      movedAtMs = nowMs
      return steps[0]!
    },
  }
}

/** The last of them, and one more than are played. */
function stepsAfter(entries: readonly Entry[], at: number): number[] {
  const steps: number[] = []
  for (let index = entries.length - 1; index > at && steps.length <= PLAYED_MAX; index -= 1) {
    if (entries[index]!.line.kind === 'step') steps.unshift(index)
  }
  return steps
}
