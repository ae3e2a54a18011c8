const REGISTRY = Symbol.for('refresh-once/flights/1')

/** Runs in the air, by what they are about. */
export type Flights = Map<string, Promise<unknown>>

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

/** Joins the flight of this name, or starts it. Without flights everybody starts their own. */
export function fly<R>(
  flights: Flights | undefined,
  name: string,
  start: () => Promise<R>,
): Promise<R> {
  if (flights === undefined) return start()
  const flying = flights.get(name) as Promise<R> | undefined
  if (flying !== undefined) return flying
  const flight = start().finally(() => flights.delete(name))
  flights.set(name, flight)
  return flight
}

function isWorkerd(): boolean {
  return typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'
}
