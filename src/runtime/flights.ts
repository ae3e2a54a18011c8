const REGISTRY = Symbol.for('refresh-once/flights/1')

/** Runs in the air, by what they are about. */
export type Flights = Map<string, Promise<unknown>>

/**
 * The flights of this process. On `globalThis`, because bundlers build one module several times; not
 * where a promise may not outlive the request that made it (workerd).
 */
export function sharedFlights(): Flights {
  if (isWorkerd()) return new Map()
  const holder = globalThis as { [REGISTRY]?: Flights }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/** Joins the flight of this name, or starts it. */
export function fly<R>(flights: Flights, name: string, start: () => Promise<R>): Promise<R> {
  const flying = flights.get(name) as Promise<R> | undefined
  if (flying !== undefined) return flying
  const flight = start().finally(() => flights.delete(name))
  flights.set(name, flight)
  return flight
}

function isWorkerd(): boolean {
  return typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'
}
