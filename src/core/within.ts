import type { Clock } from './clock.ts'

/**
 * Waits for work no longer than `ms` milliseconds. Work that is given up goes on, and what becomes
 * of it is nobody's.
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
