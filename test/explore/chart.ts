import { initialTransition, transition } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachineOf } from '../../machines/refresh.machine.ts'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
  SettleOutput,
} from '../../machines/types.ts'
import type { StateName } from '../statechart/facts.ts'
import { keyOf } from './key.ts'
import type { Claimed, Waiting } from './world.ts'

export type Output =
  ClaimOutput<Claimed, Waiting> | FollowOutput | PresentOutput | SettleOutput | ReloadOutput

const machine = refreshMachineOf<Claimed, Waiting>()

/** Where one run of the shipped chart stands. */
export interface Position {
  /** The state's path, e.g. `expiring.claiming`. */
  readonly state: StateName
  readonly context: RefreshContext<Claimed, Waiting>
}

/** The states in which a call ends. */
export const SETTLED: ReadonlySet<string> = new Set(
  describeMachine(machine).states.flatMap(({ path, tags }) =>
    tags.includes('settled') ? [path] : [],
  ),
)

const seen = new Map<string, Position>()

export function begin(input: RefreshInput): Position {
  return once(keyOf(input), () => positionOf(initialTransition(machine, input)[0]))
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
  const snapshot = machine.resolveState({ value, context })
  const [reached] = transition(machine, snapshot, event as never)
  return positionOf(reached)
}

function positionOf(snapshot: SnapshotFrom<typeof machine>): Position {
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
