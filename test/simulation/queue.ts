/** What waits for its time. Of those with the same time the smaller order comes first. */
export interface Entry {
  atMs: number
  readonly order: number
}

export interface Queue<E extends Entry> {
  push(entry: E): void
  pop(): E | undefined
}

/** A binary heap: the earliest entry lies on top. */
export function queue<E extends Entry>(): Queue<E> {
  const heap: E[] = []

  /** Puts an entry at a place, and its parents below it, until it may lie there. */
  function rise(entry: E, from: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entry, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  /** Puts an entry on top, and the earlier of its children above it, until it may lie there. */
  function sink(entry: E): void {
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (!isBefore(heap[below]!, entry)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = entry
  }

  return {
    push: (entry) => rise(entry, heap.length),
    pop() {
      const top = heap[0]
      const last = heap.pop()
      if (heap.length > 0) sink(last!)
      return top
    },
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
