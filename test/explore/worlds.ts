import type { AsKind, Config, Cookie, Fault, World } from './world.ts'

export const AS_KINDS: readonly AsKind[] = [
  'strict',
  'kept',
  'sometimes',
  'omitted',
  'consumes-first',
  'never',
]

export const FAULTS: readonly Fault[] = [
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
  readonly workers: number
  readonly calls: number
  readonly expiries: number
  /** Which faults, and how many in all. */
  readonly faults: readonly Fault[]
  readonly faultsMax: number
  /** Whether access tokens outlive claims (and are renewed ahead), or die within one. */
  readonly tokens: 'short' | 'long'
  readonly storage: 'carries' | 'drops' | 'mixed'
  /** Whether the last worker never saves what it is handed. */
  readonly hasStaleHolder?: boolean
}

export function configOf({ as, tokens, faults }: Setting, name: string): Config {
  const isShort = tokens === 'short'
  const claimMs = isShort ? 100 : 10
  return {
    name,
    as,
    lifetimeMs: isShort ? 10 : 100,
    aheadMs: isShort ? 0 : 50,
    requestTimeoutMs: claimMs / 2,
    policy: {
      claimMs,
      staleMs: 1000,
      staleHolders: 'replay',
      takesOver: as === 'never',
      mayEvict: faults.includes('evicted'),
    },
    jumps: { expire: isShort ? 10 : 50, overdue: claimMs, stale: 1000 },
  }
}

export function worldOf(setting: Setting): World {
  // Losing the row of a token that came without `grant` loses all there is: see docs/design.md.
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
    workers: Array.from({ length: setting.workers }, (_, index) => ({
      cookie,
      calls: setting.calls,
      claims: 0,
      saves: !(setting.hasStaleHolder === true && index === setting.workers - 1),
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
