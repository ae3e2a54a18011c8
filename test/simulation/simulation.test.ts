import { describe, expect, it } from 'vitest'
import { huntsBy } from '../mutants/mutant.ts'
import { MUTANTS } from '../mutants/mutants.ts'
import { loadMutant } from '../mutants/plant.ts'
import { shipped } from '../properties/subject.ts'
import { isLong, runs } from '../runs.ts'
import { storyOf, summaryOf } from './report.ts'
import { simulate } from './simulate.ts'
import type { World } from './world.ts'

/** CI lives in the same worlds each time; `npm run verify` draws others, and prints which. */
const SEED = isLong ? Number(process.hrtime.bigint() % 1_000_000n) : 20_261_121

/** Alone on a core it takes a twentieth of this. */
const TIMEOUT_MS = 240_000

describe('a world of the shipped source', { timeout: runs(TIMEOUT_MS) }, () => {
  it('keeps what is promised, whatever happens in it', async () => {
    const worlds = runs(4)
    for (let seed = SEED; seed < SEED + worlds; seed += 1) {
      const asked = { seed, steps: 30_000 }

      const world = await simulate(shipped, asked)

      const story = world.violation && (await storyOf(shipped, asked))
      expect(story, summaryOf(seed, world)).toBeUndefined()
      expect(busyness(world), summaryOf(seed, world)).toEqual(BUSY)
    }
  })
})

/** A world in which nothing happens would keep everything. */
function busyness({ counts, timeline }: World) {
  const { refreshes, presentations, signOuts, crashes, faults } = counts
  return {
    refreshes: refreshes > 1_500,
    presentations: presentations > 300,
    days: timeline.nowMs > 5 * 86_400_000,
    trouble: crashes > 0 && faults > 20 && signOuts > 5,
  }
}

const BUSY = { refreshes: true, presentations: true, days: true, trouble: true }

/** The worlds in which mistakes are looked for; each lives no longer than this. */
const FIRST_SEED = 1
const STEPS = 15_000

describe('a world where', { timeout: TIMEOUT_MS }, () => {
  it.each(huntsBy(MUTANTS, 'simulation'))('$name breaks $killer.breaks', async (hunt) => {
    const { breaks, withinRefreshes } = hunt.killer
    const subject = await loadMutant(hunt.mutant)
    let refreshes = 0
    let broken: string | undefined

    for (let seed = FIRST_SEED; broken === undefined && refreshes < withinRefreshes; seed += 1) {
      const { counts, violation } = await simulate(subject, { seed, steps: STEPS })
      refreshes += counts.refreshes
      broken = violation?.invariant
    }

    expect(breaks, `after ${refreshes} refreshes`).toContain(broken)
    expect(refreshes).toBeLessThan(withinRefreshes)
  })
})
