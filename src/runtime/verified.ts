import { startOfDay, timeOfDay } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { chainOf } from '../core/tokens.ts'
import type { TokenSet } from '../core/token-set.ts'
import type { Verified } from './context.ts'

/** How many chains are remembered. The one asked about longest ago is forgotten first. */
const CHAINS_MAX = 10_000

/** @param revocationCheckMs How long the ledger's word counts. `undefined`: it is never asked. */
export function verifiedFor(revocationCheckMs: number | undefined, clock: Clock): Verified {
  if (revocationCheckMs === undefined) return { isRecent: () => true, note() {}, forget() {} }
  const times = new Map<string, number>()
  const day = startOfDay(clock)
  return {
    isRecent(tokens) {
      const name = nameOf(tokens)
      if (name === undefined) return true
      const askedAt = times.get(name)
      return askedAt !== undefined && timeOfDay(clock, day) - askedAt < revocationCheckMs
    },
    note(tokens) {
      const name = nameOf(tokens)
      if (name === undefined || revocationCheckMs === 0) return
      times.delete(name)
      times.set(name, timeOfDay(clock, day))
      if (times.size > CHAINS_MAX) times.delete(times.keys().next().value!)
    },
    forget(tokens) {
      const name = nameOf(tokens)
      if (name !== undefined) times.delete(name)
    },
  }
}

/** The chain, or the refresh token if the set names no chain. A set without both has no row. */
function nameOf(tokens: TokenSet | undefined): string | undefined {
  const { grant, refreshToken } = tokens ?? {}
  return typeof grant === 'string' ? chainOf(grant) : (refreshToken ?? undefined)
}
