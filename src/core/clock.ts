/**
 * Time, as everything here asks for it. A test or a simulator passes its own.
 *
 * Only this file may touch the runtime's clocks and timers.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. Used for nothing but the expiry of tokens. */
  now(): number
  /** Milliseconds that never run backwards, from an arbitrary origin. Used for every deadline. */
  monotonic(): number
  /**
   * Calls back once, after `ms` milliseconds. A timer longer than 2^31-1 ms fires at that bound
   * (longer ones fire at once), so a caller that waits longer must look again when called.
   *
   * @param options.keepAlive Whether a pending timer keeps the process alive. Default `false`.
   */
  setTimeout(callback: () => void, ms: number, options?: { keepAlive?: boolean }): unknown
  clearTimeout(timer: unknown): void
}

/** The longest delay that `setTimeout` takes as it is, in milliseconds. */
export const TIMEOUT_MAX_MS = 2 ** 31 - 1

/** Added to `performance.now()`, which fake timers and their end put back. */
let offsetMs = 0
let latestMs = 0

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic() {
    const readMs = performance.now()
    if (readMs + offsetMs < latestMs) offsetMs = latestMs - readMs
    return (latestMs = readMs + offsetMs)
  },
  setTimeout(callback, ms, { keepAlive = false } = {}) {
    const timer: unknown = setTimeout(callback, Math.min(Math.max(ms, 0), TIMEOUT_MAX_MS))
    if (!keepAlive && isUnrefable(timer)) timer.unref()
    return timer
  },
  clearTimeout(timer) {
    clearTimeout(timer as Parameters<typeof clearTimeout>[0])
  },
}

/** What {@link timeOfDay} remembers between two calls. Plain data. */
export interface TimeOfDay {
  /** The time that was told last, epoch milliseconds. */
  latestMs: number
  /** Added to the monotonic clock, makes that time. */
  offsetMs: number
  /** By how much the wall clock is ahead of the time that is told. */
  aheadMs: number
  /** How much of the time the monotonic clock did not count. */
  sleptMs: number
}

/** A moment on both clocks of a host: while it sleeps, only the wall clock goes on. */
export interface HostMoment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** A wall clock that ran ahead of the monotonic one by this much says that the host slept. */
export const SLEPT_MS = 2_000

/** Wall clock and monotonic clock may part by this much before one of them has jumped. */
const JUMP_MS = 1_000

export function startOfDay(clock: Clock): TimeOfDay {
  const latestMs = clock.now()
  return { latestMs, offsetMs: latestMs - clock.monotonic(), aheadMs: 0, sleptMs: 0 }
}

/**
 * Tells a time of day that never runs backwards and counts sleep.
 *
 * A monotonic clock stands still while a laptop sleeps or a container is suspended, a wall clock is
 * set back and forth, and fake timers move both. So the time runs with the monotonic clock; when
 * the wall clock jumps ahead of it, the time jumps too; when it is set back, only later jumps
 * count.
 */
export function timeOfDay(clock: Clock, day: TimeOfDay): number {
  const monotonicMs = clock.monotonic()
  const wallMs = clock.now()
  if (monotonicMs + day.offsetMs < day.latestMs) day.offsetMs = day.latestMs - monotonicMs
  const jumpedMs = wallMs - (monotonicMs + day.offsetMs) - day.aheadMs
  if (jumpedMs > JUMP_MS) {
    day.offsetMs += jumpedMs
    day.sleptMs += jumpedMs
  }
  if (jumpedMs < -JUMP_MS) day.aheadMs += jumpedMs
  day.latestMs = monotonicMs + day.offsetMs
  return day.latestMs
}

/**
 * Resolves after `ms` milliseconds, or as soon as the signal aborts. Never rejects.
 *
 * The caller awaits it, so it keeps the process alive.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimeout(done, ms, { keepAlive: true })
    signal?.addEventListener('abort', done)
  })
}

function isUnrefable(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer
}

/**
 * Waits for work no longer than `ms` milliseconds. Work that is given up goes on, and its result or
 * error is ignored.
 *
 * @param late What to settle with when the time is over; may throw.
 */
export function within<R, L>(
  clock: Clock,
  ms: number,
  work: () => R | PromiseLike<R>,
  late: () => L,
): Promise<R | L> {
  return new Promise((resolve, reject) => {
    const working = Promise.resolve(work())
    const giveUp = (): void => {
      try {
        resolve(late())
      } catch (error) {
        reject(error)
      }
    }
    const timer = clock.setTimeout(giveUp, ms, { keepAlive: true })
    working.then(
      (result) => {
        clock.clearTimeout(timer)
        resolve(result)
      },
      (error: unknown) => {
        clock.clearTimeout(timer)
        reject(error)
      },
    )
  })
}
