import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly atMs: number
  readonly ms: number
  readonly callback: () => void
}

/** A clock that stands still until a test moves it. Work of real servers takes no time on it. */
export interface HandClock extends Clock {
  /** Lets time pass, and fires the timers that fall due, in order. */
  advance(ms: number): void
  /** Sets this host's wall clock, and nothing else, forward or back. */
  skew(ms: number): void
  /** Resolves as soon as a timer is pending that was set for so long. */
  timer(isMeant: (ms: number) => boolean): Promise<void>
  /** Fires the timers that a test means, each in its turn, until the work has ended. */
  through<T>(work: Promise<T>, isMeant: (ms: number) => boolean): Promise<T>
  /** What is pending: for how long each was set, milliseconds. */
  readonly pending: readonly number[]
}

export function handClock(startMs = 1_800_000_000_000): HandClock {
  let passedMs = 0
  let skewMs = 0
  const timers = new Set<Timer>()
  const waiting = new Set<() => void>()

  const clock: HandClock = {
    now: () => startMs + passedMs + skewMs,
    monotonic: () => passedMs,
    setTimeout(callback, ms) {
      const timer = { atMs: passedMs + Math.max(ms, 0), ms, callback }
      timers.add(timer)
      for (const look of waiting) look()
      // It is due, and needs no time to pass.
      if (ms <= 0) setImmediate(() => timers.delete(timer) && callback())
      return timer
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    skew(ms) {
      skewMs += ms
    },
    advance(ms) {
      const endMs = passedMs + ms
      for (;;) {
        const due = [...timers].filter(({ atMs }) => atMs <= endMs)
        const next = due.toSorted((a, b) => a.atMs - b.atMs)[0]
        if (next === undefined) break
        timers.delete(next)
        passedMs = Math.max(passedMs, next.atMs)
        next.callback()
      }
      passedMs = endMs
    },
    timer(isMeant) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (![...timers].some(({ ms }) => isMeant(ms))) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
    },
    async through(work, isMeant) {
      let isOver = false
      const over = work.then(
        () => (isOver = true),
        () => (isOver = true),
      )
      for (;;) {
        await Promise.race([over, clock.timer(isMeant)])
        if (isOver) return work
        const meant = [...timers].filter(({ ms }) => isMeant(ms)).map(({ atMs }) => atMs)
        // One may have been cleared as soon as it was set.
        if (meant.length > 0) clock.advance(Math.min(...meant) - passedMs)
        await new Promise((turned) => setImmediate(turned))
      }
    },
    get pending() {
      return [...timers].map(({ ms }) => ms)
    },
  }
  return clock
}

/** Something that a test holds back until it lets go. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
