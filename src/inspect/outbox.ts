import { systemClock } from '../core/clock.ts'

/** Lines that wait at most: the oldest are let go first. The page sees the gap in their count. */
const WAITING_MAX = 20_000

/** What is sent at once, at most. */
const LINES_AT_ONCE = 500

/** How long lines are gathered: a request costs more than they do. Milliseconds. */
const GATHER_MS = 50

/** How long until it is tried again: doubled each time, milliseconds. */
const AGAIN_MS = 100
const AGAIN_MAX_MS = 2_000

export interface Outbox {
  add(lines: readonly string[]): void
}

/**
 * Sends lines in order, one request at a time, and keeps those that did not arrive.
 *
 * @param send Says whether they have arrived; never rejects.
 */
export function outbox(send: (lines: readonly string[]) => Promise<boolean>): Outbox {
  /** Changed in place: a copy of them all for a few lines costs more than the lines. */
  const waiting: string[] = []
  let isComing = false
  let againMs = AGAIN_MS

  /** @param keepAlive Whether the process waits for it: not for a page that is not there. */
  function come(inMs: number, keepAlive: boolean): void {
    isComing = true
    systemClock.setTimeout(() => void sendNext(), inMs, { keepAlive })
  }

  async function sendNext(): Promise<void> {
    const batch = waiting.splice(0, LINES_AT_ONCE)
    if (await send(batch)) {
      againMs = AGAIN_MS
      isComing = false
      if (waiting.length > 0) come(GATHER_MS, true)
      return
    }
    waiting.unshift(...batch)
    come(againMs, false)
    againMs = Math.min(againMs * 2, AGAIN_MAX_MS)
  }

  return {
    add(lines) {
      waiting.push(...lines)
      if (waiting.length > WAITING_MAX) waiting.splice(0, waiting.length - WAITING_MAX)
      if (!isComing) come(GATHER_MS, true)
    },
  }
}
