import type { TakeOver } from '../../src/ledger/protocol/index.ts'
import type { AsKind, Config, Cookie, Fault, ReuseKind, World } from './world.ts'

/** Longer than a claim, which is 100. */
const WINDOW_MS = 300
const SETTLES_WITHIN_MS = 100
/** Of a server that must have settled before the token may come again: a request's own time. */
const SETTLES_SOON_MS = 50

const AS_KINDS: readonly AsKind[] = [
  'strict',
  'kept',
  'sometimes',
  'omitted',
  'consumes-first',
  'never',
]

const FAULTS: readonly Fault[] = [
  'crash',
  'lost answer',
  'lost acknowledgement',
  'overdue',
  'stale',
  'evicted',
  'outage',
  'revoke',
  'deferred',
  'refused after',
]

export interface Setting {
  readonly as: AsKind
  /** How many calls each worker makes. */
  readonly calls: readonly number[]
  readonly expiries: number
  /** Which faults, and how many in all. */
  readonly faults: readonly Fault[]
  readonly faultsMax: number
  /** Whether access tokens outlive claims (and are renewed ahead), or die within one. */
  readonly tokens: 'short' | 'long'
  readonly storage: 'carries' | 'drops' | 'mixed'
  /** Whether the last worker never saves what it is handed. */
  readonly hasStaleHolder?: boolean
  /** Whether the last worker makes a name of the first one's, and the tokens beside it up. */
  readonly hasForger?: boolean
}

const BASE = { expiries: 1, faultsMax: 1, tokens: 'short', storage: 'carries' } as const

/** Servers that may still be at work with a request when its claim is overdue. */
const SETTLING_LATE: readonly AsKind[] = ['accepted', 'refused', 'introspected']

const REUSES = {
  accepted: { type: 'always' },
  'forking window': { type: 'within', ms: WINDOW_MS - 50 },
  'sliding window': { type: 'within', ms: WINDOW_MS - 50 },
  'idempotent window': { type: 'within', ms: WINDOW_MS - 50 },
  'until used': {
    type: 'until_successor_used',
    settlesWithinMs: SETTLES_SOON_MS,
    requestTimeoutMs: 50,
  },
  refused: { type: 'once' },
  introspected: { type: 'never' },
} as const satisfies Readonly<Record<ReuseKind, TakeOver>>

/** Which faults can happen at this kind of AS. */
function faultsOf(as: AsKind): readonly Fault[] {
  return FAULTS.filter((fault) => as === 'consumes-first' || fault !== 'refused after')
}

/** Faults after which little can happen, and those that may strike at any step and open much. */
const HEAVY: readonly Fault[] = ['overdue', 'stale', 'revoke']
const isHeavy = (fault: Fault): boolean => HEAVY.includes(fault)

/**
 * Every single fault, at one kind of AS. Losing the only row of a holder that drops `grant` loses
 * all.
 */
function singles(as: AsKind, storage: Setting['storage'], calls: readonly number[]): Setting[] {
  return faultsOf(as)
    .filter((fault) => storage === 'carries' || fault !== 'evicted')
    .map((fault) => ({ ...BASE, as, storage, calls, faults: [fault] }))
}

const hasHeavy = ({ faults }: Setting): boolean => faults.some(isHeavy)

/** For CI: three calls of two workers at every kind of AS; the heavy faults mostly with two. */
export const SHORT_WORLDS: readonly Setting[] = [
  ...AS_KINDS.flatMap((as) => [
    { ...BASE, as, calls: [2, 1], faults: [], faultsMax: 0 },
    ...singles(as, 'carries', [2, 1]).filter((setting) => !hasHeavy(setting)),
    ...singles(as, 'drops', [1, 1]).filter((setting) => !hasHeavy(setting)),
  ]),
  ...(['carries', 'drops'] as const).flatMap((storage) =>
    singles('strict', storage, [1, 1]).filter(hasHeavy),
  ),
  ...(['kept', 'omitted', 'never'] as const).map((as): Setting => ({
    ...BASE,
    as,
    calls: [1, 1],
    faults: ['revoke'],
  })),
  { ...BASE, as: 'never', calls: [1, 1], faults: ['overdue'] },
  ...(['stale', 'revoke'] as const).map((fault): Setting => ({
    ...BASE,
    as: 'strict',
    calls: [2, 1],
    faults: [fault],
  })),
  { ...BASE, as: 'strict', tokens: 'long', calls: [1, 1], faults: ['overdue'] },
  { ...BASE, as: 'kept', tokens: 'long', calls: [1, 1], faults: ['crash'] },
  ...(['strict', 'kept', 'omitted'] as const).map((as): Setting => ({
    ...BASE,
    as,
    hasForger: true,
    calls: [2, 1],
    faults: ['crash'],
  })),
]

/** More calls under heavy faults, holders that never save, mixed storages, long-lived tokens. */
const HOLDERS: readonly Setting[] = [
  ...AS_KINDS.flatMap((as) => singles(as, 'carries', [1, 1]).filter(hasHeavy)),
  ...AS_KINDS.flatMap((as) => singles(as, 'drops', [1, 1]).filter(hasHeavy)),
  ...(['strict', 'kept'] as const).flatMap((as) => singles(as, 'carries', [2, 1]).filter(hasHeavy)),
  ...singles('strict', 'drops', [2, 1]),
  ...singles('sometimes', 'drops', [2, 1]).filter((setting) => !hasHeavy(setting)),
  ...(['strict', 'kept'] as const).flatMap((as): Setting[] => [
    { ...BASE, as, tokens: 'long', calls: [2, 1], faults: ['crash'] },
    { ...BASE, as, storage: 'mixed', calls: [1, 1], faults: ['revoke'] },
    { ...BASE, as, hasStaleHolder: true, calls: [2, 1], faults: ['crash'] },
    ...(['stale', 'revoke', 'outage'] as const).map((fault): Setting => ({
      ...BASE,
      as,
      hasForger: true,
      calls: [2, 1],
      faults: [fault],
    })),
  ]),
]

/**
 * Every two faults together, of one strict AS, unless both are heavy: two of those, and any two
 * with three calls, have millions of states.
 */
const PAIRS: readonly Setting[] = faultsOf('consumes-first').flatMap((one, index, all) =>
  all
    .slice(index + 1)
    .filter((other) => !(isHeavy(one) && isHeavy(other)))
    .map((other): Setting => ({
      ...BASE,
      as: other === 'refused after' ? 'consumes-first' : 'strict',
      calls: [1, 1],
      faults: [one, other],
      faultsMax: 2,
    })),
)

/**
 * Two calls of each of two workers, and three workers, with every fault that is not heavy. Three
 * workers at an AS that defers have no end within an hour.
 */
const LARGE: readonly Setting[] = [[2, 2] as const, [1, 1, 1] as const].flatMap((calls) => [
  { ...BASE, as: 'strict' as const, calls, faults: [], faultsMax: 0 },
  { ...BASE, as: 'kept' as const, calls, faults: [], faultsMax: 0 },
  ...singles('strict', 'carries', calls).filter(
    (setting) => !hasHeavy(setting) && !(calls.length === 3 && setting.faults[0] === 'deferred'),
  ),
])

/** Two holders complete with two faults of each kind of server that forgives. */
const REUSE_WORLDS: readonly Setting[] = (Object.keys(REUSES) as ReuseKind[]).flatMap((as) => {
  const faults: readonly Fault[] = ['crash', 'lost answer', 'overdue', 'evicted', 'revoke']
  const pairs = [
    ...faults.map((fault) => [fault]),
    ['crash', 'overdue'],
    ['lost answer', 'overdue'],
    ['lost answer', 'deferred'],
    ['crash', 'evicted'],
    ['overdue', 'evicted'],
    ...(as === 'introspected' ? [['crash', 'lost answer']] : []),
    ...(as.endsWith('window')
      ? [
          ['crash', 'window'],
          ['overdue', 'window'],
        ]
      : []),
  ] as (readonly Fault[])[]
  return pairs.map((both): Setting => ({
    ...BASE,
    as,
    calls: [1, 1],
    faults: both,
    faultsMax: both.length,
  }))
})

/** For `npm run verify`: all that is enumerated. */
export const LONG_WORLDS: readonly Setting[] = [
  ...new Map(
    [...SHORT_WORLDS, ...HOLDERS, ...PAIRS, ...LARGE, ...REUSE_WORLDS].map((setting) => [
      nameOf(setting),
      setting,
    ]),
  ).values(),
]

/** A world's name: what is in it. */
export function nameOf(setting: Setting): string {
  const { as, calls, tokens, storage, faults, hasStaleHolder, hasForger } = setting
  const who = `${calls.join('+')} calls`
  const how = [
    tokens === 'long' && 'long-lived tokens',
    hasStaleHolder && 'stale holder',
    hasForger && 'forger',
  ]
  const what = faults.length === 0 ? 'no fault' : faults.join(' and ')
  return [as, who, storage, ...how, what].filter(Boolean).join(', ')
}

export function configOf(setting: Setting): Config {
  const { as, tokens, faults } = setting
  const isShort = tokens === 'short'
  const claimMs = isShort ? 100 : 10
  return {
    name: nameOf(setting),
    as,
    lifetimeMs: isShort ? 10 : 100,
    aheadMs: isShort ? 0 : 50,
    requestTimeoutMs: claimMs / 2,
    policy: {
      claimMs,
      staleMs: 1000,
      staleHolders: 'revoke',
      takeOver: takeOverAt(as),
      ...(as === 'introspected' && {
        asks: { settlesWithinMs: SETTLES_WITHIN_MS, requestTimeoutMs: claimMs / 2 },
      }),
      mayEvict: faults.includes('evicted'),
    },
    windowMs: WINDOW_MS,
    settlesWithinMs: SETTLING_LATE.includes(as) ? SETTLES_WITHIN_MS : SETTLES_SOON_MS,
    jumps: { expire: isShort ? 10 : 50, overdue: claimMs, stale: 1000 },
  }
}

function takeOverAt(as: AsKind): TakeOver {
  if (as === 'never') return { type: 'always' }
  return Object.hasOwn(REUSES, as) ? REUSES[as as ReuseKind] : { type: 'never' }
}

export function worldOf(setting: Setting): World {
  // Losing the row of a token that came without `grant` loses all: see docs/decisions/0009.
  const isNamed = setting.faults.includes('evicted')
  const cookie: Cookie = {
    refreshToken: 'r0',
    accessToken: 'a0',
    obtainedAtMs: -100,
    ...(isNamed && { place: { grant: 'G', generation: 0 } }),
  }
  return {
    now: 0,
    rows: {},
    refreshTokens: { r0: 'live' },
    accessTokens: { a0: 'live' },
    issued: 0,
    workers: setting.calls.map((calls, index) => ({
      cookie,
      calls,
      claims: 0,
      saves: !(setting.hasStaleHolder === true && index === setting.calls.length - 1),
      ...(setting.hasForger === true && index === setting.calls.length - 1 && { forges: true }),
      carries: setting.storage === 'carries' || (setting.storage === 'mixed' && index === 0),
    })),
    tasks: [],
    expiries: setting.expiries,
    faults: Object.fromEntries(setting.faults.map((fault) => [fault, 1])),
    faultsLeft: setting.faultsMax,
    happened: [],
    isOut: false,
    presented: {},
    acknowledged: [],
    isSignedOut: false,
  }
}
