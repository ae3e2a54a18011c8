import {
  BROKEN,
  chartOf,
  contextOf,
  DRAINED,
  ENDED,
  FAILED,
  FAILING,
  REVOKED,
  when,
} from './setup.ts'

/**
 * The life of one token set.
 *
 * Actors bring facts, and the chart decides by them where the run goes. A _per-call_ run ends at
 * the first state tagged `settled`. A _long-lived_ run goes round: its timers and its events drive
 * it. `C` and `W` are the handles of {@link RefreshContext}.
 */
export function refreshMachineOf<C extends object = object, W extends object = object>() {
  return chartOf<C, W>().createMachine({
    id: 'refresh',
    context: ({ input }) => contextOf(input),
    output: ({ context: { tokens, position, problem } }) => ({ tokens, position, problem }),
    initial: 'fresh',
    states: {
      fresh: {
        description: 'The access token is good for longer than it is renewed ahead.',
        initial: 'judging',
        states: {
          judging: {
            description: 'Compares the expiry with the clock. A set that is due starts no timer.',
            always: [
              {
                guard: 'isDue',
                target: '#refresh.expiring',
                description: 'The access token has to be renewed.',
              },
              { target: 'ageing', description: 'The access token is good for a while.' },
            ],
          },
          ageing: {
            description: 'Waits until the set is due, timer by timer if that is far off.',
            tags: 'settled',
            after: {
              freshFor: [
                {
                  guard: 'isFarOff',
                  target: 'judging',
                  actions: 'passLongestTimer',
                  description: 'The longest timer is over, and the set is not due yet.',
                },
                {
                  target: '#refresh.expiring',
                  actions: 'passUntilDue',
                  description: 'The set is due.',
                },
              ],
            },
            on: { REVOKE: REVOKED },
          },
        },
      },
      expiring: {
        description: 'The access token has to be renewed, and the ledger says who presents.',
        initial: 'claiming',
        states: {
          claiming: {
            description: 'Asks the ledger for the right to present the refresh token.',
            invoke: {
              src: 'claim',
              input: ({ context }) => context,
              onDone: [
                {
                  guard: when('isWon'),
                  target: '#refresh.refreshing',
                  actions: when('storeClaim'),
                  description: 'The claim is won: this run presents.',
                },
                {
                  guard: when('isServed'),
                  target: '#refresh.rotated.adopted',
                  actions: when('storeAdoptedSet'),
                  description: 'The ledger holds a token set that is what is needed.',
                },
                {
                  guard: when('isAdoptedInReach'),
                  target: 'claiming',
                  reenter: true,
                  actions: [when('storeAdoptedSet'), 'countAdoption'],
                  description: 'The ledger holds a newer token set that has to be renewed itself.',
                },
                {
                  guard: when('isAdopted'),
                  target: '#refresh.error',
                  actions: [when('storeAdoptedSet'), 'recordSuperseded'],
                  description: 'The chain moves on faster than this run can follow.',
                },
                {
                  guard: when('isBusyButUsable'),
                  target: 'serving',
                  actions: when('storeWatch'),
                  description: 'Another holder presents, and the access token is still good.',
                },
                {
                  guard: when('isBusy'),
                  target: 'following',
                  actions: when('storeWatch'),
                  description: 'Another holder presents, and the access token is dead.',
                },
                ...FAILING,
              ],
              onError: BROKEN,
            },
          },
          serving: {
            description: 'Another holder presents. The access token is served meanwhile.',
            tags: 'settled',
            after: { recheck: { target: 'claiming', description: 'It is time to look again.' } },
            on: { REVOKE: REVOKED },
          },
          following: {
            description: 'Another holder presents. The run waits for what it writes.',
            invoke: {
              src: 'follow',
              input: ({ context }) => context,
              onDone: [
                {
                  guard: when('isChanged'),
                  target: 'claiming',
                  actions: when('recordTimes'),
                  description: 'A row has changed, or the other claim is overdue.',
                },
                FAILED,
              ],
              onError: BROKEN,
            },
            on: { REVOKE: REVOKED, DRAIN: DRAINED },
          },
          backingOff: {
            description: 'The refresh token is not spent. The run waits, then claims again.',
            after: {
              backoff: {
                target: 'claiming',
                actions: ['passBackoff', 'countDeferral'],
                description: 'The wait is over.',
              },
            },
            on: { REVOKE: REVOKED, DRAIN: DRAINED },
          },
        },
      },
      refreshing: {
        description: 'This run holds the claim. No other holder presents the token meanwhile.',
        initial: 'presenting',
        states: {
          presenting: {
            description: 'The refresh token is out. Nothing leaves this state but its own end.',
            invoke: {
              src: 'present',
              input: ({ context }) => context,
              onDone: [
                {
                  guard: when('isSent'),
                  target: 'settling',
                  actions: when('storeSending'),
                  description: 'It is known how the presentation ended.',
                },
                {
                  guard: when('isOverdue'),
                  target: 'settling',
                  actions: when('recordTimes'),
                  description: 'The claim was overdue before anything was sent.',
                },
                FAILED,
              ],
              onError: BROKEN,
            },
          },
          settling: {
            description: 'Writes down how the presentation ended. The ledger may be slow or down.',
            invoke: {
              src: 'settle',
              input: ({ context }) => context,
              onDone: [
                {
                  guard: when('isRenewed'),
                  target: '#refresh.rotated.renewed',
                  actions: when('storeGrantedSet'),
                  description: 'The authorization server granted a set with a new refresh token.',
                },
                {
                  guard: when('isGranted'),
                  target: '#refresh.rotated.kept',
                  actions: when('storeGrantedSet'),
                  description: 'The authorization server granted a set and kept the refresh token.',
                },
                {
                  guard: when('isAgain'),
                  target: 'waitingToPresentAgain',
                  actions: when('recordWait'),
                  description: 'No answer proves anything, and the server takes the token again.',
                },
                {
                  guard: when('isRejected'),
                  target: 'reloading',
                  actions: when('recordProblem'),
                  description: 'The authorization server says that the grant is dead.',
                },
                {
                  guard: when('isRestartInReach'),
                  target: '#refresh.expiring',
                  actions: [when('dropClaim'), 'countAdoption'],
                  description: 'The claim is given back, or another holder has taken it over.',
                },
                {
                  guard: when('isRestarted'),
                  target: '#refresh.error',
                  actions: [when('dropClaim'), 'recordSuperseded'],
                  description: 'Nothing was sent, and the run has claimed often enough.',
                },
                ...FAILING,
              ],
              onError: BROKEN,
            },
          },
          waitingToPresentAgain: {
            description:
              'The server takes the same token again for some time. The run waits first.',
            after: {
              backoff: {
                target: 'presenting',
                actions: 'passBackoff',
                description: 'The wait is over.',
              },
            },
          },
          reloading: {
            description: 'Asks the storage of the caller, then the ledger, for a later token set.',
            invoke: {
              src: 'reload',
              input: ({ context }) => context,
              onDone: [
                {
                  guard: when('isAnother'),
                  target: '#refresh.expiring',
                  actions: when('storeReloadedSet'),
                  description: 'There is a later token set.',
                },
                ENDED,
                FAILED,
              ],
              onError: BROKEN,
            },
          },
        },
      },
      rotated: {
        description: 'The set has changed, and the caller is to store it.',
        tags: 'settled',
        initial: 'renewed',
        states: {
          renewed: { description: 'This run obtained a new refresh token.' },
          kept: {
            description: 'This run obtained an access token. The refresh token is the same.',
          },
          adopted: { description: 'Another holder obtained the set, and the ledger had it.' },
        },
        on: {
          STORED: {
            target: 'fresh',
            actions: [{ type: 'markStored', params: ({ event }) => event }, 'startAnew'],
            description: 'The application has stored the set.',
          },
          REVOKE: REVOKED,
        },
      },
      error: {
        description: 'The refresh failed. The tokens are kept.',
        tags: 'settled',
        after: {
          rest: {
            guard: 'isRetryable',
            target: 'expiring',
            actions: ['passRest', 'startAnew'],
            description: 'It is time to try again.',
          },
        },
        on: { REVOKE: REVOKED },
      },
      revoked: {
        description: 'The grant is dead. Only a new sign-in helps.',
        tags: 'settled',
        type: 'final',
      },
    },
  })
}
