import type { Invariant } from '../../src/testing/invariants.ts'
import type { WEATHERS } from '../properties/weathers.ts'
import { isLong } from '../runs.ts'

/** A text of the shipped source, and its replacement. */
export interface Change {
  readonly file: string
  readonly text: string
  readonly replacement: string
}

export type Weather = keyof typeof WEATHERS

/** A check that must notice a mutant, and how: another failure would be for the wrong reason. */
export type Killer = { readonly isSlow?: true } & (
  | {
      readonly by: 'explorer'
      /** A world of test/explore/worlds.ts. */
      readonly world: string
      /** A part of what the explorer says. */
      readonly because: string
    }
  | {
      readonly by: 'unit'
      readonly test: string
      /** A part of the test's full name. */
      readonly named: string
      /** A part of what the failing test says. */
      readonly because: string
    }
  | {
      readonly by: 'properties'
      readonly weather: Weather
      readonly withinRuns: number
    }
  | {
      readonly by: 'simulation'
      readonly withinRefreshes: number
      /** One of these must be the first invariant that breaks. */
      readonly breaks: readonly Invariant[]
    }
)

/** The shipped source with one mistake in it. */
export interface Mutant extends Change {
  readonly name: string
  /** More changes, where one cannot make the mistake. */
  readonly also?: readonly Change[]
  readonly killedBy: readonly Killer[]
}

/** A mutant, and one of its killers. */
export type Hunt<K extends Killer = Killer> = { readonly mutant: Mutant; readonly killer: K } & {
  readonly name: string
}

type KillerBy<B extends Killer['by']> = Extract<Killer, { readonly by: B }>

/** The mutants that killers of these kinds must notice; slow ones when `npm run verify` runs. */
export function huntsBy<B extends Killer['by']>(
  mutants: readonly Mutant[],
  ...kinds: readonly B[]
): readonly Hunt<KillerBy<B>>[] {
  return mutants.flatMap((mutant) =>
    mutant.killedBy
      .filter((killer): killer is KillerBy<B> => kinds.includes(killer.by as B))
      .filter(({ isSlow }) => isSlow !== true || isLong)
      .map((killer) => ({ name: mutant.name, mutant, killer })),
  )
}
