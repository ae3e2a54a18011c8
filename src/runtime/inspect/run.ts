import type {
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  InspectionEvent,
  SnapshotFrom,
  StateValue,
} from 'xstate'
import type { TransitionDescription } from '../../../machines/describe.ts'
import type { Problem, RefreshContext, RefreshInput } from '../../../machines/types.ts'
import type { OutcomeState } from '../../core/outcome.ts'
import { quietly } from '../../core/user-code.ts'
import type { refreshMachineOf } from '../../../machines/refresh.machine.ts'
import type { ActorName, Line, Note, RunLine, LinePosition } from './line.ts'
import type { Secret } from '../../core/secret.ts'
import type { Sealer } from '../../ledger/sealer.ts'

type RunSnapshot = SnapshotFrom<ReturnType<typeof refreshMachineOf>>

/** What the lines of a run need of their refresher. */
export interface Surroundings {
  readonly provider: string
  now(): number
  edgesOf(machine: AnyStateMachine): Edges
  add(note: Note): void
}

/** A transition, and its index among all. */
export interface Edge extends Pick<TransitionDescription, 'event'> {
  readonly guard: string | undefined
  readonly edge: number
}

/** Finds the transition that was taken among all of the chart. */
export interface Edges {
  /** The one that an event takes in this snapshot. */
  by(before: AnyMachineSnapshot, event: AnyEventObject): Edge | undefined
  /** The one that is taken from a state as soon as it is entered. */
  always(from: string, to: string): Edge | undefined
}

/** An actor under way. */
interface Call {
  readonly actor: ActorName
  readonly call: number
  readonly beganAt: number
}

/** What an actor said, of any type. */
type ActorOutput = Partial<Held> & { readonly type: string; readonly problem?: Problem }

/** A line without what all lines of a run have, and without where the run stands. */
type Body<L> = L extends Line ? Omit<L, 'atMs' | 'provider' | 'run' | keyof Held> : never

/**
 * Watches one run through XState's inspection: every transition, also those that no snapshot shows.
 * Each field of a line is picked by hand. What it returns never throws, whatever becomes of
 * XState's events: it would let that through into the machine.
 */
export function watchRun(
  { provider, now, edgesOf, add }: Surroundings,
  standing: ReturnType<typeof standings>,
  { run, mode, input }: Pick<RunLine, 'run' | 'mode'> & { readonly input: RefreshInput },
): (event: InspectionEvent) => void {
  let context: RefreshContext | RefreshInput = input
  let at = 'fresh.judging'
  let before: RunSnapshot | undefined
  let calls = 0
  let call: Call | undefined
  const beganAt = now()

  /** Where it stands is told by fingerprints, and those may have to be made. */
  function note(body: Body<Line>, held: Held = context, atMs = now()): void {
    // Not spread: V8 takes eight times as long to add fields to a copy of what has many shapes.
    const lineAt = (standing: LinePosition): Line =>
      Object.assign(body, { atMs, provider, run }, standing)
    add(() => {
      const place = standing(held)
      return place instanceof Promise ? place.then(lineAt) : lineAt(place)
    })
  }

  const { demand } = input
  const isForced = demand.refused !== undefined
  note({ kind: 'run', mode, hasAudience: demand.audience !== '', isForced }, input, beganAt)

  function begin(actor: ActorName): void {
    call = { actor, call: (calls += 1), beganAt: now() }
    note({ kind: 'call', phase: 'began', actor, call: calls })
  }

  function answer(output: ActorOutput, { beganAt, ...which }: Call): void {
    const { type: says, tokens = context.tokens, position = context.position, problem } = output
    const { code, status } = problem ?? {}
    const durationMs = durationFrom(beganAt)
    const held = { tokens, position }
    note({ kind: 'call', phase: 'ended', ...which, says, code, status, durationMs }, held)
  }

  function step(next: RunSnapshot, by: AnyEventObject): void {
    const from = at
    at = pathOf(next.value)
    context = next.context
    const edges = edgesOf(next.machine)
    const taken = edges.always(from, at) ?? (before && edges.by(before, by))
    before = next
    if (taken === undefined) return
    const { adoptions, attempt, presentations, problem, retryInMs } = next.context
    const counts = { adoptions, attempt, presentations }
    note({ kind: 'step', from, to: at, ...taken, ...counts, code: problem?.code, retryInMs })
  }

  function end(problem: Problem | undefined): void {
    const state = at.split('.')[0] as OutcomeState
    note({ kind: 'ended', state, at, code: problem?.code, durationMs: durationFrom(beganAt) })
  }

  const durationFrom = (atMs: number): number =>
    Math.max(0, Math.round((now() - atMs) * 1000) / 1000)

  function look(event: InspectionEvent): void {
    const isRoot = event.actorRef.sessionId === event.rootId
    if (event.type === '@xstate.microstep' && isRoot) {
      const next = event.snapshot as RunSnapshot
      step(next, event.event)
      if (next.status !== 'active') end(next.context.problem)
    }
    if (event.type !== '@xstate.event') return
    if (isRoot && call !== undefined && ENDS.test(event.event.type)) answer(said(event.event), call)
    if (!isRoot && event.event.type === 'xstate.init') begin(nameOf(event.actorRef))
  }

  return (event) => quietly(() => look(event))
}

const ENDS = /^xstate\.(?:done|error)\.actor\./

const said = ({ output }: AnyEventObject): ActorOutput =>
  (output as ActorOutput) ?? { type: 'thrown' }

/** Actors are named in the chart: `src` is that name. */
const nameOf = (actorRef: object): ActorName => (actorRef as { readonly src: ActorName }).src

/** The innermost state. */
function pathOf(value: StateValue): string {
  if (typeof value === 'string') return value
  const [[name, inner] = ['', undefined]] = Object.entries(value)
  return inner === undefined ? name : `${name}.${pathOf(inner)}`
}

/** What says where a run stands. */
export type Held = Pick<RefreshContext, 'tokens' | 'position'>

/**
 * Says where a run stands, by fingerprints. The same secret comes in many `Secret`s; of one run
 * they are few, so those that were named already are asked first. Mostly it is said at once.
 */
export function standings(sealer: Sealer): (held: Held) => LinePosition | Promise<LinePosition> {
  const named: Secret[] = []

  const nameOf = (secret: Secret): string | undefined =>
    secret.fingerprint ?? named.find((other) => other.equals(secret))?.fingerprint
  const isNamed = (secret: Secret | undefined): boolean =>
    secret === undefined || nameOf(secret) !== undefined

  async function name(domain: 'claim' | 'grant', secret: Secret | undefined): Promise<void> {
    if (secret === undefined || isNamed(secret)) return
    await sealer.derive(domain, secret)
    named.push(secret)
  }

  const standing = ({ tokens: { refreshToken }, position }: Held): LinePosition => ({
    token: refreshToken && nameOf(refreshToken),
    grant: position && nameOf(position.secret),
    generation: position?.generation,
  })

  async function learnt(held: Held): Promise<LinePosition> {
    await name('claim', held.tokens.refreshToken)
    await name('grant', held.position?.secret)
    return standing(held)
  }

  return (held) => {
    const isKnown = isNamed(held.tokens.refreshToken) && isNamed(held.position?.secret)
    return isKnown ? standing(held) : learnt(held)
  }
}
