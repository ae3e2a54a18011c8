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
import { presenting, reloading } from './refreshing.ts'
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
  hops: 0,
  attempt: 0,
  elapsedMs: 0,
  came: undefined,
  beganAtMs: undefined,
  reloaded: false,
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
      const changes = { ...ANEW, nowMs, own: true, carried: was.place !== undefined }
      return { happens: { kind: 'STORED', nowMs }, to, changes }
    },
  }
}

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
  ],
  'expiring.claiming': Object.values(claiming).flat(),
  'expiring.serving': [timer('it is time to look again', 'expiring.claiming', () => ({}))],
  'expiring.following': Object.values(following).flat(),
  'refreshing.presenting': Object.values(presenting).flat(),
  'refreshing.reloading': Object.values(reloading).flat(),
  rotated: [
    stored('stored at once', 'fresh.ageing', (was) => was.nowMs + 1),
    stored('stored late', 'expiring.claiming', (was) => expiryOf(was.tokens) - AHEAD_MS),
  ],
  'error.backingOff': [
    timer('the wait is over', 'expiring.claiming', (was) => ({
      attempt: was.attempt + 1,
      elapsedMs: was.elapsedMs + was.retryInMs!,
      problem: undefined,
      retryInMs: undefined,
    })),
  ],
  'error.resting': [
    timer(
      'it is time to try again',
      'expiring.claiming',
      (was) => ({ ...ANEW, nowMs: was.nowMs + was.retryInMs! }),
      (was) => was.retryInMs !== undefined,
    ),
    timer(
      'the longest timer ends, and nothing is to be tried',
      'error.resting',
      () => ({ waitsMs: undefined }),
      (was) => was.retryInMs === undefined && was.waitsMs !== undefined,
    ),
  ],
  revoked: [],
}
