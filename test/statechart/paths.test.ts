import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../machines/describe.ts'
import type { TransitionDescription } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { pinnedSizes } from './sizes.ts'
import { STEPS } from './expectation/table.ts'
import { LONG_LIVED, LONG_LIVED_TWICE, PER_CALL, walk } from './walk.ts'

const chart = describeMachine(refreshMachine)
const sizes = pinnedSizes()
const perCall = once(() => walk(refreshMachine, PER_CALL))
const longLived = once(() => walk(refreshMachine, LONG_LIVED))

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/**
 * A transition as `from kind to`, as the walks count their steps: from each innermost state, and to
 * the states in which a run waits then.
 */
function arrowsOf({ from, event, target = from }: TransitionDescription): string[] {
  const kind = KINDS[event.replace(/\(.*/, '')] ?? event
  const inside = chart.states.filter(
    ({ path, initial }) => initial === undefined && `${path}.`.startsWith(`${from}.`),
  )
  return inside.flatMap(({ path }) => waitsAt(target).map((to) => `${path} ${kind} ${to}`))
}

function waitsAt(path: string): string[] {
  const inner = chart.states.find((state) => state.path === path)?.initial ?? path
  const onward = chart.transitions.filter(({ from, event }) => from === inner && event === 'always')
  return onward.length === 0 ? [inner] : onward.flatMap(({ target }) => waitsAt(target ?? inner))
}

const KINDS: Readonly<Record<string, string>> = {
  always: 'start',
  after: 'timer',
  done: 'output',
  error: 'throw',
}

describe('refreshMachine', () => {
  it('has as many states and transitions as were looked at', () => {
    const { states, transitions } = sizes

    expect(chart.states).toHaveLength(states)
    expect(chart.transitions).toHaveLength(transitions)
  })

  it('does what the table says on every route to a settled state that repeats no step', () => {
    const { routes, steps } = perCall()

    expect({ routes, steps }).toEqual(sizes.perCall)
  })

  it('does what the table says on every round that a long-lived run can go', () => {
    const { routes, steps } = longLived()

    expect({ routes, steps }).toEqual(sizes.longLived)
  })

  it('does what the table says on every two rounds, so that nothing is left of the first', () => {
    const { routes, steps } = walk(refreshMachine, LONG_LIVED_TWICE)

    expect({ routes, steps }).toEqual(sizes.longLivedTwice)
  })

  it('has no arrow that the table does not speak of, and lacks none', () => {
    const hops = [...perCall().hops, ...longLived().hops]
    const walked = new Set(hops.map(({ from, kind, to }) => `${from} ${kind} ${to}`))
    const drawn = new Set(chart.transitions.flatMap(arrowsOf))

    expect([...drawn].filter((arrow) => !walked.has(arrow))).toEqual([])
    expect([...walked].filter((arrow) => !drawn.has(arrow))).toEqual([
      // Nothing is to be tried again: the timer ends unheard.
      'error timer error',
    ])
  })
})

describe('the table of expectations', () => {
  it('has no row that is never used', () => {
    const rows = Object.values(STEPS).flat()
    const used = new Set([...perCall().used, ...longLived().used])

    expect(rows.filter((row) => !used.has(row))).toEqual([])
  })
})
