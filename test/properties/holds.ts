import * as fc from 'fast-check'
import { simulate } from '../../src/testing/fuzz/world.ts'
import { timelineOf } from '../../src/testing/fuzz/story.ts'
import { runs } from '../runs.ts'
import type { Subject } from './subject.ts'
import { descriptionOf, plans, providerOf } from './weathers.ts'
import type { Weather } from './weathers.ts'

type Drawn = typeof plans extends (weather: Weather) => fc.Arbitrary<infer D> ? D : never

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
  parameters: fc.Parameters<[Drawn]> = {},
): Promise<fc.RunDetails<[Drawn]>> {
  const property = fc.asyncProperty(plans(weather), ({ kind, plan }) => live(subject, kind, plan))
  return await fc.check(property, { numRuns, ...parameters })
}

/** Lets one world run to its end. @throws {Error} When an invariant does not hold. */
async function live(subject: Subject, kind: string, plan: Drawn['plan']): Promise<void> {
  const world = await simulate(
    {
      provider: subject.defineProvider(providerOf(kind)),
      description: descriptionOf(kind),
      client: { id: 'client' },
      requestTimeoutMs: 15_000,
      library: subject,
    },
    plan,
  )
  const { violation, happened, story } = world
  if (violation === undefined) return
  const faults = [...happened].join(', ') || 'nothing'
  throw new Error(
    `${violation.invariant}: ${violation.message}\n(${kind} AS; happened: ${faults})\n` +
      timelineOf(story.lines),
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
