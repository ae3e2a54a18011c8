import type { Clock } from '../core/clock.ts'

/** A process of the world: it may be killed, and then none of its steps comes any more. */
export interface Process {
  readonly name: string
  /** After how many of its steps it dies. */
  readonly diesAt?: number | undefined
  /** A clock of its own: its timers die with it. */
  readonly clock: Clock
  readonly isDead: boolean
  /** Waits until this step is chosen; for ever, if the process dies. */
  step(label: string): Promise<void>
  /** On its way between processes: comes also if the process has died. */
  travel(label: string): Promise<void>
}

export interface Schedule {
  process(name: string, diesAt?: number): Process
  /** Time passes: timers fire in their order, and what they start is awaited. */
  pass(ms: number): Promise<void>
  readonly nowMs: number
  /** The number of steps that wait to be chosen. */
  readonly waiting: number
  /** One line for each step that was taken. */
  readonly story: string[]
  /**
   * Chooses step after step, until `isOver`, or everything is quiet.
   *
   * @throws {Error} When nothing can happen although `isDone` says no.
   */
  run(isDone: () => boolean, isOver: () => boolean): Promise<void>
}

/** A wall clock that begins in 2027. */
export const START_MS = 1_800_000_000_000

const STEPS_MAX = 5_000

/** The macrotask queue is behind every promise that can settle by itself. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export interface ScheduleOptions {
  /** Which of the waiting steps comes next, counted from the one that waits longest. */
  readonly choices: readonly number[]
  /** Called with the number of each step before it is chosen. */
  readonly beforeStep: (step: number) => Promise<void>
  readonly onCrash: () => void
  /** Until something has settled that is not of this world. `undefined`: nothing is to. */
  readonly userCode?: () => Promise<void> | undefined
}

/**
 * The order of all steps, and time.
 *
 * Like `fc.scheduler()`, whose orders cannot be shrunk: here an order is a list of numbers, and the
 * empty list is first come, first served.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { choices, beforeStep, onCrash, userCode } = options

  interface WaitingStep {
    readonly label: string
    readonly owner: Process | undefined
    readonly go: () => void
  }
  interface Timer {
    readonly atMs: number
    readonly owner: { isDead: boolean }
    readonly callback: () => void
  }
  const waiting: WaitingStep[] = []
  const timers = new Set<Timer>()
  const story: string[] = []
  let nowMs = 0
  const passing = new Set<symbol>()
  let chosen = 0

  /** All that settles by itself has settled. */
  async function quiet(): Promise<void> {
    await turn()
    for (let more = userCode?.(); more !== undefined; more = userCode?.()) {
      await more
      await turn()
    }
  }

  async function settle(): Promise<void> {
    do await quiet()
    while (passing.size > 0)
  }

  function nextTimer(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.owner.isDead) timers.delete(timer)
      else if (next === undefined || timer.atMs < next.atMs) next = timer
    }
    return next
  }

  function fire(timer: Timer): void {
    timers.delete(timer)
    nowMs = Math.max(nowMs, timer.atMs)
    timer.callback()
  }

  async function pass(ms: number): Promise<void> {
    const endMs = nowMs + ms
    const self = Symbol('passing')
    passing.add(self)
    for (let next = nextTimer(); next !== undefined && next.atMs <= endMs; next = nextTimer()) {
      fire(next)
      await quiet()
    }
    nowMs = endMs
    passing.delete(self)
  }

  function enqueue(label: string, owner: Process | undefined): Promise<void> {
    return new Promise((go) => waiting.push({ label, owner, go }))
  }

  return {
    process(name, diesAt) {
      let steps = 0
      const life = { isDead: false }
      const self: Process = {
        name,
        diesAt,
        clock: {
          now: () => START_MS + nowMs,
          monotonic: () => nowMs,
          setTimeout(callback, ms) {
            const timer = { atMs: nowMs + ms, owner: life, callback }
            timers.add(timer)
            return timer
          },
          clearTimeout: (timer) => void timers.delete(timer as Timer),
        },
        get isDead() {
          return life.isDead
        },
        step(label) {
          steps += 1
          if (!life.isDead && steps === diesAt) {
            life.isDead = true
            onCrash()
            story.push(`${name} crashes before: ${label}`)
          }
          return life.isDead ? new Promise(() => {}) : enqueue(`${name} ${label}`, self)
        },
        travel: (label) => enqueue(`${name} ${label}`, undefined),
      }
      return self
    },
    pass,
    get nowMs() {
      return nowMs
    },
    get waiting() {
      return waiting.length
    },
    story,
    async run(isDone, isOver) {
      for (let steps = 0; ; steps += 1) {
        await settle()
        if (isOver()) return
        if (steps > STEPS_MAX) throw new Error('it goes on for ever')
        if (waiting.length > 0) await beforeStep(chosen)
        const possible = waiting.filter(({ owner }) => owner?.isDead !== true)
        const next = possible[(choices[chosen] ?? 0) % (possible.length || 1)]
        if (next !== undefined) {
          chosen += 1
          waiting.splice(waiting.indexOf(next), 1)
          story.push(next.label)
          next.go()
          continue
        }
        const timer = nextTimer()
        if (timer === undefined && isDone()) return
        if (timer === undefined) throw new Error('nothing can happen any more')
        story.push(`time passes: ${timer.atMs - nowMs} ms, until a timer`)
        fire(timer)
      }
    },
  }
}

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

/** Drops the rows of a memory store: each world makes one, under a name of its own. */
export function forgetStore(name: string): void {
  const shared = (globalThis as Record<symbol, unknown>)[Symbol.for('refresh-once/memory-store/2')]
  ;(shared as Map<string, unknown> | undefined)?.delete(name)
}
