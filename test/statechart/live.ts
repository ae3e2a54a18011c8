import { createActor, fromPromise } from 'xstate'
import type { Actor, InspectionEvent } from 'xstate'
import { refreshMachine } from '../../machines/index.ts'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
  SettleOutput,
} from '../../machines/index.ts'
import { failedPresentation } from '../../src/core/failure.ts'
import type { ActorName, Machine, StateName } from './facts.ts'
import { pathOf } from './run.ts'

type Untimed<O> = O extends unknown ? Omit<O, 'nowMs' | 'elapsedMs'> : never
type Says<O> = (context: RefreshContext, signal: AbortSignal) => Untimed<O> | Promise<Untimed<O>>

/** What the actors say when they are asked. One that is not scripted must not be asked. */
export interface Script {
  readonly claim?: Says<ClaimOutput>
  readonly follow?: Says<FollowOutput>
  readonly present?: Says<PresentOutput>
  readonly settle?: Says<SettleOutput>
  readonly reload?: Says<ReloadOutput>
}

/** A presentation that was answered. What that means, `settle` says. */
export const SENT = {
  type: 'sent',
  sending: { presentation: failedPresentation('unknown'), sentAtMs: 0, endedAtMs: 0 },
} as const

/** A real actor, on a clock that moves when it is told to. */
export interface Live {
  readonly actor: Actor<Machine>
  readonly calls: readonly ActorName[]
  readonly inspected: readonly InspectionEvent[]
  /** Every timer that was ever set, milliseconds. */
  readonly timersMs: readonly number[]
  /** How many timers are set now. */
  pending(): number
  state(): StateName
  context(): RefreshContext
  nowMs(): number
  /** Lets the actors that run come to their end. */
  settle(): Promise<void>
  /** Lets time pass, timer by timer. */
  pass(ms: number): Promise<void>
  store(): Promise<void>
}

export function live(script: Script, input: RefreshInput): Live {
  const clock = fakeClock(input.nowMs)
  const calls: ActorName[] = []
  const inspected: InspectionEvent[] = []
  const beganMs = clock.nowMs()
  const timed = async <O>(
    name: ActorName,
    says: Says<O> | undefined,
    context: RefreshContext,
    signal: AbortSignal,
  ): Promise<O> => {
    calls.push(name)
    if (says === undefined) throw new Error(`${name} was not to be asked`)
    const output = await says(context, signal)
    const elapsedMs = clock.nowMs() - beganMs
    return { ...output, nowMs: clock.nowMs(), elapsedMs } as O
  }
  const actorOf = <O>(name: ActorName, says: Says<O> | undefined) =>
    fromPromise<O, RefreshContext>(({ input: context, signal }) =>
      timed(name, says, context, signal),
    )
  const actor = createActor(
    refreshMachine.provide({
      actors: {
        claim: actorOf('claim', script.claim),
        follow: actorOf('follow', script.follow),
        present: actorOf('present', script.present),
        settle: actorOf('settle', script.settle),
        reload: actorOf('reload', script.reload),
      },
    }),
    { input, clock, inspect: (event) => void inspected.push(event) },
  )
  actor.start()
  return {
    actor,
    calls,
    inspected,
    timersMs: clock.timersMs,
    pending: () => clock.pending(),
    state: () => pathOf(actor.getSnapshot().value),
    context: () => actor.getSnapshot().context,
    nowMs: () => clock.nowMs(),
    settle: microtasks,
    async pass(ms) {
      await microtasks()
      for (const untilMs = clock.nowMs() + ms; clock.step(untilMs);) await microtasks()
    },
    async store() {
      actor.send({ type: 'STORED', nowMs: clock.nowMs() })
      await microtasks()
    },
  }
}

/** More turns than any chain of promises here is long. */
async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
}

interface FakeClock {
  setTimeout(callback: () => void, ms: number): number
  clearTimeout(id: number): void
  nowMs(): number
  pending(): number
  /** Goes to the next timer that is due until then; if there is none, goes there. */
  step(untilMs: number): boolean
  readonly timersMs: readonly number[]
}

function fakeClock(startMs: number): FakeClock {
  const timers = new Map<number, { atMs: number; callback: () => void }>()
  const timersMs: number[] = []
  let nowMs = startMs
  return {
    timersMs,
    nowMs: () => nowMs,
    pending: () => timers.size,
    setTimeout(callback, ms) {
      const id = timersMs.push(ms)
      timers.set(id, { atMs: nowMs + ms, callback })
      return id
    },
    clearTimeout: (id) => void timers.delete(id),
    step(untilMs) {
      const [next] = [...timers].toSorted(([, a], [, b]) => a.atMs - b.atMs)
      if (next === undefined || next[1].atMs > untilMs) {
        nowMs = untilMs
        return false
      }
      const [id, { atMs, callback }] = next
      timers.delete(id)
      nowMs = atMs
      callback()
      return true
    },
  }
}
