import { expect } from 'vitest'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { sleep, systemClock } from '../../src/core/clock.ts'
import type { Line, LineInspector, StepLine } from '../../src/inspect/index.ts'

/** An inspector that keeps what it is told. */
export interface Watcher extends LineInspector {
  readonly told: Line[]
  /** Lines of one kind. */
  of<K extends Line['kind']>(kind: K): Extract<Line, { kind: K }>[]
}

export function watcher(): Watcher {
  const told: Line[] = []
  return {
    told,
    lines: (batch) => void told.push(...batch),
    of: <K extends Line['kind']>(kind: K) =>
      told.filter((line): line is Extract<Line, { kind: K }> => line.kind === kind),
  }
}

/** Waits for what is told off the way of a refresh, in the test's own time. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(systemClock, 5)
}

const { transitions } = describeMachine(refreshMachine)

/** Holds the steps of a run to the chart: each is a transition of it, and leads to the next. */
export function expectWalk(steps: readonly StepLine[]): void {
  let at = 'fresh.judging'
  for (const { from, to, edge, event, guard } of steps) {
    const taken = transitions[edge]!
    expect(from).toBe(at)
    expect(isIn(from, taken.from)).toBe(true)
    expect(isIn(to, taken.target ?? taken.from)).toBe(true)
    expect({ event, guard }).toEqual({ event: taken.event, guard: taken.guard })
    at = to
  }
}

/** Whether a state is another one, or lies in it. */
const isIn = (path: string, outer: string): boolean =>
  path === outer || path.startsWith(`${outer}.`)
