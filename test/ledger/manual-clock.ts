import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock that stands still until it is told. */
export interface ManualClock extends Clock {
  advance(ms: number): void
  /** Goes on to each next timer, until the promise has settled. Work in between takes no time. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Work of other threads, which the event loop does not see: no timer fires before its end. */
  work<T>(promise: Promise<T>): Promise<T>
  readonly timers: number
}

export function manualClock(startMs = 1_800_000_000_000): ManualClock {
  let nowMs = 0
  let working = 0
  const timers = new Set<Timer>()

  function advance(ms: number): void {
    const endMs = nowMs + ms
    for (;;) {
      const due = [...timers].filter(({ atMs }) => atMs <= endMs)
      const next = due.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      timers.delete(next)
      nowMs = Math.max(nowMs, next.atMs)
      next.callback()
    }
    nowMs = endMs
  }

  return {
    now: () => startMs + nowMs,
    monotonic: () => nowMs,
    setTimeout(callback, ms) {
      const timer = { atMs: nowMs + ms, callback }
      timers.add(timer)
      return timer
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    advance,
    async until(promise) {
      let isSettled = false
      const note = (): void => void (isSettled = true)
      promise.then(note, note)
      for (;;) {
        for (let turn = 0; turn < 3; turn += 1) await new Promise((turned) => setImmediate(turned))
        if (isSettled) return promise
        if (working > 0) continue
        const next = Math.min(...[...timers].map(({ atMs }) => atMs))
        if (Number.isFinite(next)) advance(next - nowMs)
      }
    },
    async work(promise) {
      working += 1
      try {
        return await promise
      } finally {
        working -= 1
      }
    },
    get timers() {
      return timers.size
    },
  }
}
