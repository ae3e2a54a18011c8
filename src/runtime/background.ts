/** Exchanges that run to their end whatever their callers do. */
export interface Background {
  /** Whether new exchanges may begin. */
  readonly isDraining: boolean
  /** Keeps track of work until it ends; its failure is nobody's. */
  add<R>(work: Promise<R>): Promise<R>
  /** Lets no new exchange begin, and resolves when all that run have ended. */
  drain(): Promise<void>
}

export function background(): Background {
  const running = new Set<Promise<unknown>>()
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
      while (running.size > 0) await Promise.all(running)
    },
  }
}
