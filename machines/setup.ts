import { assign, fromPromise, setup } from 'xstate'
import type { PromiseActorLogic } from 'xstate'
import { TIMEOUT_MAX_MS } from '../src/core/clock.ts'
import { freshForMs, restForMs, standing } from './freshness.ts'
import type {
  ChartEvent,
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  RefreshOutput,
  ReloadOutput,
  SettleOutput,
} from './types.ts'

/** The names that the states use: actors, delays, guards and actions. */
export function chartOf<C extends object, W extends object>() {
  type Context = RefreshContext<C, W>
  type Claimed = ClaimOutput<C, W>
  return setup({
    types: {
      context: {} as Context,
      input: {} as RefreshInput,
      output: {} as RefreshOutput,
      events: {} as ChartEvent,
      tags: {} as 'settled',
    },
    actors: {
      claim: placeholder<Claimed, Context>(),
      follow: placeholder<FollowOutput, Context>(),
      present: placeholder<PresentOutput, Context>(),
      settle: placeholder<SettleOutput, Context>(),
      reload: placeholder<ReloadOutput, Context>(),
    },
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

      isWon: (_, output: Claimed) => output.type === 'won',
      isAdopted: (_, output: Claimed) => output.type === 'adopted',
      isServed: ({ context }, output: Claimed) =>
        output.type === 'current' ||
        (output.type === 'adopted' &&
          standing(output.tokens, output.nowMs, context.demand) === 'fresh'),
      isAdoptedInReach: ({ context }, output: Claimed) =>
        output.type === 'adopted' && context.adoptions < context.maxAdoptions,
      isBusy: (_, output: Claimed) => output.type === 'busy',
      isBusyButUsable: ({ context }, output: Claimed) =>
        output.type === 'busy' && standing(context.tokens, output.nowMs, context.demand) !== 'dead',

      isChanged: (_, output: FollowOutput) => output.type === 'changed',

      isSent: (_, output: PresentOutput) => output.type === 'sent',
      isOverdue: (_, output: PresentOutput) => output.type === 'overdue',

      isRenewed: ({ context }, output: SettleOutput) =>
        output.type === 'granted' && output.position.generation !== context.position?.generation,
      isGranted: (_, output: SettleOutput) => output.type === 'granted',
      isAgain: (_, output: SettleOutput) => output.type === 'again',
      isRestartInReach: ({ context }, output: SettleOutput) =>
        output.type === 'restarted' && context.adoptions < context.maxAdoptions,
      isRestarted: (_, output: SettleOutput) => output.type === 'restarted',
      isRejected: (_, output: SettleOutput) => output.type === 'rejected',

      isAnother: (_, output: ReloadOutput) => output.type === 'another',

      isEnded: (_, output: Claimed | SettleOutput | ReloadOutput) => output.type === 'ended',
      /** A run whose access token is still good waits for no server: the token is served. */
      isDeferredInBudget: ({ context }, output: Claimed | SettleOutput) =>
        output.type === 'deferred' &&
        output.elapsedMs + output.retryInMs < context.budgetMs &&
        standing(context.tokens, output.nowMs, context.demand) === 'dead',
    },
    actions: {
      passLongestTimer: assign({ nowMs: ({ context }) => context.nowMs + TIMEOUT_MAX_MS }),
      passUntilDue: assign({ nowMs: ({ context }) => context.nowMs + freshForMs(context) }),
      passRest: assign({ nowMs: ({ context }) => context.nowMs + restForMs(context) }),
      passBackoff: assign({
        elapsedMs: ({ context }) => context.elapsedMs + (context.retryInMs ?? 0),
        problem: undefined,
        retryInMs: undefined,
      }),
      /** A long-lived run goes round: it counts anew. */
      startAnew: assign({
        ...COUNTS,
        callerGeneration: undefined,
        beganAtMs: undefined,
        problem: undefined,
        retryInMs: undefined,
      }),
      /** The application holds the set now: it is no longer one that was adopted. */
      markStored: assign(({ context }, { nowMs }: { readonly nowMs: number }) => ({
        nowMs,
        isCallersToken: true,
        hasGrantField: context.position !== undefined,
      })),
      countDeferral: assign({ attempt: ({ context }) => context.attempt + 1 }),
      countAdoption: assign({ adoptions: ({ context }) => context.adoptions + 1 }),

      storeClaim: assign((_, output: Claimed) => ({
        ...timesOf(output),
        ...UNSENT,
        ...(output.type === 'won' && { claim: output.claim, position: output.position }),
      })),
      storeWatch: assign((_, output: Claimed) => ({
        ...timesOf(output),
        ...(output.type === 'busy' && { watch: output.watch }),
      })),
      storeAdoptedSet: assign(({ context }, output: Claimed) => {
        const times = timesOf(output)
        switch (output.type) {
          case 'adopted':
            return {
              ...times,
              tokens: output.tokens,
              position: output.position,
              isCallersToken: false,
              callerGeneration: context.callerGeneration ?? output.callerGeneration,
            }
          case 'current':
            return {
              ...times,
              tokens: output.tokens,
              position: output.position,
              callerGeneration: context.callerGeneration ?? output.position.generation,
            }
          default:
            return times
        }
      }),
      storeSending: assign(({ context }, output: PresentOutput) => {
        const times = timesOf(output)
        if (output.type !== 'sent') return times
        return {
          ...times,
          sending: output.sending,
          presentations: context.presentations + 1,
          firstSentAtMs: context.firstSentAtMs ?? output.sending.sentAtMs,
        }
      }),
      storeGrantedSet: assign((_, output: SettleOutput) => {
        const times = { claim: undefined, ...UNSENT, ...timesOf(output) }
        if (output.type !== 'granted') return times
        return { ...times, tokens: output.tokens, position: output.position }
      }),
      storeReloadedSet: assign(({ context }, output: ReloadOutput) => {
        const times = { hasReloaded: true, problem: undefined, ...timesOf(output) }
        if (output.type !== 'another') return times
        const { tokens, position, isCallersToken } = output
        return {
          ...times,
          tokens,
          position,
          isCallersToken,
          callerGeneration: isCallersToken
            ? undefined
            : (context.callerGeneration ?? context.position?.generation),
        }
      }),
      dropClaim: assign((_, output: SettleOutput) => ({
        claim: undefined,
        ...UNSENT,
        ...timesOf(output),
      })),

      recordTimes: assign((_, output: FollowOutput | PresentOutput) => timesOf(output)),
      recordWait: assign((_, output: SettleOutput) => ({
        ...timesOf(output),
        ...(output.type === 'again' && { retryInMs: output.retryInMs }),
      })),
      recordProblem: assign(
        (_, output: Claimed | FollowOutput | PresentOutput | SettleOutput | ReloadOutput) => ({
          ...timesOf(output),
          ...troubleIn(output),
        }),
      ),
      recordSuperseded: assign(({ context }) => ({
        problem: { code: 'superseded' as const },
        retryInMs: context.recheckMs,
      })),
      recordRevocation: assign({ problem: { code: 'revoked' as const }, retryInMs: undefined }),
      recordDraining: assign({ problem: { code: 'draining' as const }, retryInMs: undefined }),
      recordBug: assign({ problem: { code: 'internal' as const }, claim: undefined }),
    },
  })
}

/** The context of a run that begins. */
export function contextOf(input: RefreshInput): RefreshContext<never, never> {
  const hasGrantField = input.position !== undefined
  return { ...input, ...COUNTS, ...UNSENT, hasGrantField, isCallersToken: true }
}

/** What a run counts from its beginning. */
const COUNTS = { elapsedMs: 0, adoptions: 0, attempt: 0, hasReloaded: false }

/** Nothing was sent under a claim yet. */
const UNSENT = { presentations: 0, firstSentAtMs: undefined, sending: undefined }

/** Hands the output of an actor to the guards and actions of a transition. */
export const when = <G extends string>(type: G): { type: G; params: typeof outputOf } => ({
  type,
  params: outputOf,
})

const outputOf = <O>({ event }: { event: { output: O } }): O => event.output

export const ENDED = {
  guard: when('isEnded'),
  target: '#refresh.revoked',
  actions: when('recordProblem'),
  description: 'The chain has ended, for every holder of its tokens.',
} as const

const DEFERRED = {
  guard: when('isDeferredInBudget'),
  target: '#refresh.expiring.backingOff',
  actions: when('recordProblem'),
  description: 'The refresh token is not spent, the access token is dead, and there is time.',
} as const

export const FAILED = {
  target: '#refresh.error',
  actions: when('recordProblem'),
  description: 'The step failed, and the tokens are kept.',
} as const

/** How a step fails, in the order in which it is asked. */
export const FAILING = [ENDED, DEFERRED, FAILED] as const

export const BROKEN = {
  target: '#refresh.error',
  actions: 'recordBug',
  description: 'The actor threw, which is a bug. The tokens are kept.',
} as const

export const REVOKED = {
  target: '#refresh.revoked',
  actions: 'recordRevocation',
  description: 'The application has revoked the chain.',
} as const

export const DRAINED = {
  target: '#refresh.error',
  actions: 'recordDraining',
  description: 'The refresher shuts down, and the run waits no longer.',
} as const

/** Stands for an actor that the runtime provides. */
function placeholder<O, I>(): PromiseActorLogic<O, I> {
  return fromPromise<O, I>(() => Promise.reject(new Error('actor not provided')))
}

/** The times that every output brings. */
function timesOf(output: {
  readonly nowMs: number
  readonly elapsedMs: number
  readonly beganAtMs?: number | undefined
}): Pick<RefreshContext, 'nowMs' | 'elapsedMs'> & Partial<Pick<RefreshContext, 'beganAtMs'>> {
  const { nowMs, elapsedMs, beganAtMs } = output
  return { nowMs, elapsedMs, ...(beganAtMs !== undefined && { beganAtMs }) }
}

/** What went wrong, and when it may be better. */
function troubleIn(
  output: ClaimOutput | FollowOutput | PresentOutput | SettleOutput | ReloadOutput,
): Pick<RefreshContext, 'problem' | 'retryInMs'> {
  switch (output.type) {
    case 'deferred':
    case 'failed':
      return { problem: output.problem, retryInMs: output.retryInMs }
    case 'ended':
    case 'rejected':
      return { problem: output.problem, retryInMs: undefined }
    default:
      return { problem: undefined, retryInMs: undefined }
  }
}
