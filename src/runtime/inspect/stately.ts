import { definitionsOf } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import { toBase64url } from '../../core/text.ts'
import { quietly } from '../../core/user-code.ts'
import type { Random } from '../../core/random.ts'
import type {
  CallBeganLine,
  CallEndedLine,
  EndedLine,
  Line,
  LineInspector,
  RunLine,
  StepLine,
} from './line.ts'

/** What XState hands to an inspector, as far as it may look: nothing of it is the real actor. */
interface StandIn {
  readonly id: string
  readonly sessionId: string
  readonly src: string
  readonly logic: { readonly config?: object }
  readonly _parent?: StandIn | undefined
  getSnapshot(): object
}

/** A run, as an inspector knows it. */
interface InspectedSession {
  readonly root: StandIn
  /** The actor that was invoked last, and what it said. */
  child?: StandIn
  output?: object
}

/** Sessions that are remembered. Of a run whose last line was dropped, the end never comes. */
const SESSIONS_MAX = 1_000

type InspectedLine = RunLine | StepLine | CallBeganLine | CallEndedLine | EndedLine
type TellObserver = (type: string, actorRef: StandIn, more?: object) => void

/**
 * Feeds an inspector of XState from lines. Whatever it reads of definition, context, input, output,
 * events and errors comes from there, so that it cannot meet a token.
 *
 * Each transient step is a snapshot of its own, which XState itself would not show.
 */
export function inXState(
  observer: { next(event: object): void },
  random: Random,
): Pick<LineInspector, 'lines'> {
  const prefix = `refresh-once:${toBase64url(random.bytes(6))}`
  const sessions = new Map<string, InspectedSession>()

  function hand(line: InspectedLine): void {
    const sessionId = `${prefix}:${line.run}`
    const emit: TellObserver = (type, actorRef, more) =>
      quietly(() => observer.next({ type, rootId: sessionId, actorRef, ...more }))
    let session = sessions.get(line.run)
    if (session === undefined) {
      const first = snapshotOf('active', 'fresh.judging', line)
      session = { root: standIn({ id: 'refresh', sessionId, first, logic: refreshMachine }) }
      sessions.set(line.run, session)
      if (sessions.size > SESSIONS_MAX) sessions.delete(sessions.keys().next().value!)
      emit('@xstate.actor', session.root)
      emit('@xstate.snapshot', session.root, { event: INIT, snapshot: first })
    }
    TELL[line.kind](line as never, session, emit)
    if (line.kind === 'ended') sessions.delete(line.run)
  }

  return {
    lines(batch) {
      for (const line of batch) if (isOfRun(line)) hand(line)
    },
  }
}

const INIT = { type: 'xstate.init' }

const TELL: {
  readonly [K in InspectedLine['kind']]: (
    line: Extract<InspectedLine, { kind: K }>,
    session: InspectedSession,
    emit: TellObserver,
  ) => void
} = {
  run() {},
  call(line, session, emit) {
    if (line.phase === 'began') {
      const { actor: id, call } = line
      const sessionId = `${session.root.sessionId}:${call}`
      const parent = session.root
      session.child = standIn({ id, sessionId, first: { status: 'active' }, logic: {}, parent })
      return emit('@xstate.actor', session.child)
    }
    const { says: type, code, status } = line
    session.output = { type, code, status }
    if (session.child === undefined) return
    const snapshot = { status: 'done', output: session.output }
    emit('@xstate.snapshot', session.child, { event: INIT, snapshot })
  },
  step(line, { root, child, output }, emit) {
    const type = EVENT_TYPES[line.edge] ?? line.event
    const event = type.startsWith('xstate.done') ? { type, output } : { type }
    // Nobody sent the event of a transient step.
    if (type !== '') emit('@xstate.event', root, { event, sourceRef: child })
    emit('@xstate.snapshot', root, { event, snapshot: snapshotOf('active', line.to, line) })
  },
  ended(line, { root }, emit) {
    const snapshot = snapshotOf('done', line.at, line)
    emit('@xstate.snapshot', root, { event: { type: 'xstate.stop' }, snapshot })
  },
}

/** The types of events as XState has them, by the index of the transition. */
const EVENT_TYPES = definitionsOf(refreshMachine).map(({ eventType }): string => eventType)

function isOfRun(line: Line): line is InspectedLine {
  return line.kind in TELL
}

interface Stood extends Pick<StandIn, 'id' | 'sessionId'> {
  readonly first: object
  readonly logic: { readonly config?: object }
  readonly parent?: StandIn
}

function standIn({ id, sessionId, first, logic: { config }, parent }: Stood): StandIn {
  return {
    id,
    sessionId,
    src: id,
    logic: config === undefined ? {} : { config },
    _parent: parent,
    getSnapshot: () => first,
  }
}

function snapshotOf(status: 'active' | 'done', at: string, line: InspectedLine): object {
  const { token, grant, generation } = line
  const { code, retryInMs }: Partial<StepLine> = line.kind === 'step' ? line : {}
  const value = at.split('.').reduceRight<unknown>((inner, name) => wrapped(name, inner), undefined)
  return { status, value, context: { token, grant, generation, code, retryInMs } }
}

const wrapped = (name: string, inner: unknown): unknown =>
  inner === undefined ? name : { [name]: inner }
