import type { Problem, RefreshContext, RefreshInput, refreshMachine } from '../../machines/index.ts'
import { Secret } from '../../src/core/secret.ts'
import { DEFAULT_AUDIENCE } from '../../src/core/tokens.ts'
import type { GrantRef, Tokens } from '../../src/core/tokens.ts'

/** What the expectations are written in. Times are small and round; no two lengths are the same. */
export const NOW_MS = 1_000_000
export const AHEAD_MS = 60_000
export const BUDGET_MS = 10_000
export const RECHECK_MS = 3_000
export const MAX_ADOPTIONS = 1
export const HOUR_MS = 3_600_000
export const LONGEST_MS = 2 ** 31 - 1

const chain = new Secret('chain')

/** A position in the one chain that all expectations are about. */
export const at = (generation: number): GrantRef => ({ secret: chain, generation })

/** A token set whose access token dies at that time. */
export function tokensUntil(expiresAtMs: number | undefined): Tokens {
  const access = {
    token: new Secret('access'),
    ...(expiresAtMs !== undefined && { expiresAtMs, obtainedAtMs: expiresAtMs - HOUR_MS }),
  }
  return { refreshToken: new Secret('refresh'), access: new Map([[DEFAULT_AUDIENCE, access]]) }
}

export function expiryOf(tokens: Tokens): number {
  return tokens.access.get(DEFAULT_AUDIENCE)?.expiresAtMs ?? Infinity
}

export type Machine = typeof refreshMachine
export type StateName =
  | 'fresh.ageing'
  | 'expiring.claiming'
  | 'expiring.serving'
  | 'expiring.following'
  | 'expiring.backingOff'
  | 'refreshing.presenting'
  | 'refreshing.settling'
  | 'refreshing.waitingToPresentAgain'
  | 'refreshing.reloading'
  | 'rotated.renewed'
  | 'rotated.kept'
  | 'rotated.adopted'
  | 'error'
  | 'revoked'
export type ActorName = 'claim' | 'follow' | 'present' | 'settle' | 'reload'

/** A run ends here when it is per call. */
export const SETTLED: ReadonlySet<StateName> = new Set<StateName>([
  'fresh.ageing',
  'expiring.serving',
  'rotated.renewed',
  'rotated.kept',
  'rotated.adopted',
  'error',
  'revoked',
])

/** Everything that can be known of a run from outside. */
export interface Facts {
  readonly state: StateName
  readonly tokens: Tokens
  readonly position: GrantRef | undefined
  readonly hasGrantField: boolean
  readonly isCallersToken: boolean
  readonly callerGeneration: number | undefined
  readonly beganAtMs: number | undefined
  readonly nowMs: number
  readonly elapsedMs: number
  readonly adoptions: number
  readonly attempt: number
  readonly retryInMs: number | undefined
  readonly hasReloaded: boolean
  readonly claim: object | undefined
  readonly presentations: number
  readonly firstSentAtMs: number | undefined
  readonly sending: RefreshContext['sending']
  readonly watch: object | undefined
  readonly problem: Problem | undefined
  /** The actors that were started so far, in order. */
  readonly calls: readonly ActorName[]
  /** How long the timer of the state is set to. */
  readonly waitsMs: number | undefined
}

export function inputOf(
  tokens: Tokens,
  position: GrantRef | undefined,
  nowMs: number,
): RefreshInput {
  return {
    demand: { audience: DEFAULT_AUDIENCE, aheadMs: AHEAD_MS },
    budgetMs: BUDGET_MS,
    maxAdoptions: MAX_ADOPTIONS,
    recheckMs: RECHECK_MS,
    tokens,
    position,
    nowMs,
  }
}
