import { createMachine } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { refreshMachine } from '../../machines/index.ts'

/** The chart with one thing wrong. */
export interface Mutant {
  readonly name: string
  readonly machine: AnyStateMachine
}

/** The parts of a machine's config that are changed here, with every short form written out. */
interface Config {
  [key: string]: unknown
  states?: Record<string, Config>
  always?: Alternatives
  on?: Record<string, Alternatives>
  after?: Record<string, Alternatives>
  invoke?: { src: string; onDone?: Alternatives; onError?: Alternatives }
}
interface Alternative {
  guard?: unknown
  target?: string
  actions: unknown[]
}
type Alternatives = Alternative[]

interface Place {
  readonly label: string
  readonly alternatives: Alternatives
}

/** Each transition taken away, every alternative of each event by itself. */
export function removals(): Mutant[] {
  return mutants(({ label, alternatives }) =>
    alternatives.map((_, index) => [
      `${label} #${index + 1} removed`,
      (changed): void => void changed.splice(index, 1),
    ]),
  )
}

/** Each two adjacent alternatives in the other order. */
export function swaps(): Mutant[] {
  return mutants(({ label, alternatives }) =>
    alternatives
      .slice(1)
      .map((_, index) => [
        `${label} #${index + 1} and #${index + 2} swapped`,
        (changed): void => void changed.splice(index, 2, changed[index + 1]!, changed[index]!),
      ]),
  )
}

/** Each guard taken away: what it let pass sometimes, passes always. */
export function unguarded(): Mutant[] {
  return mutants(({ label, alternatives }) =>
    alternatives.flatMap(({ guard }, index) =>
      guard === undefined
        ? []
        : [
            [
              `${label} #${index + 1} unguarded`,
              (changed): void => void delete changed[index]!.guard,
            ],
          ],
    ),
  )
}

/** Each action of each transition taken away. */
export function inactive(): Mutant[] {
  return mutants(({ label, alternatives }) =>
    alternatives.flatMap(({ actions }, index) =>
      actions.map((action, which): Change => [
        `${label} #${index + 1} without ${nameOf(action)}`,
        (changed): void => void changed[index]!.actions.splice(which, 1),
      ]),
    ),
  )
}

/** The chart as it is, rebuilt the way the mutants are. */
export function unchanged(): AnyStateMachine {
  return build(spelledOut())
}

type Change = readonly [name: string, change: (alternatives: Alternatives) => void]

function mutants(changesOf: (place: Place) => readonly Change[]): Mutant[] {
  return placesIn(spelledOut()).flatMap((place, where) =>
    changesOf(place).map(([name, change]) => {
      const config = spelledOut()
      change(placesIn(config)[where]!.alternatives)
      return { name, machine: build(config) }
    }),
  )
}

/** Guards and actions that were set up stay as they are: the mutants are of the chart. */
function build(config: Config): AnyStateMachine {
  const { implementations } = refreshMachine
  return createMachine(config as never, implementations as never)
}

function placesIn(config: Config, path = ''): Place[] {
  const { always, invoke } = config
  const events: [string, Alternatives | undefined][] = [
    ['always', always],
    ...Object.entries(config.on ?? {}),
    [`done(${invoke?.src ?? ''})`, invoke?.onDone],
    [`error(${invoke?.src ?? ''})`, invoke?.onError],
    ...Object.entries(config.after ?? {}).map(([delay, list]): [string, Alternatives] => [
      `after(${delay})`,
      list,
    ]),
  ]
  return [
    ...events.flatMap(([event, alternatives]) =>
      alternatives === undefined ? [] : [{ label: `${path} ${event}`, alternatives }],
    ),
    ...Object.entries(config.states ?? {}).flatMap(([name, state]) =>
      placesIn(state, path === '' ? name : `${path}.${name}`),
    ),
  ]
}

/** A copy of the chart's config in which every transition is an object in a list. */
function spelledOut(): Config {
  return spellState(refreshMachine.config as unknown as Config)
}

function spellState(state: Config): Config {
  const { states, always, on, after, invoke } = state
  return {
    ...state,
    ...(states && { states: mapped(states, spellState) }),
    ...(always && { always: spell(always) }),
    ...(on && { on: mapped(on, spell) }),
    ...(after && { after: mapped(after, spell) }),
    ...(invoke && {
      invoke: {
        ...invoke,
        ...(invoke.onDone && { onDone: spell(invoke.onDone) }),
        ...(invoke.onError && { onError: spell(invoke.onError) }),
      },
    }),
  }
}

function spell(transitions: unknown): Alternatives {
  return [transitions].flat().map((transition) => {
    if (typeof transition === 'string') return { target: transition, actions: [] }
    const { actions, ...rest } = transition as { actions?: unknown }
    return { ...rest, actions: actions === undefined ? [] : [actions].flat() }
  })
}

function mapped<A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function nameOf(action: unknown): string {
  return typeof action === 'string' ? action : (action as { type: string }).type
}
