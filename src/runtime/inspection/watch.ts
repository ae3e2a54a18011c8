import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate'
import { definitionsOf, describeMachine } from '../../../machines/describe.ts'
import type { RefreshInput } from '../../../machines/types.ts'
import { createSealer } from '../../ledger/sealer.ts'
import type { RefreshEvent } from '../events.ts'
import type { Settings } from '../settings.ts'
import { deliveryTo } from './delivery.ts'
import { inXState } from './foreign.ts'
import { inspectorIn } from './inspector.ts'
import type { RunLine } from './line.ts'
import { momentsOf } from './moment.ts'
import { standings } from './names.ts'
import { watchRun } from './run.ts'
import type { Edge } from './run.ts'

/** The eyes of an inspector in one refresher. */
export interface Watch {
  /** A run begins: what it is called, and what XState is to tell about it. */
  run(mode: RunLine['mode'], input: RefreshInput): Watched
  /** A caller joined what somebody else began. */
  joined(flight: Promise<unknown>): void
  /** Remembers whose run a flight is. */
  flies(flight: Promise<unknown>, watched: Watched | undefined): void
  event(event: RefreshEvent): void
}

export interface Watched {
  readonly run: string
  readonly inspect: (event: InspectionEvent) => void
}

/** Runs of this process, over all copies of this module: their names must differ. */
const RUNS = Symbol.for('refresh-once/runs/1')

function newRun(): string {
  const counted = globalThis as { [RUNS]?: number }
  counted[RUNS] = (counted[RUNS] ?? 0) + 1
  return `r${counted[RUNS]}`
}

/** Looks at a refresher for the inspector of its settings, if there is one. */
export function watchOf(settings: Settings): Watch | undefined {
  const { inspect, clock, provider, ledger, pepper, random } = settings
  const inspector = inspectorIn(inspect)
  if (inspector === undefined) return undefined
  const now = momentsOf(clock)
  const common = (): { atMs: number; provider: string } => ({ atMs: now(), provider: provider.id })
  const taker = 'lines' in inspector ? inspector : inXState(inspector, random)
  const add = deliveryTo(taker, (lines) => ({ kind: 'dropped', ...common(), lines }))
  const sealer = createSealer({ ledger, pepper, random })
  const surroundings = { provider: provider.id, now, edgeOf: edges(), add }
  const runOf = new WeakMap<Promise<unknown>, string>()
  return {
    run(mode, input) {
      const run = newRun()
      return { run, inspect: watchRun(surroundings, standings(sealer), { run, mode, input }) }
    },
    joined(flight) {
      const line = { kind: 'joined', ...common(), run: runOf.get(flight) } as const
      add(() => line)
    },
    flies(flight, watched) {
      if (watched !== undefined) runOf.set(flight, watched.run)
    },
    event(event) {
      const line = { kind: 'event', ...common(), event } as const
      add(() => line)
    },
  }
}

type Definition = AnyTransitionDefinition

/** Finds transitions of a machine among all of it. Looked up once. */
function edges(): (transition: Definition) => Edge {
  let known: ReadonlyMap<Definition, Edge> | undefined
  return (transition) => {
    known ??= edgesOf(transition.source.machine)
    return known.get(transition)!
  }
}

function edgesOf(machine: AnyStateMachine): ReadonlyMap<Definition, Edge> {
  const { transitions } = describeMachine(machine)
  return new Map(
    definitionsOf(machine).map((definition, edge) => {
      const { event, guard } = transitions[edge]!
      return [definition, { event, guard, edge }]
    }),
  )
}
