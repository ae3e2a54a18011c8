import { initialTransition, transition } from 'xstate'
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { RefreshContext, RefreshInput } from '../../machines/index.ts'
import type { Happening } from './expectation/step.ts'
import type { ActorName, Facts, StateName } from './facts.ts'

/** A run of a machine that stands still: whatever happens to it gives another run. */
export interface Run {
  readonly snapshot: AnyMachineSnapshot
  readonly calls: readonly ActorName[]
  /** What the last of them was given. */
  readonly given: unknown
  readonly timers: readonly Timer[]
}

interface Timer {
  readonly id: string
  readonly delayMs: number
  readonly event: { readonly type: string }
}

type Effect = { readonly type: string; readonly params: unknown }

/** Starts a machine without carrying anything out: effects are only written down. */
export function start(machine: AnyStateMachine, input: RefreshInput): Run {
  const [snapshot, effects] = initialTransition(machine, input)
  return note({ snapshot, calls: [], given: undefined, timers: [] }, snapshot, effects)
}

/** What becomes of a run. An event that the run does not wait for cannot happen: it throws. */
export function after(machine: AnyStateMachine, run: Run, happening: Happening): Run {
  const [timer] = run.timers
  const isTimer = happening.kind === 'timer' && timer !== undefined
  const event = isTimer ? timer.event : eventOf(run, happening)
  const [snapshot, effects] = transition(machine, run.snapshot, event)
  const timers = isTimer ? run.timers.slice(1) : run.timers
  return note({ ...run, timers }, snapshot, effects)
}

function eventOf({ snapshot }: Run, happening: Happening): { type: string } {
  if (happening.kind === 'event') return happening.event
  if (happening.kind === 'timer') throw new Error('no timer is set')
  const [actorId] = Object.keys(snapshot.children)
  if (actorId === undefined) throw new Error('no actor runs')
  return happening.kind === 'output'
    ? ({ type: `xstate.done.actor.${actorId}`, output: happening.output, actorId } as Event)
    : ({ type: `xstate.error.actor.${actorId}`, error: new Error('broken'), actorId } as Event)
}

type Event = { readonly type: string }

function note(run: Run, snapshot: AnyMachineSnapshot, effects: readonly Effect[]): Run {
  let { calls, given, timers } = run
  for (const { type, params } of effects) {
    if (type === 'xstate.spawnChild') {
      const { src, input } = params as { src: ActorName; input: unknown }
      calls = [...calls, src]
      given = input
    } else if (type === 'xstate.raise') {
      const { id, delay, event } = params as { id: string; delay: number; event: Event }
      timers = [...timers, { id, delayMs: delay, event }]
    } else if (type === 'xstate.cancel') {
      const { sendId } = params as { sendId: string }
      timers = timers.filter(({ id }) => id !== sendId)
    }
  }
  return { snapshot, calls, given, timers }
}

/** What can be seen of a run. */
export function factsOf({ snapshot, calls, timers }: Run): Facts {
  const context = snapshot.context as RefreshContext
  return {
    state: pathOf(snapshot.value),
    tokens: context.tokens,
    position: context.position,
    hasGrantField: context.hasGrantField,
    isCallersToken: context.isCallersToken,
    callerGeneration: context.callerGeneration,
    beganAtMs: context.beganAtMs,
    nowMs: context.nowMs,
    elapsedMs: context.elapsedMs,
    adoptions: context.adoptions,
    attempt: context.attempt,
    retryInMs: context.retryInMs,
    hasReloaded: context.hasReloaded,
    claim: context.claim,
    presentations: context.presentations,
    firstSentAtMs: context.firstSentAtMs,
    sending: context.sending,
    watch: context.watch,
    problem: context.problem,
    calls,
    waitsMs: timers[0]?.delayMs,
  }
}

export function pathOf(value: unknown): StateName {
  if (typeof value === 'string') return value as StateName
  const [[outer, inner]] = Object.entries(value as object) as [[string, unknown]]
  return `${outer}.${pathOf(inner)}` as StateName
}
