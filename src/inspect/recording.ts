import type { Line } from '../runtime/inspect/line.ts'

export type {
  ActorName,
  CallBeganLine,
  CallEndedLine,
  DroppedLine,
  EndedLine,
  EventLine,
  JoinedLine,
  Line,
  RunLine,
  LinePosition,
  StepLine,
} from '../runtime/inspect/line.ts'

/** The version of the format. Fields are added without counting it up. */
export const RECORDING_VERSION = 1

/** Who recorded a line. */
export interface Stamp {
  readonly v: typeof RECORDING_VERSION
  /** Counts the lines of the process from 1. A gap: lines were lost on their way. */
  readonly seq: number
  /** A short label of the process, and a mark that tells its starts apart: `web-1~k3f`. */
  readonly process: string
}

/**
 * One line of a recording: a {@link Line} of a refresher, and who recorded it. Run, process and seq
 * together name it. Written as JSON, one a line, in a file (`*.jsonl`) and on the wire.
 */
export type RecordedLine = Line & Stamp

/** Longer texts are no lines of ours. */
const LINE_MAX = 4_096

/** What a line of each kind cannot be without, beside what all have. */
const NEEDS: { readonly [K in Line['kind']]: readonly string[] } = {
  run: ['run', 'mode'],
  joined: [],
  step: ['run', 'from', 'to', 'event', 'edge'],
  call: ['run', 'phase', 'actor', 'call'],
  event: ['event'],
  ended: ['run', 'state', 'durationMs'],
  dropped: ['lines'],
}
const ANSWER_NEEDS = ['says', 'durationMs']

/** What is text or a number where it is there. Fields of later versions may be anything plain. */
const TEXTS = 'run token grant mode from to guard code phase actor says state at type outcome'
const NUMBERS =
  'edge adoptions presentations attempt retryInMs call status durationMs generation lines'
const HOLDS: ReadonlyMap<string, string> = new Map([
  ...TEXTS.split(' ').map((name) => [name, 'string'] as const),
  ...NUMBERS.split(' ').map((name) => [name, 'number'] as const),
])

/**
 * Reads a line that somebody else wrote.
 *
 * @returns `undefined` for what is none: no JSON, too long, of another version or kind, or with
 *   anything in it but short texts, numbers and booleans.
 */
export function readLine(text: string): RecordedLine | undefined {
  if (text.length > LINE_MAX) return undefined
  try {
    const line: unknown = JSON.parse(text)
    return isRecorded(line) ? line : undefined
  } catch {
    return undefined
  }
}

/** Reads a recording. Lines that are none are counted. */
export function readRecording(text: string): {
  readonly lines: readonly RecordedLine[]
  readonly unreadable: number
} {
  const texts = text.split('\n').filter((line) => line.trim() !== '')
  const lines = texts.map(readLine).filter((line) => line !== undefined)
  return { lines, unreadable: texts.length - lines.length }
}

function isRecorded(line: unknown): line is RecordedLine {
  if (!isFlat(line, 'event')) return false
  const { v, seq, process, kind, atMs, provider, event } = line
  const isOurs = v === RECORDING_VERSION && Number.isSafeInteger(seq) && Number.isFinite(atMs)
  const isNamed = typeof process === 'string' && typeof provider === 'string'
  if (!isOurs || !isNamed || typeof kind !== 'string' || !Object.hasOwn(NEEDS, kind)) return false
  const isAnswer = kind === 'call' && line['phase'] !== 'began'
  const needed = [...NEEDS[kind as Line['kind']], ...(isAnswer ? ANSWER_NEEDS : [])]
  if (!needed.every((name) => Object.hasOwn(line, name))) return false
  return kind === 'event' ? isFlat(event) && Object.hasOwn(event, 'type') : !isFlat(event)
}

type Flat = Readonly<Record<string, unknown>>

/** Whether there is nothing but plain values in it, or one object of such under a name. */
function isFlat(value: unknown, deeper?: string): value is Flat {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, inner]) => isPlain(name, inner) || (name === deeper && isFlat(inner)),
  )
}

function isPlain(name: string, value: unknown): boolean {
  const is = typeof value
  return is === (HOLDS.get(name) ?? is) && ['string', 'number', 'boolean'].includes(is)
}
