import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { pinnedSizes } from './sizes.ts'
import { inactive, removals, swaps, unchanged, unguarded } from './mutants.ts'
import type { Mutant } from './mutants.ts'
import { LONG_LIVED, PER_CALL, walk } from './walk.ts'
import type { Kind } from './walk.ts'

const sizes = pinnedSizes()

/** The mutants that no expectation is hurt by. The few routes of long-lived runs come first. */
function survivors(mutants: readonly Mutant[], kinds: readonly Kind[]): string[] {
  return mutants
    .filter(({ machine }) => kinds.every((kind) => survives(machine, kind)))
    .map(({ name }) => name)
}

function survives(machine: Mutant['machine'], kind: Kind): boolean {
  try {
    walk(machine, kind)
    return true
  } catch {
    return false
  }
}

describe('the chart, rebuilt without a change', () => {
  it('is the chart', () => {
    expect(describeMachine(unchanged())).toEqual(describeMachine(refreshMachine))
    expect(survives(unchanged(), LONG_LIVED)).toBe(true)
  })
})

describe('the expectations', () => {
  it('fail when any one transition is removed', () => {
    const mutants = removals()

    expect(mutants).toHaveLength(sizes.removals)
    expect(mutants).toHaveLength(describeMachine(refreshMachine).transitions.length)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when any one guard is removed', () => {
    const mutants = unguarded()

    expect(mutants).toHaveLength(sizes.unguarded)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when any one action is removed', () => {
    const mutants = inactive()

    expect(mutants).toHaveLength(sizes.inactive)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when two alternatives change places, unless their guards exclude each other', () => {
    const mutants = swaps()

    expect(mutants).toHaveLength(sizes.swaps)
    expect(survivors(mutants, [LONG_LIVED])).toEqual([
      // won | current, adopted
      'expiring.claiming done(claim) #1 and #2 swapped',
      // adopted | busy
      'expiring.claiming done(claim) #4 and #5 swapped',
      // busy | ended | deferred
      'expiring.claiming done(claim) #6 and #7 swapped',
      'expiring.claiming done(claim) #7 and #8 swapped',
      // sent | overdue
      'refreshing.presenting done(present) #1 and #2 swapped',
      // granted | again | rejected | restarted
      'refreshing.settling done(settle) #2 and #3 swapped',
      'refreshing.settling done(settle) #3 and #4 swapped',
      'refreshing.settling done(settle) #4 and #5 swapped',
      // restarted | ended | deferred
      'refreshing.settling done(settle) #6 and #7 swapped',
      'refreshing.settling done(settle) #7 and #8 swapped',
      // another | ended
      'refreshing.reloading done(reload) #1 and #2 swapped',
    ])
  })
})
