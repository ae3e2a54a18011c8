import { describe, expect, it } from 'vitest'
import { huntsBy } from '../mutants/mutant.ts'
import { MUTANTS } from '../mutants/mutants.ts'
import { loadMutant } from '../mutants/plant.ts'
import { tryPromise } from './holds.ts'
import { WEATHERS } from './weathers.ts'

/** Seeds differ from those of the promise's own runs; each finds what is broken soon. */
const SEED = 1

/** Alone on a core they take a tenth of this. */
const TIMEOUT_MS = 60_000

describe('the promise is broken by', { timeout: TIMEOUT_MS }, () => {
  it.each(huntsBy(MUTANTS, 'properties'))('$name', async ({ mutant, killer }) => {
    const { weather, withinRuns } = killer
    const subject = await loadMutant(mutant)

    const details = await tryPromise(subject, WEATHERS[weather], withinRuns, {
      seed: SEED,
      endOnFailure: true,
    })

    expect(details.failed, `holds in ${withinRuns} runs`).toBe(true)
    const how = (details.errorInstance as Error).message
    expect(how).toMatch(/^(P1|P2|P3|P4|P5|S2|S3|S5|served|budget): /)
  })
})
