import type { TokenSet } from '../core/token-set.ts'
import type { Clock } from '../core/clock.ts'

/** Which chains the ledger was asked about, and when. */
export interface Verified {
  /** Whether a fresh set may be believed without asking. */
  isRecent(tokens: TokenSet): boolean
  /** The ledger has just said that the chain of these tokens stands. */
  note(tokens: TokenSet): void
  forget(tokens: TokenSet): void
}

/** So many chains are remembered; of more, the one asked about first is asked about again. */
const CHAINS_MAX = 10_000

/** @param verifyMs For how long an answer counts. `undefined`: nobody ever asks. */
export function verifiedFor(verifyMs: number | undefined, clock: Clock): Verified {
  if (verifyMs === undefined) return { isRecent: () => true, note() {}, forget() {} }
  const times = new Map<string, number>()
  return {
    isRecent(tokens) {
      const name = nameOf(tokens)
      if (name === undefined) return true
      const askedAt = times.get(name)
      return askedAt !== undefined && clock.monotonic() - askedAt < verifyMs
    },
    note(tokens) {
      const name = nameOf(tokens)
      if (name === undefined || verifyMs === 0) return
      times.delete(name)
      times.set(name, clock.monotonic())
      if (times.size > CHAINS_MAX) times.delete(times.keys().next().value!)
    },
    forget(tokens) {
      const name = nameOf(tokens)
      if (name !== undefined) times.delete(name)
    },
  }
}

/** A chain, or the refresh token of one that the set does not name. Neither: nothing to ask. */
function nameOf({ grant, refreshToken }: TokenSet): string | undefined {
  return grant?.slice(0, grant.lastIndexOf('.')) ?? refreshToken ?? undefined
}
