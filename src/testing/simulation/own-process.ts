const FLIGHTS = Symbol.for('refresh-once/flights/1')

/** Makes a refresher that shares no run with others: it is of another process than they. */
export function inOwnProcess<R>(make: () => R): R {
  const holder = globalThis as { [FLIGHTS]?: unknown }
  const before = holder[FLIGHTS]
  holder[FLIGHTS] = new Map()
  try {
    return make()
  } finally {
    holder[FLIGHTS] = before
  }
}

/** Drops the rows of a memory store: whoever makes many of them has one of each name. */
export function forgetStore(name: string): void {
  const shared = (globalThis as Record<symbol, unknown>)[Symbol.for('refresh-once/memory-store/1')]
  ;(shared as Map<string, unknown> | undefined)?.delete(name)
}
