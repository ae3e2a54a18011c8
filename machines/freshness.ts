import { classify, refreshAheadMs } from '../src/core/freshness.ts'
import type { Freshness } from '../src/core/freshness.ts'
import { TIMEOUT_MAX_MS } from '../src/core/clock.ts'
import type { Access, Tokens } from '../src/core/tokens.ts'
import type { Demand, RefreshContext } from './types.ts'

/** The access token a demand is about. Absent when there is none, or it was refused. */
export function accessFor(tokens: Tokens, demand: Demand): Access | undefined {
  const access = tokens.access.get(demand.audience)
  return access?.token.equals(demand.refused) === true ? undefined : access
}

/** Where the access token of a demand stands: the single truth of "fresh". */
export function standing(tokens: Tokens, nowMs: number, demand: Demand): Freshness {
  const access = accessFor(tokens, demand)
  if (access === undefined) return 'dead'
  const aheadMs = aheadOf(access, demand)
  return classify(access, nowMs, { aheadMs, minValidMs: demand.minValidMs ?? 0 })
}

function aheadOf({ token, expiresAtMs, obtainedAtMs }: Access, { aheadMs }: Demand): number {
  if (expiresAtMs === undefined) return 0
  return refreshAheadMs(expiresAtMs, obtainedAtMs, token.expose(), aheadMs)
}

/** Milliseconds until a fresh set has to be renewed. */
export function freshForMs({ tokens, nowMs, demand }: RefreshContext): number {
  const access = accessFor(tokens, demand)
  if (access?.expiresAtMs === undefined) return Infinity
  const leastMs = Math.max(aheadOf(access, demand), demand.minValidMs ?? 0)
  return Math.max(0, access.expiresAtMs - leastMs - nowMs)
}

/** How long a long-lived run rests before it tries again. */
export function restForMs({ retryInMs }: RefreshContext): number {
  return Math.min(retryInMs ?? Infinity, TIMEOUT_MAX_MS)
}
