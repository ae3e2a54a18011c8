import { sleep, systemClock, type Clock } from '../core/clock.ts'
import { systemRandom, type Random } from '../core/random.ts'

/**
 * Calls `wake` when the row of a key may have changed, and once when it is sure to hear of changes.
 * It may stay silent for ever: a watch looks by itself, too.
 *
 * @returns Ends it.
 */
export type Listen = (key: string, wake: () => void) => () => void

export interface WatchOptions {
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly listen?: Listen | undefined
}

/** How long until the second look, and at most between two, milliseconds. */
const POLLING = { minMs: 10, maxMs: 250 } as const
/** The same where somebody tells of changes: for what is not heard. */
const LISTENING = { minMs: 100, maxMs: 1_000 } as const
const GROWTH = 1.5

/**
 * Makes the `changed` of a store that must look: jittered, so that those who wait for one row do
 * not look all at once, and rarer the longer it takes.
 *
 * @param look Reads a row.
 */
export function watching(
  look: (key: string) => Promise<{ readonly version: number }>,
  { clock = systemClock, random = systemRandom, listen }: WatchOptions = {},
): (key: string, version: number, signal: AbortSignal) => Promise<void> {
  const { minMs, maxMs } = listen ? LISTENING : POLLING

  return async (key, version, signal) => {
    if (signal.aborted) return
    let nap = new AbortController()
    let abort = (): void => {}
    const aborted = new Promise<void>((resolve) => (abort = resolve))
    const wake = (): void => nap.abort()
    signal.addEventListener('abort', wake)
    signal.addEventListener('abort', abort)
    const stop = listen?.(key, wake)
    try {
      for (let ms: number = minMs; ; ms = Math.min(ms * GROWTH, maxMs)) {
        const found = await Promise.race([look(key), aborted])
        if (signal.aborted || found?.version !== version) return
        // A hint that came during the look has cut this short already.
        await sleep(clock, ms * (0.5 + random.fraction()), nap.signal)
        if (signal.aborted) return
        nap = new AbortController()
      }
    } finally {
      stop?.()
      signal.removeEventListener('abort', wake)
      signal.removeEventListener('abort', abort)
    }
  }
}
