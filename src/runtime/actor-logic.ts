import type { PromiseActorLogic } from 'xstate'
import type { RefreshContext, Times } from '../../machines/types.ts'
import type { Clock } from '../core/clock.ts'

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
export async function withTimes<O extends object>(
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
