import type { ChartEvent } from '../../../machines/index.ts'
import { BUDGET_MS, MAX_ADOPTIONS } from '../facts.ts'
import type { Facts, StateName } from '../facts.ts'

/**
 * What is expected of the chart, written down by hand from the design: in this state, when this
 * happens, the run goes there and exactly this changes. The machine is not consulted.
 */
export interface Step {
  readonly says: string
  /** What happens, and what it leads to. Nothing: it cannot happen to such a run. */
  leads(was: Facts): Led | undefined
}

export interface Led {
  readonly happens: Happening
  readonly to: StateName
  readonly changes: Partial<Facts>
}

export type Happening =
  | { readonly kind: 'output'; readonly output: object }
  | { readonly kind: 'throw' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'event'; readonly event: ChartEvent }

/** Every output says the time, and the run takes it over. */
export const LATER_MS = 7
const ELAPSED_MS = 5
const BEGAN_AT_MS = 999

type Untimed<O> = O extends unknown ? Omit<O, 'nowMs' | 'elapsedMs' | 'beganAtMs'> : never
export type Outcomes<O extends { type: string }> = Readonly<
  Record<O['type'] | 'throws', readonly Step[]>
>

/** A row of the table: an actor says this, the run goes there, and this changes. */
export function when<O>(
  says: string,
  rule: (
    was: Facts,
  ) => [output: Untimed<O>, to: StateName, changes: Partial<Facts>, nowMs?: number],
  applies: (was: Facts) => boolean = () => true,
): Step {
  return {
    says,
    leads(was) {
      if (!applies(was)) return undefined
      const [output, to, changes, nowMs = was.nowMs + LATER_MS] = rule(was)
      const times = { nowMs, elapsedMs: was.elapsedMs + ELAPSED_MS, beganAtMs: BEGAN_AT_MS }
      return {
        happens: { kind: 'output', output: { ...output, ...times } },
        to,
        changes: { ...times, ...changes },
      }
    },
  }
}

/** Whatever breaks is a bug, is said to be one, and costs nobody a sign-in. */
export const BREAKS: readonly Step[] = [
  {
    says: 'it throws',
    leads: () => ({
      happens: { kind: 'throw' },
      to: 'error',
      changes: { problem: { code: 'internal' }, claim: undefined },
    }),
  },
]

/** The longest wait that is still inside the call's budget, when the output is there. */
export const lastWaitMs = (was: Facts): number => BUDGET_MS - (was.elapsedMs + ELAPSED_MS) - 1
export const generationOf = (was: Facts): number => was.position?.generation ?? 0
export const isInReach = (was: Facts): boolean => was.adoptions < MAX_ADOPTIONS
export const isOutOfReach = (was: Facts): boolean => !isInReach(was)
