import { assign, setup } from 'xstate'
import { TIMEOUT_MAX_MS } from '../src/core/clock.ts'
import type {
  ClaimOutput,
  FollowOutput,
  PresentOutput,
  RefreshContext,
  RefreshInput,
  ReloadOutput,
  Stored,
} from './refresh.types.ts'
import { timesOf, when } from './output.ts'
import { placeholders } from './placeholders.ts'
import { freshForMs, restForMs, standing } from './standing.ts'

const ANEW = { elapsedMs: 0, hops: 0, attempt: 0, reloaded: false }

const chart = setup({
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

/**
 * The life of one token set.
 *
 * It decides; the runtime provides the actors and takes no decision of its own. A _per-call_ run
 * ends at the first state tagged `settled`. A _long-lived_ run goes round: its timers, and
 * `STORED`, drive it.
 */
export const refreshMachine = chart.createMachine({
  id: 'refresh',
  context: ({ input }) => ({ ...input, ...ANEW, carried: input.place !== undefined, own: true }),
  initial: 'fresh',
  states: {
    fresh: {
      initial: 'judging',
      states: {
        // By itself, so that a set that is due starts no timer: most runs begin with one.
        judging: {
          always: [{ guard: 'isDue', target: '#refresh.expiring' }, { target: 'ageing' }],
        },
        ageing: {
          tags: ['settled', 'usable'],
          after: {
            freshFor: [
              { guard: 'isFarOff', target: 'judging', actions: 'passTime' },
              { target: '#refresh.expiring', actions: 'expire' },
            ],
          },
        },
      },
    },
    expiring: {
      initial: 'claiming',
      states: {
        claiming: {
          invoke: {
            src: 'claim',
            input: ({ context }) => context,
            onDone: [
              { guard: when('isWon'), target: '#refresh.refreshing', actions: when('hold') },
              { guard: when('isCurrent'), target: '#refresh.rotated', actions: when('adopt') },
              { guard: when('isAdoptedFresh'), target: '#refresh.rotated', actions: when('adopt') },
              {
                guard: when('isAdoptedInReach'),
                target: 'claiming',
                reenter: true,
                actions: [when('adopt'), 'hop'],
              },
              {
                guard: when('isAdopted'),
                target: '#refresh.error',
                actions: [when('adopt'), 'superseded'],
              },
              { guard: when('isBusyButUsable'), target: 'serving', actions: when('watch') },
              { guard: when('isBusy'), target: 'following', actions: when('watch') },
              { guard: when('isEnded'), target: '#refresh.revoked', actions: when('note') },
              {
                guard: when('isDeferredInBudget'),
                target: '#refresh.error.backingOff',
                actions: when('note'),
              },
              { target: '#refresh.error', actions: when('note') },
            ],
            onError: { target: '#refresh.error', actions: 'broken' },
          },
        },
        serving: {
          tags: ['settled', 'usable'],
          after: { recheck: 'claiming' },
        },
        following: {
          invoke: {
            src: 'follow',
            input: ({ context }) => context,
            onDone: [
              { guard: when('isChanged'), target: 'claiming', actions: when('tick') },
              { target: '#refresh.error', actions: when('note') },
            ],
            onError: { target: '#refresh.error', actions: 'broken' },
          },
        },
      },
    },
    refreshing: {
      initial: 'presenting',
      states: {
        presenting: {
          invoke: {
            src: 'present',
            input: ({ context }) => context,
            onDone: [
              { guard: when('isGranted'), target: '#refresh.rotated', actions: when('take') },
              {
                guard: when('isRestartInReach'),
                target: '#refresh.expiring',
                actions: [when('drop'), 'hop'],
              },
              {
                guard: when('isRestarted'),
                target: '#refresh.error',
                actions: [when('drop'), 'superseded'],
              },
              {
                guard: when('isAgain'),
                target: 'presenting',
                reenter: true,
                actions: when('again'),
              },
              { guard: when('isRejected'), target: 'reloading', actions: when('note') },
              { guard: when('isEnded'), target: '#refresh.revoked', actions: when('note') },
              {
                guard: when('isDeferredInBudget'),
                target: '#refresh.error.backingOff',
                actions: when('note'),
              },
              { target: '#refresh.error', actions: when('note') },
            ],
            onError: { target: '#refresh.error', actions: 'broken' },
          },
        },
        reloading: {
          invoke: {
            src: 'reload',
            input: ({ context }) => context,
            onDone: [
              { guard: when('isAnother'), target: '#refresh.expiring', actions: when('switch') },
              { guard: when('isEnded'), target: '#refresh.revoked', actions: when('note') },
              { target: '#refresh.error', actions: when('note') },
            ],
            onError: { target: '#refresh.error', actions: 'broken' },
          },
        },
      },
    },
    rotated: {
      tags: ['settled', 'usable'],
      on: {
        STORED: {
          target: 'fresh',
          actions: [{ type: 'stored', params: ({ event }) => event }, 'begin', 'own'],
        },
      },
    },
    error: {
      initial: 'resting',
      states: {
        backingOff: {
          after: { backoff: { target: '#refresh.expiring', actions: 'countAttempt' } },
        },
        resting: {
          tags: 'settled',
          after: {
            rest: { guard: 'isRetryable', target: '#refresh.expiring', actions: ['rest', 'begin'] },
          },
        },
      },
    },
    revoked: { tags: 'settled', type: 'final' },
  },
})
