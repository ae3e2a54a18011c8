import { initialTransition, transition } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { refreshMachine } from '../../machines/refresh.machine.ts'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
} from '../../machines/types.ts'
import type { StateName } from '../statechart/facts.ts'
import { keyOf } from './key.ts'

export type Output = ClaimOutput | FollowOutput | PresentOutput | ReloadOutput

/** Where one run of the shipped chart stands. */
export interface Position {
  /** The state's path, e.g. `expiring.claiming`. */
  readonly state: StateName
  readonly context: RefreshContext
}

/** Its invoking states, and what is invoked there. */
export const INVOKING: ReadonlySet<StateName> = new Set<StateName>([
  'expiring.claiming',
  'expiring.following',
  'refreshing.presenting',
  'refreshing.reloading',
])

const seen = new Map<string, Position>()

export function begin(input: RefreshInput): Position {
  return once(keyOf(input), () => positionOf(initialTransition(refreshMachine, input)[0]))
}

/** The actor of the state the chart is in ends with `output`. */
export function ended(position: Position, output: Output): Position {
  return once(`${keyOf(position)}>${keyOf(output)}`, () =>
    next(position, { type: `xstate.done.actor.0.refresh.${position.state}`, output }),
  )
}

/** The named delay of the state the chart is in is over. */
export function elapsed(position: Position, delay: string): Position {
  return once(`${keyOf(position)}>${delay}`, () =>
    next(position, { type: `xstate.after.${delay}.refresh.${position.state}` }),
  )
}

function next({ state, context }: Position, event: { type: string; output?: Output }): Position {
  const [top, sub] = state.split('.') as [string, string?]
  const value = (sub === undefined ? top : { [top]: sub }) as never
  const snapshot = refreshMachine.resolveState({ value, context })
  const [reached] = transition(refreshMachine, snapshot, event as never)
  return positionOf(reached)
}

function positionOf(snapshot: SnapshotFrom<typeof refreshMachine>): Position {
  const { value, context } = snapshot
  const state = typeof value === 'string' ? value : Object.entries(value)[0]!.join('.')
  return { state: state as StateName, context }
}

function once(key: string, compute: () => Position): Position {
  let position = seen.get(key)
  if (position === undefined) {
    position = compute()
    seen.set(key, position)
  }
  return position
}
