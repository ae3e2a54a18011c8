import type { Clock } from '../../core/clock.ts'

/** A wall clock that was set is followed from here on, milliseconds. */
const SET_MS = 50

/**
 * The wall clock with the monotonic one's fractions, so that lines of one millisecond have an
 * order.
 */
export function momentsOf(clock: Clock): () => number {
  let originMs = clock.now() - clock.monotonic()
  return () => {
    const monotonicMs = clock.monotonic()
    const offMs = clock.now() - monotonicMs - originMs
    if (Math.abs(offMs) > SET_MS) originMs += offMs
    return Math.round((originMs + monotonicMs) * 1000) / 1000
  }
}
