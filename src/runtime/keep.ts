import { createActor } from 'xstate'
import type { ChartEvent, RefreshInput } from '../../machines/types.ts'
import { sleep, within } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import type { Keeper, KeepOptions, Outcome } from '../core/outcome.ts'
import type { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { quietly } from '../core/user-code.ts'
import { endOf, inspecting, timersOf } from './machine.ts'
import type { Machine, Snapshot } from './machine.ts'
import { outcomeOf, tellEnd, unaskedOutcome } from './outcome.ts'
import type { End } from './outcome.ts'
import type { KeptRun, RefresherContext } from './context.ts'
import { STORE_AGAIN_MS, STORE_MS, UNCHANGED_MS } from './timing.ts'

/** From a set that must be renewed to a settled state. */
interface Work {
  /** Resolves when the actor has settled. */
  readonly ended: Promise<void>
  end(): void
  /** The refresh token that it began with. */
  readonly refreshToken: Secret | undefined
  readonly startedAt: number
}

/** A long-lived run of the chart. */
export function keepFresh<T extends TokenSet>(
  parts: RefresherContext,
  machine: Machine,
  input: RefreshInput,
  tokens: T,
  { onChanged, onSignIn }: KeepOptions<T>,
): Keeper<T> {
  const { settings, background, watch } = parts
  const { clock, provider } = settings
  const stopping = new AbortController()
  const watched = inspecting(watch?.run('long-lived', input))
  // A run that rests does not keep the process alive; one that holds a claim does.
  const isBusy = (): boolean => !actor.getSnapshot().hasTag('settled')
  const actor = createActor(machine, { input, clock: timersOf(clock, isBusy), ...watched })
  let stored = tokens
  let current: Outcome<T> = unaskedOutcome(tokens, clock.now(), settings)
  let storing: Promise<void> = Promise.resolve()
  /** Absent while the actor has settled. */
  let work: Work | undefined

  function begin({ context }: Snapshot): void {
    let end = (): void => {}
    const ended = background.add(new Promise<void>((resolve) => (end = resolve)))
    work = { ended, end, refreshToken: context.tokens.refreshToken, startedAt: clock.monotonic() }
  }

  function tell(end: End, { refreshToken, startedAt }: Work): void {
    const durationMs = clock.monotonic() - startedAt
    void background.add(tellEnd(parts, end, { refreshToken, callers: 1, durationMs }))
  }

  /** @throws If the application's storage has not ended in time: the set is offered again. */
  function inTime(work: () => void | Promise<void>): Promise<void> {
    return within<void, never>(clock, STORE_MS, work, () => {
      throw new RefreshError('timed_out')
    })
  }

  async function store(next: Outcome<T>): Promise<void> {
    while (next.changed) {
      try {
        await inTime(() => onChanged(next.tokens, stored))
        stored = next.tokens
        break
      } catch {
        if (stopping.signal.aborted || background.isDraining) return
        await sleep(clock, STORE_AGAIN_MS, stopping.signal)
      }
    }
    if (!next.changed) await sleep(clock, UNCHANGED_MS, stopping.signal)
    hear({ type: 'STORED', nowMs: clock.now() })
  }

  /** XState's development build complains of events for an actor that has ended. */
  function hear(event: ChartEvent): void {
    if (!stopping.signal.aborted && actor.getSnapshot().status === 'active') actor.send(event)
  }

  const kept: KeptRun = {
    isOf(grant, refreshToken) {
      const { tokens, position } = actor.getSnapshot().context
      return (
        position?.secret.expose() === grant || tokens.refreshToken?.equals(refreshToken) === true
      )
    },
    revoke: () => hear({ type: 'REVOKE' }),
  }
  const forgetDrain = background.onDrain(() => hear({ type: 'DRAIN' }))

  function forget(): void {
    parts.keptRuns.delete(kept)
    forgetDrain()
  }

  const look = (snapshot: Snapshot): void => {
    if (!snapshot.hasTag('settled')) {
      if (work === undefined) begin(snapshot)
      return
    }
    const before = current
    const end = endOf(snapshot, input)
    current = outcomeOf(end, stored, provider.id, parts.transport.canSignInSilently())
    if (work !== undefined) tell(end, work)
    if (snapshot.can({ type: 'STORED', nowMs: 0 })) storing = background.add(store(current))
    if (current.needsSignIn && !before.needsSignIn) {
      const outcome = current
      quietly(() => onSignIn?.(outcome))
    }
    work?.end()
    work = undefined
    if (end.isEnded) forget()
    if (stopping.signal.aborted) actor.stop()
  }

  actor.subscribe({ next: look, error: () => work?.end() })
  parts.keptRuns.add(kept)
  actor.start()

  async function stop(): Promise<void> {
    stopping.abort()
    forget()
    await work?.ended
    await storing
    actor.stop()
  }

  return {
    get current() {
      return current
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
