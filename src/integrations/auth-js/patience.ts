import type { Clock } from '../../core/clock.ts'

/** How long the calls for one token set have waited, one after the other or at once. */
interface Waiting {
  spentMs: number
  /** How many calls wait now. */
  active: number
  /** When `spentMs` was last counted, on the monotonic clock. */
  countedAtMs: number
}

/** A call for a token set that may wait no longer than `leftMs`. */
export interface PatientCall {
  readonly leftMs: number
  /** @param isGood Whether the call had what it came for: the next one may wait anew. */
  end(isGood: boolean): void
}

/**
 * Calls that come sooner than this after the last one belong to one request: the proxy, its layout
 * and its page. Next.js does not tell one from another, and gives each a module of its own.
 */
const PAUSE_MS = 1_000

const SHARED = Symbol.for('refresh-once/patience/1')

/** By refresh token. It lies on `globalThis`, because Next.js builds one module several times. */
function allWaiting(): Map<string, Waiting> {
  const shared = globalThis as { [SHARED]?: Map<string, Waiting> }
  return (shared[SHARED] ??= new Map())
}

/**
 * Begins a call that waits for a token set.
 *
 * Each part of a request asks for the session by itself. If the AS keeps silent, each would wait as
 * long as a call may, one after the other; so they share one budget.
 *
 * @param budgetMs What the calls of one request may wait in all, milliseconds.
 */
export function beginCall(token: string, budgetMs: number, clock: Clock): PatientCall {
  const all = allWaiting()
  const nowMs = clock.monotonic()
  for (const [each, { active, countedAtMs }] of all) {
    if (active > 0 || nowMs - countedAtMs <= PAUSE_MS) break
    all.delete(each)
  }
  const waiting = all.get(token) ?? { spentMs: 0, active: 0, countedAtMs: nowMs }
  const isAnew = waiting.active === 0 && nowMs - waiting.countedAtMs > PAUSE_MS
  if (isAnew) waiting.spentMs = 0
  count(waiting, nowMs)
  waiting.active += 1
  // The last comes last, so that those to forget come first.
  all.delete(token)
  all.set(token, waiting)

  return {
    leftMs: Math.max(0, budgetMs - waiting.spentMs),
    end(isGood) {
      count(waiting, clock.monotonic())
      waiting.active -= 1
      if (isGood && all.get(token) === waiting) all.delete(token)
    },
  }
}

/** Adds the time in which calls waited, once for all of them. */
function count(waiting: Waiting, nowMs: number): void {
  if (waiting.active > 0) waiting.spentMs += nowMs - waiting.countedAtMs
  waiting.countedAtMs = nowMs
}
