import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { inactive, removals, swaps, unchanged, unguarded } from './mutants.ts'
import type { Mutant } from './mutants.ts'
import { LONG_LIVED, PER_CALL, walk } from './walk.ts'
import type { Kind } from './walk.ts'

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

    expect(mutants).toHaveLength(35)
    expect(mutants).toHaveLength(describeMachine(refreshMachine).transitions.length)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when any one guard is removed', () => {
    const mutants = unguarded()

    expect(mutants).toHaveLength(22)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when any one action is removed', () => {
    const mutants = inactive()

    expect(mutants).toHaveLength(39)
    expect(survivors(mutants, [LONG_LIVED, PER_CALL])).toEqual([])
  })

  it('fail when two alternatives change places, unless their guards exclude each other', () => {
    const mutants = swaps()

    expect(mutants).toHaveLength(21)
    expect(survivors(mutants, [LONG_LIVED])).toEqual([
      // won | current | adopted
      'expiring.claiming done(claim) #1 and #2 swapped',
      'expiring.claiming done(claim) #2 and #3 swapped',
      // adopted | busy
      'expiring.claiming done(claim) #5 and #6 swapped',
      // busy | ended | deferred
      'expiring.claiming done(claim) #7 and #8 swapped',
      'expiring.claiming done(claim) #8 and #9 swapped',
      // granted | restarted
      'refreshing.presenting done(present) #1 and #2 swapped',
      // restarted | again | rejected | ended | deferred
      'refreshing.presenting done(present) #3 and #4 swapped',
      'refreshing.presenting done(present) #4 and #5 swapped',
      'refreshing.presenting done(present) #5 and #6 swapped',
      'refreshing.presenting done(present) #6 and #7 swapped',
      // another | ended
      'refreshing.reloading done(reload) #1 and #2 swapped',
    ])
  })
})
