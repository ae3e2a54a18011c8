import * as fc from 'fast-check'
import { systemClock } from '../../core/clock.ts'
import { loadEngine } from '../../runtime/refresher.ts'
import { Violation } from '../invariants.ts'
import type { Simulated, World } from './observed.ts'
import type { Plan } from './plan.ts'
import { firstPlans, plans } from './plan.ts'
import { eavesdrop } from './secrets.ts'
import { simulate } from './world.ts'

export interface RunOptions {
  readonly runs: number
  readonly seed: number
  /** The path of a counterexample, to begin with it. */
  readonly path?: string | undefined
  /** After so long no further run is begun, milliseconds. */
  readonly timeMs?: number | undefined
  readonly onRun?: ((runs: number) => void) | undefined
}

export interface RunResult {
  /** The number of runs, without those that made a counterexample smaller. */
  readonly runs: number
  readonly shrinks: number
  /** The smallest world that was found in which something does not hold. */
  readonly world?: World
  readonly path?: string
}

/**
 * Lets worlds run until something does not hold, and then smaller ones: first those that are tried
 * with every seed, then drawn ones.
 */
export async function run(simulated: Simulated, options: RunOptions): Promise<RunResult> {
  // Loading takes turns of the event loop that no seed rules.
  await loadEngine()
  const printed: string[] = []
  let count = 0
  let smallest: World | undefined
  let unusable: Error | undefined
  const release = eavesdrop((where) => void printed.push(where))
  async function observe(plan: Plan): Promise<World> {
    printed.length = 0
    const world = await simulate(simulated, plan)
    const [where] = printed
    if (where !== undefined) {
      world.violation ??= new Violation('S1', `${where} is given a token or a secret to print`)
    }
    return world
  }
  const first = firstPlans(simulated)
  const startedAtMs = systemClock.monotonic()
  let isOver = false
  const property = fc.asyncProperty(plans(), async (plan) => {
    // A function that is stuck here is stuck in smaller worlds, too.
    if (unusable !== undefined || isOver) return
    if (systemClock.monotonic() - startedAtMs >= (options.timeMs ?? Infinity)) {
      isOver = true
      // Ends the runs. What was found is made no smaller.
      if (smallest === undefined) throw new Error('The time is over.')
      return
    }
    count += 1
    if (count > first.length) options.onRun?.(count - first.length)
    const world = await observe(plan).catch((error: Error) => {
      unusable = error
      throw error
    })
    if (world.violation === undefined) return
    smallest = world
    throw world.violation
  })
  try {
    const { path } = options
    const details = await fc.check(property, {
      numRuns: options.runs + first.length,
      examples: first.map((plan) => [plan]),
      seed: options.seed,
      ...(path !== undefined && { path, endOnFailure: true }),
    })
    if (unusable !== undefined) throw unusable
    const { numShrinks, counterexamplePath } = details
    const isCut = isOver && smallest === undefined
    const [numRuns, shrinks] = isCut ? [details.numRuns - 1, 0] : [details.numRuns, numShrinks]
    // With a path none of the first is tried. Of one that fails among them, that many were.
    const runs = path !== undefined || numRuns <= first.length ? numRuns : numRuns - first.length
    if (smallest === undefined) return { runs, shrinks }
    return { runs, shrinks, world: smallest, path: counterexamplePath ?? '' }
  } finally {
    release()
  }
}
