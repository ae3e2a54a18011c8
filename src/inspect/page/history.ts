import type { RecordedLine } from '../recording.ts'
import { createModel } from './model.ts'
import type { Model } from './model.ts'
import type { TimelineEntry } from './timeline.ts'
import { readLine, readRecording as readLines } from '../recording.ts'
import { byId, el } from './dom.ts'

/** Lines that are kept, and how many are let go at once when there are more. */
const LINES_MAX = 20_000
const LET_GO = 5_000

/** The lines that were taken in, each once, and what they make. */
export interface PageHistory {
  readonly model: Model
  /** Lines that were let go, to keep the memory bounded. */
  readonly letGo: number
  /** Lines that never came: gaps in what the processes counted. */
  readonly missing: number
  /** Takes lines in; those that were taken before are left out, as after a reconnect. */
  add(lines: readonly RecordedLine[]): void
  clear(): void
}

export function createHistory(): PageHistory {
  let model = createModel()
  let letGo = 0
  let missing = 0
  /** The last number of each process. */
  const last = new Map<string, number>()

  function isNew({ process, seq, ...line }: RecordedLine): boolean {
    const before = last.get(process)
    if (before !== undefined && seq <= before) return false
    if (before !== undefined) missing += seq - before - 1
    if (line.kind === 'dropped') missing += line.lines
    last.set(process, seq)
    return true
  }

  function trim(): void {
    if (model.entries.length <= LINES_MAX) return
    const kept = model.entries.slice(LET_GO)
    letGo += LET_GO
    const counters = { ...model.counters }
    model = createModel()
    for (const { line } of kept) model.add(line)
    // What was counted before stays counted: the kept lines were counted then, too.
    Object.assign(model.counters, counters)
  }

  return {
    get model() {
      return model
    },
    get letGo() {
      return letGo
    },
    get missing() {
      return missing
    },
    add(lines) {
      for (const line of lines) if (isNew(line)) model.add(line)
      trim()
    },
    clear() {
      model = createModel()
      letGo = 0
      missing = 0
      last.clear()
    },
  }
}

/** How long a step stays to be seen when there is time, milliseconds. */
const STEP_MS = 260
/** The more steps there are to play, the faster: so long over how many, milliseconds. */
const BEHIND_MS = 900
/** Steps that are played at most; of a longer history only the end is. */
const PLAYED_MAX = 40

/** Moves on through what happened, slowly enough that transient steps can be seen. */
export interface Player {
  /**
   * Where to stand now.
   *
   * @param at Index of the entry that was shown; -1 for none.
   * @param nowMs Of the animation frame.
   */
  next(entries: readonly TimelineEntry[], at: number, nowMs: number): number
}

/** @param isStill Whether the reader prefers nothing to move: then the newest is shown at once. */
export function createPlayer(isStill: () => boolean): Player {
  let movedAtMs = -Infinity
  return {
    next(entries, at, nowMs) {
      const end = entries.length - 1
      if (isStill()) return end
      const steps = stepsAfter(entries, at)
      if (steps.length === 0) return end
      if (steps.length > PLAYED_MAX) return steps.at(-PLAYED_MAX)! - 1
      const stepMs = Math.min(STEP_MS, BEHIND_MS / steps.length)
      if (nowMs - movedAtMs < stepMs) return at
      movedAtMs = nowMs
      return steps[0]!
    },
  }
}

/** The last of them, and one more than are played. */
function stepsAfter(entries: readonly TimelineEntry[], at: number): number[] {
  const steps: number[] = []
  for (let index = entries.length - 1; index > at && steps.length <= PLAYED_MAX; index -= 1) {
    if (entries[index]!.line.kind === 'step') steps.unshift(index)
  }
  return steps
}

export type FeedState = 'connecting' | 'live' | 'lost'

/** What comes from the server: its recent history, then each line as it happens. */
export interface Feed {
  close(): void
}

/**
 * Connects to the server that the page came from, and again whenever the connection is lost.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function openFeed(
  onLine: (line: RecordedLine) => void,
  onState: (state: FeedState) => void,
): Feed {
  const source = new EventSource('events')
  source.addEventListener('open', () => onState('live'))
  // A browser gives up on an answer that is no stream: then there is nothing left to wait for.
  source.addEventListener('error', () => {
    onState(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting')
  })
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const line = readLine(data)
    if (line !== undefined) onLine(line)
  })
  return { close: () => source.close() }
}

/** Hands the lines to the reader as a file. They hold no token. */
export function exportRecording(lines: readonly RecordedLine[]): void {
  const url = URL.createObjectURL(
    new Blob([writeRecording(lines)], { type: 'application/x-ndjson' }),
  )
  el('a', { href: url, download: 'refreshes.jsonl' }).click()
  URL.revokeObjectURL(url)
}

/** Listens for a file that the reader opens. */
export function onRecording(
  open: (name: string, lines: readonly RecordedLine[]) => void,
  complain: (message: string) => void,
): void {
  const input = byId('file', HTMLInputElement)
  byId('open').addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    // The same file may be opened again.
    input.value = ''
    if (file === undefined) return
    readRecording(file).then(
      (lines) => {
        complain('')
        open(file.name, lines)
      },
      (error: unknown) => complain(`${file.name} cannot be opened: ${(error as Error).message}.`),
    )
  })
}

/** Files that are larger are no recordings of this page. */
const BYTES_MAX = 64 * 1024 * 1024

/**
 * Reads a recording from a file.
 *
 * @throws {Error} Saying why it is none.
 */
export async function readRecording(file: Blob): Promise<readonly RecordedLine[]> {
  if (file.size > BYTES_MAX) throw new Error('it is larger than any recording')
  const { lines, unreadable } = readLines(await file.text())
  if (lines.length === 0) throw new Error('there is no line of a recording in it')
  if (unreadable > 0) {
    throw new Error(`${unreadable} of its ${lines.length + unreadable} lines are of no recording`)
  }
  return lines
}

export function writeRecording(lines: readonly RecordedLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
