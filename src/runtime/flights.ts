const REGISTRY = Symbol.for('refresh-once/flights/1')

/** Who is on board. */
export interface Shared {
  /** How many callers wait for the run so far. */
  readonly callers: number
}

/** A run in the air, and all that it is about. */
interface Flight {
  readonly about: readonly unknown[]
  readonly end: Promise<unknown>
  readonly shared: { callers: number }
}

/** Runs in the air, by the refresh token that they present. */
export type Flights = Map<string, readonly Flight[]>

/**
 * The flights of this process, if it shares any. On `globalThis`, because bundlers build one module
 * several times; not where a promise may not outlive the request that made it (workerd).
 */
export function sharedFlights(): Flights | undefined {
  if (isWorkerd()) return undefined
  const holder = globalThis as { [REGISTRY]?: Flights }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/**
 * Joins the flight that is about the same, or starts it. Without flights everybody starts their
 * own.
 *
 * Compared, not made into one name: a thousand callers would each make a name of a kilobyte.
 */
export function fly<R>(
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

function isWorkerd(): boolean {
  return typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'
}
