import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../machines/describe.ts'
import type { TransitionDescription } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { STEPS } from './expectation/table.ts'
import { LONG_LIVED, LONG_LIVED_TWICE, PER_CALL, walk } from './walk.ts'

const chart = describeMachine(refreshMachine)
const perCall = once(() => walk(refreshMachine, PER_CALL))
const longLived = once(() => walk(refreshMachine, LONG_LIVED))

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** `from kind to`, as the walks count their steps. Entering a state enters its first inner one. */
function arrowOf({ from, event, target = from }: TransitionDescription): string {
  const inner = chart.states.find(({ path }) => path === target)?.initial ?? target
  return `${from} ${KINDS[event.replace(/\(.*/, '')] ?? event} ${inner}`
}
const KINDS: Readonly<Record<string, string>> = {
  always: 'start',
  after: 'timer',
  done: 'output',
  error: 'throw',
}

describe('refreshMachine', () => {
  it('has as many states and transitions as were looked at', () => {
    expect(chart.states).toHaveLength(13)
    expect(chart.transitions).toHaveLength(34)
  })

  it('does what the table says on every route to a settled state that repeats no step', () => {
    const { routes, steps } = perCall()

    expect({ routes, steps }).toEqual({ routes: 5388, steps: 6276 })
  })

  it('does what the table says on every round that a long-lived run can go', () => {
    const { routes, steps } = longLived()

    expect({ routes, steps }).toEqual({ routes: 88, steps: 155 })
  })

  it('does what the table says on every two rounds, so that nothing is left of the first', () => {
    const { routes, steps } = walk(refreshMachine, LONG_LIVED_TWICE)

    expect({ routes, steps }).toEqual({ routes: 2512, steps: 4652 })
  })

  it('has no arrow that the table does not speak of, and lacks none', () => {
    const hops = [...perCall().hops, ...longLived().hops]
    const walked = new Set(hops.map(({ from, kind, to }) => `${from} ${kind} ${to}`))
    const drawn = new Set(chart.transitions.map(arrowOf))

    expect([...drawn].filter((arrow) => !walked.has(arrow))).toEqual([])
    expect([...walked].filter((arrow) => !drawn.has(arrow))).toEqual([
      'fresh start fresh',
      // Through `fresh`, which an overdue set leaves at once.
      'rotated STORED expiring.claiming',
      // Nothing is to be tried again: the timer ends unheard.
      'error.resting timer error.resting',
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
