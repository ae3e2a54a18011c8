import type { AnyStateMachine, InspectionEvent } from 'xstate'
import { definitionsOf, describeMachine } from '../../../machines/describe.ts'
import type { RefreshInput } from '../../../machines/types.ts'
import { systemClock } from '../../core/clock.ts'
import type { Clock } from '../../core/clock.ts'
import { quietly } from '../../core/user-code.ts'
import { createSealer } from '../../ledger/sealer.ts'
import type { RefreshEvent } from '../events.ts'
import type { Settings } from '../options.ts'
import { inXState } from './stately.ts'
import { inspectorIn } from './line.ts'
import type { Line, LineInspector, Note, RunLine } from './line.ts'
import { standings, watchRun } from './run.ts'
import type { Edge, Edges } from './run.ts'

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
  const surroundings = { provider: provider.id, now, edgesOf: remembered(edgesOf), add }
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

/** All runs of a refresher are of one machine: what is known of it is made once. */
function remembered(make: typeof edgesOf): typeof edgesOf {
  let known: Edges | undefined
  return (machine) => (known ??= make(machine))
}

function edgesOf(machine: AnyStateMachine): Edges {
  const { transitions } = describeMachine(machine)
  const all = transitions.map(({ event, guard }, edge): Edge => ({ event, guard, edge }))
  const byDefinition = new Map(
    definitionsOf(machine).map((definition, index) => [definition, all[index]]),
  )
  return {
    by(before, event) {
      const [taken] = machine.getTransitionData(before, event)
      return taken && byDefinition.get(taken)
    },
    always: (from, to) =>
      all[
        transitions.findIndex(
          ({ event, from: at, target = at }) =>
            event === 'always' && at === from && `${to}.`.startsWith(`${target}.`),
        )
      ],
  }
}

/** How many notes wait for an inspector that is too slow, before more are dropped. */
const NOTES_MAX = 10_000

/** How long notes are gathered, milliseconds. */
const GATHER_MS = 10

/** How many lines are told at a time, at most. */
const BATCH_MAX = 256

/** An inspector that takes longer than this is told fewer lines at a time, milliseconds. */
const SLOW_MS = 4

/** For each millisecond that an inspector takes, it is left alone for so many. */
const RESTS = 10

/**
 * Hands notes to an inspector, later and in order. Its failures stay here, and it gets no more than
 * a tenth of the process's time.
 *
 * @param dropped Makes the line that says how many were lost.
 */
export function deliveryTo(
  inspector: Pick<LineInspector, 'lines'>,
  dropped: (lines: number) => Line,
): (note: Note) => void {
  const notes: Note[] = []
  let lost = 0
  let size = 16
  let isComing = false

  function come(inMs: number, keepAlive: boolean): void {
    isComing = true
    systemClock.setTimeout(() => void deliver(), inMs, { keepAlive })
  }

  async function deliver(): Promise<void> {
    const batch: Line[] = []
    for (const note of notes.splice(0, size)) {
      try {
        const line = note()
        batch.push(line instanceof Promise ? await line : line)
      } catch {
        lost += 1
      }
    }
    if (lost > 0) batch.push(dropped(lost))
    lost = 0
    const beganAt = systemClock.monotonic()
    quietly(() => inspector.lines(batch))
    const tookMs = systemClock.monotonic() - beganAt
    const isSlow = tookMs > SLOW_MS
    size = Math.min(BATCH_MAX, isSlow ? Math.ceil(size / 2) : size * 2)
    isComing = false
    // A process that is done waits for nobody who is slow.
    if (notes.length > 0) come(tookMs * RESTS, !isSlow)
  }

  return (note) => {
    if (notes.length >= NOTES_MAX) {
      lost += 1
      return
    }
    notes.push(note)
    if (!isComing) come(GATHER_MS, true)
  }
}

/** A wall clock that was set is followed from here on, milliseconds. */
const SET_MS = 50

/**
 * The wall clock with the monotonic one's fractions, so that lines of one millisecond have an
 * order.
 */
export function momentsOf(clock: Clock): () => number {
  let originMs = clock.now() - clock.monotonic()
  return () => {
    const monotonicMs = clock.monotonic()
    const offMs = clock.now() - monotonicMs - originMs
    if (Math.abs(offMs) > SET_MS) originMs += offMs
    return Math.round((originMs + monotonicMs) * 1000) / 1000
  }
}
