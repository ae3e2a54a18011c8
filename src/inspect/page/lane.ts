import type { ActorName, RecordedLine } from '../recording.ts'
import type { RowStates } from './rows.ts'

/** One line in its place. */
export interface Entry {
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
  readonly entries: Entry[]
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

const SETTLED: ReadonlySet<string> = new Set([
  // On the way to one: of a round that may come, nothing has begun.
  'fresh.judging',
  'fresh.ageing',
  'expiring.serving',
  'rotated',
  'error.resting',
  'revoked',
])

/** Whether a run ends in this state, or a round of one that goes on and on. */
export function isSettled(path: string): boolean {
  return SETTLED.has(path)
}
