import * as fc from 'fast-check'
import type { StoreFault } from '../../src/testing/held-store.ts'

/**
 * `strict` rotates always, `kept` never though it might, `sometimes` now and then; `omitted` spends
 * the token and sends no other, against its description; `window` accepts a spent token again for a
 * while, as described; `never` does not rotate.
 */
export type AsKind = 'strict' | 'kept' | 'sometimes' | 'omitted' | 'window' | 'never'

/** What may become of a request to the token endpoint, instead of its answer. */
export type AsFault =
  /** Nobody listens: provably unsent. */
  | 'refused connection'
  /** Reset before it arrived, or after the token was spent: nobody can tell which. */
  | 'lost request'
  | 'lost answer'
  /** Spent, and no answer within the time of a request. */
  | 'hangs'
  | '429'
  | '503'
  | '503 after consuming'
  | 'garbage'
  | 'refused before'
  /** Consumes, then validates: `invalid_target`. */
  | 'refused after'
  /** The resource owner withdraws consent. */
  | 'killed'

export interface CallPlan {
  readonly does: 'refresh' | 'force' | 'revoke'
  /** With which set it comes: its own, the newest anybody has stored, or an older one. */
  readonly from: 'own' | 'newest' | number
}

export interface WorkerPlan {
  /** Whether it stores what it is handed. */
  readonly saves: boolean
  /** Whether its storage has room for `grant`, where storages are mixed. */
  readonly carries: boolean
  /** At which of its steps it crashes. */
  readonly diesAt?: number | undefined
  /** Its calls of each round, made at once. */
  readonly rounds: readonly (readonly CallPlan[])[]
}

export interface Plan {
  readonly as: AsKind
  /** Whether the first access token is past its expiry or about to be. */
  readonly begins: 'expired' | 'expiring'
  /** Whether every storage keeps `grant`, none does, or each as it is drawn. */
  readonly storage: 'carries' | 'drops' | 'mixed'
  readonly workers: readonly WorkerPlan[]
  /** How much time passes before each round, when nobody does anything. */
  readonly pausesMs: readonly number[]
  /** How much time passes while they do, by number of the step. */
  readonly jumps: readonly { readonly at: number; readonly ms: number }[]
  readonly storeTimeoutMs: number
  readonly choices: readonly number[]
  /** By number of the request, and of the call. */
  readonly asFaults: readonly { readonly at: number; readonly fault: AsFault }[]
  readonly storeFaults: readonly {
    readonly at: number
    readonly fault: StoreFault
    readonly times: number
  }[]
}

/** What may happen in a world, beside any order of its steps. */
export interface Weather {
  readonly as: readonly AsKind[]
  readonly asFaults?: readonly AsFault[]
  readonly storeFaults?: readonly StoreFault[]
  /** How many calls of the store in a row fail at most. */
  readonly outageMax?: number
  readonly mayCrash?: boolean
  readonly maySignOut?: boolean
  /** Whether replaced cookies come back, and workers do not store what they are handed. */
  readonly mayBeStale?: boolean
  readonly mayDropGrant?: boolean
  /** How much time may pass between two rounds. */
  readonly pausesMs: readonly number[]
  /** How much may pass at any moment. */
  readonly jumpsMs?: readonly number[]
}

export const AS_KINDS: readonly AsKind[] = [
  'strict',
  'kept',
  'sometimes',
  'omitted',
  'window',
  'never',
]

export const AS_FAULTS: readonly AsFault[] = [
  'refused connection',
  'lost request',
  'lost answer',
  'hangs',
  '429',
  '503',
  '503 after consuming',
  'garbage',
  'refused before',
  'refused after',
  'killed',
]

export const STORE_FAULTS: readonly StoreFault[] = ['error', 'lost acknowledgement', 'silence']

/** A chain must be able to rotate more than twice. */
const ROUNDS_MAX = 4

/** All that can be drawn about a world. It shrinks to two workers, in order, without faults. */
export function plans(weather: Weather): fc.Arbitrary<Plan> {
  const { asFaults = [], storeFaults = [], outageMax = 1, pausesMs, jumpsMs = [] } = weather
  const when = <T>(may: boolean | undefined, arbitrary: fc.Arbitrary<T>, otherwise: T) =>
    may === true ? arbitrary : fc.constant(otherwise)
  const call = fc.record<CallPlan>({
    does: fc.oneof(
      { weight: 6, arbitrary: fc.constant('refresh' as const) },
      { weight: 2, arbitrary: fc.constant('force' as const) },
      ...(weather.maySignOut === true
        ? [{ weight: 1, arbitrary: fc.constant('revoke' as const) }]
        : []),
    ),
    from: fc.oneof(
      { weight: 3, arbitrary: fc.constant('own' as const) },
      { weight: 1, arbitrary: fc.constant('newest' as const) },
      ...(weather.mayBeStale === true ? [{ weight: 1, arbitrary: fc.nat(5) }] : []),
    ),
  })
  const worker = fc.record<WorkerPlan>({
    saves: when(
      weather.mayBeStale,
      fc.nat(4).map((n) => n < 4),
      true,
    ),
    carries: fc.boolean().map((drops) => !drops),
    diesAt: when(
      weather.mayCrash,
      fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      undefined,
    ),
    rounds: fc.array(fc.array(call, { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: ROUNDS_MAX,
    }),
  })
  /** At most so many, and none where there is nothing to draw from. */
  const few = <T>(from: readonly unknown[], arbitrary: () => fc.Arbitrary<T>, maxLength: number) =>
    from.length === 0 ? fc.constant([]) : fc.array(arbitrary(), { maxLength })
  return fc.record<Plan>({
    as: fc.constantFrom(...weather.as),
    begins: fc.constantFrom('expired', 'expiring'),
    storage: when<Plan['storage']>(
      weather.mayDropGrant,
      fc.constantFrom('carries', 'drops', 'mixed'),
      'carries',
    ),
    workers: fc.array(worker, { minLength: 2, maxLength: 5 }),
    pausesMs: fc.array(fc.constantFrom(0, ...pausesMs), {
      minLength: ROUNDS_MAX,
      maxLength: ROUNDS_MAX,
    }),
    jumps: few(jumpsMs, () => fc.record({ at: fc.nat(80), ms: fc.constantFrom(...jumpsMs) }), 2),
    storeTimeoutMs: fc.constantFrom(2_000, 18_000),
    choices: fc.array(fc.nat(11), { maxLength: 250, size: 'max' }),
    asFaults: few(
      asFaults,
      () => fc.record({ at: fc.nat(3), fault: fc.constantFrom(...asFaults) }),
      2,
    ),
    storeFaults: few(
      storeFaults,
      () =>
        fc.record({
          at: fc.nat(60),
          fault: fc.constantFrom(...storeFaults),
          times: fc.oneof(
            { weight: 3, arbitrary: fc.constant(1) },
            { weight: 1, arbitrary: fc.integer({ min: 1, max: outageMax }) },
          ),
        }),
      3,
    ),
  })
}
