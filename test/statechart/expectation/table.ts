import type { RefreshInput } from '../../../machines/index.ts'
import {
  AHEAD_MS,
  HOUR_MS,
  LONGEST_MS,
  NOW_MS,
  at,
  expiryOf,
  inputOf,
  tokensUntil,
} from '../facts.ts'
import type { Facts, StateName } from '../facts.ts'
import { claiming, following } from './expiring.ts'
import { presenting, reloading, settling } from './refreshing.ts'
import type { Step } from './step.ts'

export interface Start {
  readonly says: string
  readonly input: RefreshInput
  readonly to: StateName
}

const due = tokensUntil(NOW_MS + AHEAD_MS)

export const STARTS: readonly Start[] = [
  {
    says: 'a set that is fresh',
    input: inputOf(tokensUntil(NOW_MS + HOUR_MS), at(3), NOW_MS),
    to: 'fresh.ageing',
  },
  {
    says: 'a set that says no expiry',
    input: inputOf(tokensUntil(undefined), at(3), NOW_MS),
    to: 'fresh.ageing',
  },
  { says: 'a set that is due', input: inputOf(due, at(3), NOW_MS), to: 'expiring.claiming' },
  {
    says: 'a due set without a chain',
    input: inputOf(due, undefined, NOW_MS),
    to: 'expiring.claiming',
  },
]

/** A long-lived run that goes round counts anew. */
const ANEW: Partial<Facts> = {
  adoptions: 0,
  attempt: 0,
  elapsedMs: 0,
  callerGeneration: undefined,
  beganAtMs: undefined,
  hasReloaded: false,
  problem: undefined,
  retryInMs: undefined,
}

function timer(
  says: string,
  to: StateName,
  changes: (was: Facts) => Partial<Facts>,
  applies: (was: Facts) => boolean = () => true,
): Step {
  return {
    says,
    leads: (was) =>
      applies(was) ? { happens: { kind: 'timer' }, to, changes: changes(was) } : undefined,
  }
}

function stored(says: string, to: StateName, at: (was: Facts) => number): Step {
  return {
    says,
    leads(was) {
      const nowMs = at(was)
      const changes = {
        ...ANEW,
        nowMs,
        isCallersToken: true,
        hasGrantField: was.position !== undefined,
      }
      return { happens: { kind: 'event', event: { type: 'STORED', nowMs } }, to, changes }
    },
  }
}

/** The application revokes the chain. */
const REVOKE: Step = {
  says: 'it is revoked',
  leads: () => ({
    happens: { kind: 'event', event: { type: 'REVOKE' } },
    to: 'revoked',
    changes: { problem: { code: 'revoked' }, retryInMs: undefined },
  }),
}

/** The refresher shuts down. */
const DRAIN: Step = {
  says: 'it is drained',
  leads: () => ({
    happens: { kind: 'event', event: { type: 'DRAIN' } },
    to: 'error',
    changes: { problem: { code: 'draining' }, retryInMs: undefined },
  }),
}

const STORED: readonly Step[] = [
  stored('stored at once', 'fresh.ageing', (was) => was.nowMs + 1),
  stored('stored late', 'expiring.claiming', (was) => expiryOf(was.tokens) - AHEAD_MS),
  REVOKE,
]

const isForEver = (was: Facts): boolean => expiryOf(was.tokens) === Infinity

/** What may happen in each state. */
export const STEPS: Readonly<Record<StateName, readonly Step[]>> = {
  'fresh.ageing': [
    timer(
      'the set falls due',
      'expiring.claiming',
      (was) => ({ ...ANEW, nowMs: expiryOf(was.tokens) - AHEAD_MS }),
      (was) => !isForEver(was),
    ),
    timer(
      'the longest timer ends',
      'fresh.ageing',
      (was) => ({ nowMs: was.nowMs + LONGEST_MS }),
      isForEver,
    ),
    REVOKE,
  ],
  'expiring.claiming': Object.values(claiming).flat(),
  'expiring.serving': [timer('it is time to look again', 'expiring.claiming', () => ({})), REVOKE],
  'expiring.following': [...Object.values(following).flat(), REVOKE, DRAIN],
  'expiring.backingOff': [
    timer('the wait is over', 'expiring.claiming', (was) => ({
      attempt: was.attempt + 1,
      elapsedMs: was.elapsedMs + was.retryInMs!,
      problem: undefined,
      retryInMs: undefined,
    })),
    REVOKE,
    DRAIN,
  ],
  'refreshing.presenting': Object.values(presenting).flat(),
  'refreshing.settling': Object.values(settling).flat(),
  'refreshing.waitingToPresentAgain': [
    timer('it is time to present again', 'refreshing.presenting', (was) => ({
      elapsedMs: was.elapsedMs + was.retryInMs!,
      retryInMs: undefined,
    })),
  ],
  'refreshing.reloading': Object.values(reloading).flat(),
  'rotated.renewed': STORED,
  'rotated.kept': STORED,
  'rotated.adopted': STORED,
  error: [
    timer(
      'it is time to try again',
      'expiring.claiming',
      (was) => ({ ...ANEW, nowMs: was.nowMs + was.retryInMs! }),
      (was) => was.retryInMs !== undefined,
    ),
    timer(
      'the longest timer ends, and nothing is to be tried',
      'error',
      () => ({ waitsMs: undefined }),
      (was) => was.retryInMs === undefined && was.waitsMs !== undefined,
    ),
    REVOKE,
  ],
  revoked: [],
}
