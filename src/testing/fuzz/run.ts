import * as fc from 'fast-check'
import { loadEngine } from '../../runtime/refresher.ts'
import { Violation } from '../invariants.ts'
import type { Simulated, World } from './observed.ts'
import type { Plan } from './plan.ts'
import { plans } from './plan.ts'
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

/** Lets drawn worlds run until something does not hold, and then smaller ones. */
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
  const property = fc.asyncProperty(plans(), async (plan) => {
    // A function that is stuck here is stuck in smaller worlds, too.
    if (unusable !== undefined) return
    count += 1
    options.onRun?.(count)
    const world = await observe(plan).catch((error: Error) => {
      unusable = error
      throw error
    })
    if (world.violation === undefined) return
    smallest = world
    throw world.violation
  })
  try {
    const { path, timeMs } = options
    const details = await fc.check(property, {
      numRuns: options.runs,
      seed: options.seed,
      ...(path !== undefined && { path, endOnFailure: true }),
      ...(timeMs !== undefined && { interruptAfterTimeLimit: timeMs }),
    })
    if (unusable !== undefined) throw unusable
    const { numRuns: runs, numShrinks: shrinks, counterexamplePath } = details
    if (smallest === undefined) return { runs, shrinks }
    return { runs, shrinks, world: smallest, path: counterexamplePath ?? '' }
  } finally {
    release()
  }
}
