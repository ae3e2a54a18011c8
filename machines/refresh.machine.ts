import { ANEW, chart, when } from './setup.ts'

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
