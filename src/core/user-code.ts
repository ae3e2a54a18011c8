/**
 * Calls a function of the application's that only looks on or takes something, and ignores how that
 * ends: what it throws, and what it rejects with now or later. An unhandled rejection would end the
 * process, right after a claim perhaps.
 */
export function quietly(call: () => unknown): void {
  void ending(call)
}

/** Waits for whatever comes back, a promise of another realm or any object with `then` as well. */
async function ending(call: () => unknown): Promise<void> {
  try {
    await call()
  } catch {
    // The failure is the application's own.
  }
}

/** What a getter or another function of the application's gives; nothing if it throws. */
export function attempt<R>(read: () => R): R | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
