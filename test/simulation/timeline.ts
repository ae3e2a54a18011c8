import { START_MS } from '../../src/testing/schedule.ts'
import type { Process } from '../../src/testing/schedule.ts'
import type { Dice } from './dice.ts'
import { queue } from './queue.ts'
import type { Entry } from './queue.ts'

/** A process of the world, and its machine. */
export interface Host extends Process {
  /** What it does next never comes; what it sent is on its way. */
  kill(): void
  /** It stands still for so long, as if its machine was suspended; its clocks go on. */
  freeze(ms: number): void
  /** Sets the wall clock of its machine, against that of the world. */
  setClock(offMs: number): void
  readonly clockOffMs: number
  /** For how long it has stood still so far, milliseconds. */
  readonly frozenMs: number
}

/** Virtual time: whatever is to happen, in order. Steps cost no time but that which is drawn. */
export interface Timeline {
  /** Since the world began, whole milliseconds. */
  readonly nowMs: number
  /** What has happened so far. */
  readonly steps: number
  host(name: string): Host
  /** Of nobody's process. */
  sleep(ms: number): Promise<void>
  /** Lets things happen until there were so many, or it is over. */
  run(steps: number, isOver: () => boolean): Promise<void>
}

interface Life {
  isDead: boolean
  thawsAtMs: number
}

interface Event extends Entry {
  readonly owner: Life | undefined
  readonly happen: () => void
  isCancelled: boolean
}

/** The macrotask queue is behind every promise that can settle by itself. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** One in so many ways through the network is slow. Two slow ones still fit a call of the store. */
const SLOW_PART = 1 / 150
const LATENCY_MS = { quick: [1, 12], slow: [50, 900] } as const

export function createTimeline(dice: Dice): Timeline {
  const events = queue<Event>()
  let nowMs = 0
  let steps = 0

  function after(ms: number, owner: Life | undefined, happen: () => void): Event {
    // Of what happens in the same millisecond, chance decides which comes first.
    const atMs = nowMs + Math.max(0, Math.round(ms))
    const event = { atMs, order: dice.bits(), owner, happen, isCancelled: false }
    events.push(event)
    return event
  }

  function latencyMs(): number {
    const [least, most] = dice.chance(SLOW_PART) ? LATENCY_MS.slow : LATENCY_MS.quick
    return dice.between(least, most)
  }

  /** @returns The next event that takes place. */
  function next(): Event {
    for (;;) {
      const event = events.pop()
      if (event === undefined) throw new Error('nothing can happen any more')
      const { owner, isCancelled } = event
      if (isCancelled || owner?.isDead === true) continue
      if (owner === undefined || owner.thawsAtMs <= event.atMs) return event
      event.atMs = owner.thawsAtMs
      events.push(event)
    }
  }

  return {
    get nowMs() {
      return nowMs
    },
    get steps() {
      return steps
    },
    host(name) {
      const life: Life = { isDead: false, thawsAtMs: 0 }
      let offMs = 0
      let frozenMs = 0
      return {
        name,
        clock: {
          now: () => START_MS + nowMs + offMs,
          monotonic: () => nowMs,
          setTimeout: (callback, ms) => after(ms, life, callback),
          clearTimeout: (timer) => void ((timer as Event).isCancelled = true),
        },
        get isDead() {
          return life.isDead
        },
        step: () => new Promise((go) => void after(latencyMs(), life, go)),
        travel: () => new Promise((go) => void after(latencyMs(), undefined, go)),
        kill: () => void (life.isDead = true),
        freeze(ms) {
          const thawsAtMs = Math.max(life.thawsAtMs, nowMs + ms)
          frozenMs += thawsAtMs - Math.max(life.thawsAtMs, nowMs)
          life.thawsAtMs = thawsAtMs
        },
        setClock: (byMs) => void (offMs = byMs),
        get clockOffMs() {
          return offMs
        },
        get frozenMs() {
          return frozenMs - Math.max(0, life.thawsAtMs - nowMs)
        },
      }
    },
    sleep: (ms) => new Promise((go) => void after(ms, undefined, go)),
    async run(most, isOver) {
      while (!isOver() && steps < most) {
        const { atMs, happen } = next()
        nowMs = atMs
        steps += 1
        happen()
        await turn()
      }
    },
  }
}
