import { createActor, fromPromise } from 'xstate'
import type { PromiseActorLogic, SnapshotFrom } from 'xstate'
import { refreshMachineOf } from '../../machines/refresh.machine.ts'
import type { FollowOutput, RefreshContext, RefreshInput, Times } from '../../machines/types.ts'
import { sleep } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { OutcomeState } from '../core/outcome.ts'
import { claimToken } from './actors/claim.ts'
import type { ClaimHandle, RunContext, WatchHandle } from './actors/claim.ts'
import { reloadTokens } from './actors/reload.ts'
import { presentToken } from './actors/present.ts'
import { settlePresentation } from './actors/settle.ts'
import type { Watched } from './inspect/watch.ts'
import { problemOf } from './outcome.ts'
import type { End } from './outcome.ts'
import type { Timeless } from './outputs.ts'
import type { RefresherContext } from './context.ts'

/** The chart with the handles that this runtime's actors hand each other. */
const chart: ReturnType<typeof refreshMachineOf<ClaimHandle, WatchHandle>> = refreshMachineOf()

export type Machine = typeof chart
export type Snapshot = SnapshotFrom<Machine>

/** The chart with its actors. Made once per refresher: providing them costs 0.1 ms. */
export function machineOf(parts: RefresherContext): Machine {
  const { clock } = parts.settings
  const actor = <O extends object>(
    work: (parts: RefresherContext, context: RunContext) => Promise<O>,
  ): PromiseActorLogic<O & Times, RunContext> =>
    uncancellable((context) => withTimes(clock, context, () => work(parts, context)))
  return chart.provide({
    actors: {
      claim: actor(claimToken),
      follow: fromPromise(({ input, signal }: { input: RunContext; signal: AbortSignal }) =>
        withTimes(clock, input, () => followHolder(parts, input, signal)),
      ),
      present: actor(presentToken),
      settle: actor(settlePresentation),
      reload: actor(reloadTokens),
    },
  })
}

/** Waits until another holder's presentation may be over, or it is overdue, or patience ends. */
async function followHolder(
  { ledger, settings }: RefresherContext,
  { watch, elapsedMs, budgetMs }: RunContext,
  signal: AbortSignal,
): Promise<Timeless<FollowOutput>> {
  if (watch === undefined) return { type: 'failed', problem: { code: 'internal' } }
  const { chain, view, position } = watch
  const { claim, nowMs } = view
  const claimMs = claim?.row?.kind === 'claimed' ? claim.row.claimMs : 0
  const overdueInMs = Math.max(0, (claim?.writtenAtMs ?? nowMs) + claimMs - nowMs)
  const leftMs = budgetMs - elapsedMs
  if (leftMs <= 0) return { type: 'failed', problem: { code: 'busy' }, retryInMs: overdueInMs }
  const stop = new AbortController()
  const abort = (): void => stop.abort('over')
  signal.addEventListener('abort', abort)
  try {
    const over = sleep(settings.clock, Math.min(overdueInMs, leftMs), stop.signal)
    await Promise.race([ledger.watch(chain, view, position, stop.signal), over])
    return { type: 'changed' }
  } catch (error) {
    return { type: 'failed', problem: problemOf(error) }
  } finally {
    signal.removeEventListener('abort', abort)
    stop.abort('over')
  }
}

/** The runtime's clock as XState takes one. */
export function timersOf(
  clock: Clock,
  keepAlive: () => boolean,
): {
  setTimeout(callback: (...args: unknown[]) => void, ms: number): unknown
  clearTimeout(timer: unknown): void
} {
  return {
    setTimeout: (callback, ms) =>
      clock.setTimeout(() => callback(), ms, { keepAlive: keepAlive() }),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  }
}

/**
 * A per-call run: from a set that is not fresh to the first settled state.
 *
 * @param onHeard Called when the ledger has answered.
 */
export function run(
  machine: Machine,
  clock: Clock,
  input: RefreshInput,
  watched?: Watched,
  onHeard?: () => void,
): Promise<End> {
  return new Promise((resolve, reject) => {
    const actor = createActor(machine, {
      input,
      clock: timersOf(clock, () => true),
      ...inspecting(watched),
    })
    const look = (snapshot: Snapshot): void => {
      if (!snapshot.matches({ expiring: 'claiming' })) onHeard?.()
      if (!snapshot.hasTag('settled')) return
      resolve(endOf(snapshot, input))
      actor.stop()
    }
    actor.subscribe({ next: look, error: reject })
    actor.start()
    look(actor.getSnapshot())
  })
}

/** Who inspects a run, as XState takes it. */
export function inspecting(watched: Watched | undefined): Partial<Pick<Watched, 'inspect'>> {
  return watched === undefined ? {} : { inspect: watched.inspect }
}

export function endOf(snapshot: Snapshot, { tokens }: Pick<RefreshInput, 'tokens'>): End {
  const { value, context, status } = snapshot
  const state = (typeof value === 'string' ? value : Object.keys(value)[0]) as OutcomeState
  return { state, isEnded: status === 'done', first: tokens, context }
}

type Logic<O, I> = PromiseActorLogic<O, I>

/**
 * An actor whose work runs to its end although the actor is stopped: XState's `fromPromise` without
 * its `AbortController`. Two of those are some per cent of a refresh's own processor time.
 */
export function uncancellable<O, I>(work: (input: I) => Promise<O>): Logic<O, I> {
  return {
    transition(snapshot, event) {
      if (snapshot.status !== 'active') return snapshot
      const { input } = snapshot
      switch (event.type) {
        case 'done':
          return { status: 'done', output: event['output'] as O, error: undefined, input }
        case 'threw':
          return { status: 'error', output: undefined, error: event['error'], input }
        case 'xstate.stop':
          return { status: 'stopped', output: undefined, error: undefined, input }
        default:
          return snapshot
      }
    },
    start({ status, input }, { self }) {
      if (status !== 'active') return
      const tell = (event: { type: string; [field: string]: unknown }): void => {
        if (self.getSnapshot().status === 'active') self.send(event)
      }
      work(input as I).then(
        (output) => tell({ type: 'done', output }),
        (error: unknown) => tell({ type: 'threw', error }),
      )
    },
    getInitialSnapshot: (_, input) => ({
      status: 'active',
      output: undefined,
      error: undefined,
      input,
    }),
    getPersistedSnapshot: (snapshot) => snapshot,
  }
}

/** Does an actor's work, and says what time it is then. */
async function withTimes<O extends object>(
  clock: Clock,
  { elapsedMs }: Pick<RefreshContext, 'elapsedMs'>,
  work: () => Promise<O>,
): Promise<O & Times> {
  const startedAt = clock.monotonic()
  const output = await work()
  return {
    nowMs: clock.now(),
    elapsedMs: elapsedMs + clock.monotonic() - startedAt,
    ...output,
  }
}
