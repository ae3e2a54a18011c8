import type { Outcome } from '../core/outcome.ts'
import type { TokenSet } from '../core/token-set.ts'

export interface KeepOptions<T extends TokenSet> {
  /**
   * Stores a new set. The next refresh waits for it; if it rejects, it is called again with the
   * same set, later.
   */
  readonly onChanged: (next: T, previous: T) => void | Promise<void>
  /** Told once when only a new sign-in can help. */
  readonly onSignIn?: (outcome: Outcome<T>) => void
}

/** A set that keeps itself fresh. */
export interface Keeper<T extends TokenSet> extends AsyncDisposable {
  /** The newest outcome. */
  readonly current: Outcome<T>
  /** Stops the timers; an exchange under way runs to its end and is stored. */
  stop(): Promise<void>
}

/** A keeper that is still to come: until then, what its set looks like. */
export function keeperToCome<T extends TokenSet>(
  first: Outcome<T>,
  keeping: Promise<Keeper<T>>,
  failed: (error: unknown) => Outcome<T>,
): Keeper<T> {
  let current = first
  let keeper: Keeper<T> | undefined
  const come = keeping.then(
    (come) => void (keeper = come),
    (error: unknown) => void (current = failed(error)),
  )
  async function stop(): Promise<void> {
    await come
    await keeper?.stop()
  }
  return {
    get current() {
      return keeper?.current ?? current
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
