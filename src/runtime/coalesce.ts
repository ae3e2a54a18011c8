import { isWorkerd } from '../core/host.ts'

const REGISTRY = Symbol.for('refresh-once/flights/1')

/** Counts the callers who share one run. */
export interface Shared {
  readonly callers: number
}

/** A run under way, and all that must be equal for a caller to share it. */
interface Flight {
  readonly about: readonly unknown[]
  readonly end: Promise<unknown>
  readonly shared: { callers: number }
}

/** Runs under way, by the refresh token that they present. */
export type Flights = Map<string, readonly Flight[]>

/**
 * The runs of this process that callers may share. They lie on `globalThis`, because bundlers build
 * one module several times. `undefined` on workerd, where a promise may not outlive the request
 * that made it.
 */
export function sharedFlights(): Flights | undefined {
  if (isWorkerd()) return undefined
  const holder = globalThis as { [REGISTRY]?: Flights }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/**
 * Joins the run that is about the same, or starts one. Without `flights` each caller starts its
 * own.
 *
 * The values are compared, and not joined into one key: a thousand callers would each build a key
 * of a kilobyte.
 */
export function coalesce<R>(
  flights: Flights | undefined,
  token: string,
  about: readonly unknown[],
  start: (shared: Shared) => Promise<R>,
): Promise<R> {
  if (flights === undefined) return start({ callers: 1 })
  const flying = flights.get(token)?.find((flight) => isSame(flight.about, about))
  if (flying !== undefined) {
    flying.shared.callers += 1
    return flying.end as Promise<R>
  }
  const shared = { callers: 1 }
  const end = start(shared).finally(() => {
    const others = flights.get(token)?.filter((flight) => flight.end !== end) ?? []
    if (others.length > 0) flights.set(token, others)
    else flights.delete(token)
  })
  flights.set(token, [...(flights.get(token) ?? []), { about, end, shared }])
  return end
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}

/** Runs that go on to their end, also if their callers stop waiting. */
export interface Background {
  readonly isDraining: boolean
  /** Keeps track of work until it ends. Ignores its failure, which the caller handles. */
  add<R>(work: Promise<R>): Promise<R>
  /** Lets no new exchange begin, and resolves when all that run have ended. */
  drain(): Promise<void>
  /** Calls `tell` when draining begins. Returns what forgets it. */
  onDrain(tell: () => void): () => void
}

export function background(): Background {
  const running = new Set<Promise<unknown>>()
  const listeners = new Set<() => void>()
  let isDraining = false
  return {
    get isDraining() {
      return isDraining
    },
    add(work) {
      const done: Promise<unknown> = work.then(
        () => running.delete(done),
        () => running.delete(done),
      )
      running.add(done)
      return work
    },
    async drain() {
      isDraining = true
      for (const tell of listeners) tell()
      while (running.size > 0) await Promise.all(running)
    },
    onDrain(tell) {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
  }
}
