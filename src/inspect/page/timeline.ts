import { refreshDrawing } from '../diagram/refresh.drawing.ts'
import type { ActorName, EventLine, LinePosition, RecordedLine } from '../recording.ts'

/** Runs of one chain that begin within this of each other lie together, milliseconds. */
const TOGETHER_MS = 500
/** Runs of one renewal, at most: an endless stream of callers is cut into pieces. */
const LANES_MAX = 200

/** A lane and the renewal that it belongs to. */
export interface Placed {
  readonly lane: Lane
  readonly renewal: Renewal
}

/** Which run a line is about, and which runs lie together. */
export interface Timeline {
  /** In the order in which they began. */
  readonly renewals: readonly Renewal[]
  /** The run that a line is about: begun, if the line begins it. */
  placeOf(line: RecordedLine): Placed | undefined
}

type LineOfRun = Exclude<RecordedLine, { kind: 'event' | 'joined' | 'dropped' }>

export function createTimeline(onBegun: (lane: Lane) => void): Timeline {
  const renewals: Renewal[] = []
  /** The last of each chain, by the fingerprints of the chain and of its tokens. */
  const current = new Map<string, Renewal>()
  const placed = new Map<string, Placed>()
  const rounds = new Map<string, number>()

  function begin(line: LineOfRun, round: number | undefined): Placed {
    const id = idOf(line)
    const lane: Lane = {
      key: round === undefined ? id : `${id} ${round}`,
      process: line.process,
      run: line.run,
      beganAtMs: line.atMs,
      lastAtMs: line.atMs,
      callers: 1,
      token: line.token,
      at: undefined,
      wasServed: false,
      spans: [],
      entries: [],
    }
    const renewal = renewalOf(line) ?? newRenewal(line)
    renewal.lanes.push(lane)
    placed.set(id, { lane, renewal })
    onBegun(lane)
    return { lane, renewal }
  }

  function renewalOf({ token, grant, atMs }: LineOfRun): Renewal | undefined {
    const renewal = current.get(grant ?? '') ?? current.get(token ?? '')
    return renewal !== undefined && isTogether(renewal, atMs) ? renewal : undefined
  }

  function newRenewal({ process, seq, atMs }: LineOfRun): Renewal {
    const renewal: Renewal = {
      key: `${process} ${seq}`,
      grant: undefined,
      token: undefined,
      generation: undefined,
      lanes: [],
      beganAtMs: atMs,
      lastAtMs: atMs,
      presentations: 0,
      version: 0,
    }
    renewals.push(renewal)
    return renewal
  }

  /**
   * What a line says of where the run stands, more of it than was known before: also that it
   * belongs to a chain of which others are on their way.
   */
  function learn(place: Placed, { token, grant, generation }: LinePosition): Placed {
    const { lane } = place
    const others = current.get(grant ?? '')
    const belongs =
      others !== undefined &&
      others !== place.renewal &&
      isTogether(others, place.renewal.beganAtMs)
    const renewal = belongs ? joined(others, place.renewal) : place.renewal
    lane.token = token ?? lane.token
    renewal.token ??= token
    renewal.grant ??= grant
    renewal.generation ??= generation
    for (const name of [token, grant]) if (name !== undefined) current.set(name, renewal)
    return { lane, renewal }
  }

  /** One renewal of two. */
  function joined(into: Renewal, from: Renewal): Renewal {
    for (const [id, { lane, renewal }] of placed) {
      if (renewal === from) placed.set(id, { lane, renewal: into })
    }
    for (const [name, renewal] of current) if (renewal === from) current.set(name, into)
    into.lanes.push(...from.lanes)
    into.lanes.sort((a, b) => a.beganAtMs - b.beganAtMs)
    into.beganAtMs = Math.min(into.beganAtMs, from.beganAtMs)
    into.lastAtMs = Math.max(into.lastAtMs, from.lastAtMs)
    into.presentations += from.presentations
    renewals.splice(renewals.indexOf(from), 1)
    return into
  }

  function ofRun(line: LineOfRun): Placed | undefined {
    const id = idOf(line)
    const found = placed.get(id)
    if (line.kind === 'run') {
      if (line.mode === 'per-call') return begin(line, undefined)
      rounds.set(id, 0)
      return undefined
    }
    // From one settled state to another, as when the application stored the set: nothing begins.
    if (line.kind === 'step' && isSettled(line.to)) return found
    // Only a run that goes round leaves a settled state again, even if its beginning was let go.
    const goesOn = line.kind === 'step' && isSettled(line.from)
    if (goesOn && found !== undefined && isOver(found.lane) && !rounds.has(id)) rounds.set(id, 0)
    const round = rounds.get(id)
    const isNewRound = round !== undefined && (found === undefined || isOver(found.lane))
    if (line.kind === 'ended') return isNewRound ? undefined : found
    if (!isNewRound) return found ?? begin(line, undefined)
    rounds.set(id, round + 1)
    return begin(line, round + 1)
  }

  /**
   * Events name no run: it is the one of the process that presents, or one that holds the token, or
   * held it last.
   */
  function ofEvent({ process, event }: EventLine & { readonly process: string }) {
    const { token } = event
    const grant = 'grant' in event ? event.grant : undefined
    const renewal = current.get(token ?? '') ?? current.get(grant ?? '')
    const lanes = (renewal?.lanes ?? []).filter((lane) => lane.process === process)
    const holding = lanes.filter((lane) => lane.token === token)
    const lane =
      (event.type === 'presented' ? lanes.findLast(isPresenting) : undefined) ??
      holding.findLast((each) => !isOver(each)) ??
      holding.at(-1) ??
      lanes.at(-1)
    if (lane === undefined || renewal === undefined) return undefined
    renewal.grant ??= grant
    return { lane, renewal }
  }

  return {
    renewals,
    placeOf(line) {
      if (line.kind === 'dropped') return undefined
      if (line.kind === 'event') return ofEvent(line)
      if (line.kind === 'joined') return placed.get(`${line.process} ${line.run}`)
      const place = ofRun(line)
      return place && learn(place, line)
    },
  }
}

function idOf({ process, run }: LineOfRun): string {
  return `${process} ${run}`
}

function isOver({ state }: Lane): boolean {
  return state !== undefined
}

function isPresenting({ spans }: Lane): boolean {
  const last = spans.at(-1)
  // `settle` tells how the presentation ended, before it writes.
  return last?.actor === 'present' || (last?.actor === 'settle' && last.endedAtMs === undefined)
}

function isTogether({ lanes, lastAtMs }: Renewal, atMs: number): boolean {
  if (lanes.length >= LANES_MAX) return false
  return atMs <= lastAtMs + TOGETHER_MS || lanes.some((lane) => !isOver(lane))
}

/** Where the rows of the ledger stand, as far as can be told from what was seen. */
export interface RowStates {
  /** Paths in the drawing: `claim.claimed`. */
  readonly claim: string
  readonly grant: string
  /** Indices of the transitions that led there just now. */
  readonly taken: readonly number[]
}

/** One line in its place. */
export interface TimelineEntry {
  readonly line: RecordedLine
  /** Absent: a line that no run is known for. */
  readonly lane: Lane | undefined
  /** The innermost state in which the run is after it. */
  readonly at: string | undefined
  readonly rows: RowStates | undefined
}

/** What an actor did, from its call to its answer. */
export interface Span {
  readonly actor: ActorName
  readonly call: number
  readonly beganAtMs: number
  endedAtMs?: number
  says?: string
  /** How a presentation ended. */
  outcome?: string
}

/** A run on the timeline; of a run that goes on and on, one round of it. */
export interface Lane {
  /** Names it among all. */
  readonly key: string
  readonly process: string
  readonly run: string
  readonly beganAtMs: number
  /** Of the last thing that happened in it. */
  lastAtMs: number
  /** Who waits for it. */
  callers: number
  token: string | undefined
  at: string | undefined
  /** How it ended; absent while it runs. */
  state?: string
  code?: string | undefined
  /** How its last presentation ended, if there was one. */
  outcome?: string
  wasServed: boolean
  readonly spans: Span[]
  readonly entries: TimelineEntry[]
}

/** The runs of one chain that lie together in time: what one expiry of an access token caused. */
export interface Renewal {
  readonly key: string
  /** Fingerprints: of the chain, once it is known, and of a refresh token until then. */
  grant: string | undefined
  token: string | undefined
  generation: number | undefined
  readonly lanes: Lane[]
  beganAtMs: number
  lastAtMs: number
  presentations: number
  /** Counts its changes, so that what stands unchanged is not drawn again. */
  version: number
}

export function callersOf({ lanes }: Renewal): number {
  return lanes.reduce((sum, { callers }) => sum + callers, 0)
}

export function processesOf({ lanes }: Renewal): number {
  return new Set(lanes.map(({ process }) => process)).size
}

/** The chart begins here. In a run that goes on, no new round has begun yet. */
const BEGINNING = 'fresh.judging'

/** Whether a run ends in this state, or a round of one that goes on and on. */
export function isSettled(path: string): boolean {
  return path === BEGINNING || refreshDrawing.settled.includes(path)
}
