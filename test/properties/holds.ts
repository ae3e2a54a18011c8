import * as fc from 'fast-check'
import { runs } from '../runs.ts'
import { plans } from './plan.ts'
import type { Plan, Weather } from './plan.ts'
import type { Subject } from './subject.ts'
import { simulate } from './world.ts'

/**
 * Tries the promise in worlds of this weather.
 *
 * `PROPERTY_SEED` and `PROPERTY_PATH`, which a failure prints, replay its last step.
 *
 * @returns The details of fast-check's run.
 */
export async function tryPromise(
  subject: Subject,
  weather: Weather,
  numRuns: number,
  parameters: fc.Parameters<[Plan]> = {},
): Promise<fc.RunDetails<[Plan]>> {
  return await fc.check(
    fc.asyncProperty(plans(weather), async (plan) => void (await simulate(subject, plan))),
    { numRuns, ...parameters },
  )
}

/** @returns What broke it: the shrunk story and the command that replays it. */
export async function holds(
  subject: Subject,
  name: string,
  weather: Weather,
  numRuns: number,
): Promise<string | undefined> {
  const { PROPERTY_PATH: path, PROPERTY_RUNS: many, PROPERTY_SEED } = process.env
  // CI draws the same worlds each time; `npm run verify` draws others.
  const seed = PROPERTY_SEED ?? (many === undefined ? '20261121' : undefined)
  const details = await tryPromise(subject, weather, runs(numRuns), {
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
  })
  if (!details.failed) return undefined
  const again =
    `PROPERTY_SEED=${details.seed} PROPERTY_PATH=${details.counterexamplePath} ` +
    `npx vitest run test/properties/promise.test.ts -t '${name}'`
  const plan = JSON.stringify(details.counterexample?.[0], undefined, 1)
  return (
    `${(details.errorInstance as Error | null)?.message}\nafter ${details.numRuns} runs, ` +
    `${details.numShrinks} shrinks\n${plan}\n\nAgain: ${again}`
  )
}
