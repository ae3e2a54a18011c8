import { AWAY_MS, REQUEST_TIMEOUT_MS } from '../../src/runtime/timing.ts'
import type { NetworkFault } from '../../src/testing/authorization-server/fault.ts'
import type { StoreFault } from '../../src/testing/held-store.ts'
import type { Dice } from './dice.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS

/** What may go wrong while somebody is busy. */
export type Trouble =
  | { readonly kind: 'network'; readonly faults: readonly NetworkFault[] }
  /** One call of the store, after so many that go well. */
  | { readonly kind: 'store'; readonly fault: StoreFault; readonly after: number }
  | { readonly kind: 'outage'; readonly forMs: number }
  | { readonly kind: 'eviction' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'freeze'; readonly forMs: number }
  | { readonly kind: 'clock'; readonly offMs: number; readonly forMs: number }

/** What goes wrong in a world now. */
export interface Weather {
  /** Until when the server may have asked everybody to wait. */
  readonly pausedUntilMs: number
  /** What becomes of the presentation that leaves now. */
  nextNetworkFault(): NetworkFault | undefined
  /** What becomes of the call of the store that leaves now. */
  nextStoreFault(): StoreFault | undefined
  /** Whether no call of the store is sure to come through. */
  isOutage(): boolean
  begin(trouble: Trouble): void
}

/** Of an outage: most calls fail, some come through and nobody is told. */
const OUTAGE: readonly (readonly [number, StoreFault | undefined])[] = [
  [6, 'error'],
  [2, 'silence'],
  [2, 'lost acknowledgement'],
  [1, undefined],
]

export function createWeather(dice: Dice, now: () => number): Weather {
  let network: readonly NetworkFault[] = []
  let single: { readonly fault: StoreFault; after: number } | undefined
  let outageUntilMs = 0
  let pausedUntilMs = -1

  return {
    get pausedUntilMs() {
      return pausedUntilMs
    },
    nextNetworkFault() {
      const [fault, ...left] = network
      network = left
      if (fault?.kind === 'status' && fault.status === 429) {
        const askedMs = (fault.retryAfterSeconds ?? 1) * SECOND_MS
        pausedUntilMs = Math.max(pausedUntilMs, now() + askedMs + 10 * SECOND_MS)
      }
      if (fault !== undefined && SILENT.has(fault.kind)) {
        const knownMs = 2 * REQUEST_TIMEOUT_MS + 10 * SECOND_MS
        pausedUntilMs = Math.max(pausedUntilMs, now() + knownMs + AWAY_MS)
      }
      return fault
    },
    nextStoreFault() {
      if (now() < outageUntilMs) return dice.weighed(OUTAGE)
      if (single === undefined || single.after-- > 0) return undefined
      const { fault } = single
      single = undefined
      return fault
    },
    isOutage: () => now() < outageUntilMs,
    begin(trouble) {
      if (trouble.kind === 'network') network = trouble.faults
      if (trouble.kind === 'store') single = { fault: trouble.fault, after: trouble.after }
      if (trouble.kind === 'outage') outageUntilMs = now() + trouble.forMs
    },
  }
}

/** After these, at the latest when the request is given up, the client leaves the server alone. */
const SILENT: ReadonlySet<NetworkFault['kind']> = new Set<NetworkFault['kind']>([
  'connection_refused',
  'silence',
  'late',
])

const DRAWN: readonly (readonly [number, (dice: Dice) => Trouble])[] = [
  [
    6,
    (dice) => ({
      kind: 'network',
      faults: Array.from({ length: dice.between(1, 3) }, () => drawFault(dice)),
    }),
  ],
  [
    3,
    (dice) => ({
      kind: 'store',
      fault: dice.among<StoreFault>(['error', 'lost acknowledgement']),
      after: dice.between(0, 8),
    }),
  ],
  [1, (dice) => ({ kind: 'outage', forMs: dice.spread(5, 120 * SECOND_MS) })],
  [1, () => ({ kind: 'eviction' })],
  [2, () => ({ kind: 'crash' })],
  // Longer than a call of the store; than may be left to send; than a request; than a claim.
  [2, (dice) => ({ kind: 'freeze', forMs: dice.among([3, 10, 16, 21, 90, 3_600]) * SECOND_MS })],
  [
    1,
    (dice) => ({
      kind: 'clock',
      offMs: dice.among([-24, -1, -1 / 60, 1 / 60, 1, 48]) * HOUR_MS,
      forMs: dice.spread(10 * SECOND_MS, 2 * HOUR_MS),
    }),
  ],
]

export function drawTrouble(dice: Dice): Trouble {
  return dice.weighed(DRAWN)(dice)
}

/** What cannot be read, and what comes back with the token in it. */
const GARBAGE = ['', '<html>', '{"access_token":', '{"error":"{token}"}', '[]'] as const

const FAULTS: readonly (readonly [number, (dice: Dice) => NetworkFault])[] = [
  [4, () => ({ kind: 'connection_refused' })],
  [1, () => ({ kind: 'reset', when: 'before_consuming' })],
  [2, () => ({ kind: 'reset', when: 'after_consuming' })],
  [1, (dice) => ({ kind: 'cut', atByte: dice.between(0, 80) })],
  [2, (dice) => ({ kind: 'silence', isProcessed: dice.chance(0.5) })],
  [2, (dice) => ({ kind: 'late', byMs: dice.among([5, 14, 3_600]) * SECOND_MS })],
  [
    3,
    (dice) => ({
      kind: 'status',
      status: 429,
      retryAfterSeconds: dice.among([undefined, 0, 3, 30]),
      isProcessed: false,
    }),
  ],
  [2, (dice) => ({ kind: 'status', status: 503, isProcessed: dice.chance(0.5) })],
  [1, (dice) => ({ kind: 'garbage', body: dice.among(GARBAGE), isProcessed: dice.chance(0.5) })],
  [
    1,
    (dice) => ({
      kind: 'redirect',
      status: 307,
      to: 'https://elsewhere.example',
      isProcessed: dice.chance(0.5),
    }),
  ],
  [1, (dice) => ({ kind: 'duplicated', answer: dice.among(['first', 'second'] as const) })],
  [2, () => ({ kind: 'client_refused' })],
  [1, () => ({ kind: 'consent_withdrawn' })],
]

function drawFault(dice: Dice): NetworkFault {
  return dice.weighed(FAULTS)(dice)
}
