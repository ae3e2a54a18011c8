import { systemClock } from '../../core/clock.ts'
import type { Line } from './line.ts'
import type { LineInspector } from './inspector.ts'

/** A line to come: it is made when it is told, and not on the way of the refresh. */
export type Note = () => Line | Promise<Line>

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

/** What somebody else's code throws is theirs, also if it comes as a promise. */
export function quietly(call: () => unknown): void {
  try {
    const called = call()
    if (called instanceof Promise) called.catch(() => {})
  } catch {
    // It missed this.
  }
}
