import type { RefreshContext } from '../../machines/refresh.types.ts'
import type { Clock } from '../core/clock.ts'

interface Times {
  readonly nowMs: number
  readonly elapsedMs: number
}

/** Does an actor's work, and says what time it is then. */
export async function timed<O extends object>(
  clock: Clock,
  { elapsedMs }: RefreshContext,
  work: () => Promise<O>,
): Promise<O & Times> {
  const startedAt = clock.monotonic()
  const output = await work()
  return {
    nowMs: clock.now(),
    elapsedMs: elapsedMs + clock.monotonic() - startedAt,
    ...output,
  }
}
