import { assign, fromPromise, setup } from 'xstate'
import type { PromiseActorLogic } from 'xstate'
import { TIMEOUT_MAX_MS } from '../src/core/clock.ts'
import { freshForMs, restForMs, standing } from './freshness.ts'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
  Stored,
} from './types.ts'

const notProvided = (): Promise<never> => Promise.reject(new Error('actor not provided'))

/** The actors of the chart by name and type; whoever runs it provides them. */
const placeholders: {
  readonly claim: PromiseActorLogic<ClaimOutput, RefreshContext>
  readonly follow: PromiseActorLogic<FollowOutput, RefreshContext>
  readonly present: PromiseActorLogic<PresentOutput, RefreshContext>
  readonly reload: PromiseActorLogic<ReloadOutput, RefreshContext>
} = {
  claim: fromPromise<ClaimOutput, RefreshContext>(notProvided),
  follow: fromPromise<FollowOutput, RefreshContext>(notProvided),
  present: fromPromise<PresentOutput, RefreshContext>(notProvided),
  reload: fromPromise<ReloadOutput, RefreshContext>(notProvided),
}

/** Hands the output of an actor to the guards and actions of a transition. */
const output = <O>({ event }: { event: { output: O } }): O => event.output
export const when = <G extends string>(type: G): { type: G; params: typeof output } => ({
  type,
  params: output,
})

/** The times that every output brings. */
function timesOf(
  output: ClaimOutput | FollowOutput | PresentOutput | ReloadOutput,
): Partial<RefreshContext> {
  const { nowMs, elapsedMs, beganAtMs } = output
  return { nowMs, elapsedMs, ...(beganAtMs !== undefined && { beganAtMs }) }
}

export const ANEW = { elapsedMs: 0, hops: 0, attempt: 0, reloaded: false }

export const chart = setup({
  types: {
    context: {} as RefreshContext,
    input: {} as RefreshInput,
    events: {} as Stored,
    tags: {} as 'settled' | 'usable',
  },
  actors: placeholders,
  delays: {
    freshFor: ({ context }) => Math.min(freshForMs(context), TIMEOUT_MAX_MS),
    recheck: ({ context }) => context.recheckMs,
    backoff: ({ context }) => context.retryInMs ?? 0,
    rest: ({ context }) => restForMs(context),
  },
  guards: {
    isDue: ({ context }) => standing(context.tokens, context.nowMs, context.demand) !== 'fresh',
    isFarOff: ({ context }) => freshForMs(context) > TIMEOUT_MAX_MS,
    isRetryable: ({ context }) => context.retryInMs !== undefined,

    isWon: (_, output: ClaimOutput) => output.type === 'won',
    isCurrent: (_, output: ClaimOutput) => output.type === 'current',
    isAdopted: (_, output: ClaimOutput) => output.type === 'adopted',
    isAdoptedFresh: ({ context }, output: ClaimOutput) =>
      output.type === 'adopted' &&
      standing(output.tokens, output.nowMs, context.demand) === 'fresh',
    isAdoptedInReach: ({ context }, output: ClaimOutput) =>
      output.type === 'adopted' && context.hops < context.maxHops,
    isBusy: (_, output: ClaimOutput) => output.type === 'busy',
    isBusyButUsable: ({ context }, output: ClaimOutput) =>
      output.type === 'busy' && standing(context.tokens, output.nowMs, context.demand) !== 'dead',

    isChanged: (_, output: FollowOutput) => output.type === 'changed',
    isGranted: (_, output: PresentOutput) => output.type === 'granted',
    isRestartInReach: ({ context }, output: PresentOutput) =>
      output.type === 'restarted' && context.hops < context.maxHops,
    isRestarted: (_, output: PresentOutput) => output.type === 'restarted',
    isAgain: (_, output: PresentOutput) => output.type === 'again',
    isRejected: (_, output: PresentOutput) => output.type === 'rejected',

    isAnother: (_, output: ReloadOutput) => output.type === 'another',
    isEnded: (_, output: ClaimOutput | PresentOutput | ReloadOutput) => output.type === 'ended',
    isDeferredInBudget: ({ context }, output: ClaimOutput | PresentOutput) =>
      output.type === 'deferred' && output.elapsedMs + output.retryInMs < context.budgetMs,
  },
  actions: {
    /** Starts counting anew: a long-lived run goes round. */
    begin: assign({
      ...ANEW,
      came: undefined,
      beganAtMs: undefined,
      problem: undefined,
      retryInMs: undefined,
    }),
    /** The application holds the set now: it is no longer one that was adopted. */
    own: assign({ own: true, carried: ({ context }) => context.place !== undefined }),
    passTime: assign({ nowMs: ({ context }) => context.nowMs + TIMEOUT_MAX_MS }),
    rest: assign({ nowMs: ({ context }) => context.nowMs + restForMs(context) }),
    expire: assign({ nowMs: ({ context }) => context.nowMs + freshForMs(context) }),
    stored: assign({ nowMs: (_, at: Stored) => at.nowMs }),
    hold: assign((_, output: ClaimOutput) => ({
      ...timesOf(output),
      ...(output.type === 'won' && { claim: output.claim, place: output.place }),
    })),
    watch: assign((_, output: ClaimOutput) => ({
      ...timesOf(output),
      ...(output.type === 'busy' && { watch: output.watch }),
    })),
    adopt: assign(({ context }, output: ClaimOutput) => {
      const times = timesOf(output)
      if (output.type !== 'adopted' && output.type !== 'current') return times
      const { tokens, place } = output
      const isCurrent = output.type === 'current'
      return {
        ...times,
        tokens,
        place,
        own: isCurrent && context.own,
        came: context.came ?? (isCurrent ? place.generation : output.came),
      }
    }),
    hop: assign({ hops: ({ context }) => context.hops + 1 }),
    /** Takes over the set that this run obtained. */
    take: assign((_, output: PresentOutput) => {
      const times = { claim: undefined, ...timesOf(output) }
      if (output.type !== 'granted') return times
      return { ...times, tokens: output.tokens, place: output.place }
    }),
    again: assign((_, output: PresentOutput) => timesOf(output)),
    drop: assign((_, output: PresentOutput) => ({ claim: undefined, ...timesOf(output) })),
    /** Goes on with the set that the caller's storage holds, or the ledger. */
    switch: assign(({ context }, output: ReloadOutput) => {
      const times = { reloaded: true, problem: undefined, ...timesOf(output) }
      if (output.type !== 'another') return times
      return {
        ...times,
        tokens: output.tokens,
        place: output.place,
        own: output.own,
        came: output.own ? undefined : (context.came ?? context.place?.generation),
      }
    }),
    tick: assign((_, output: FollowOutput) => timesOf(output)),
    /** Notes what is wrong, and when it may be better. */
    note: assign((_, output: ClaimOutput | FollowOutput | PresentOutput | ReloadOutput) => ({
      ...timesOf(output),
      problem: 'problem' in output ? output.problem : undefined,
      retryInMs: 'retryInMs' in output ? output.retryInMs : undefined,
    })),
    countAttempt: assign({
      attempt: ({ context }) => context.attempt + 1,
      elapsedMs: ({ context }) => context.elapsedMs + (context.retryInMs ?? 0),
      problem: undefined,
      retryInMs: undefined,
    }),
    superseded: assign(({ context }) => ({
      problem: { code: 'superseded' as const },
      retryInMs: context.recheckMs,
    })),
    broken: assign({ problem: { code: 'internal' as const }, claim: undefined }),
  },
})
