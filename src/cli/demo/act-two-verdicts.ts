import type { Counts } from '../../testing/oidc-server.ts'
import { refusals, REQUESTS, type Verdict } from './stage.ts'

/** How many lifetimes of an access token the second act lasts. */
export const EXPIRIES = 3

/** What the requests of the second act met with. */
export interface Seen {
  readonly served: number
  readonly presentedForStale: number
  readonly toldToSignIn: number
}

/** DESIGN.md §2, by what the server counted for the two grants of the second act. */
export function verdictsOn(counts: Counts, other: Counts, seen: Seen): readonly Verdict[] {
  const tokens = counts.presentedTokens + other.presentedTokens
  const presentedTwice = counts.presentedTwice + other.presentedTwice
  const atOnceMax = Math.max(counts.atOnceMax, other.atOnceMax)
  const dead = counts.grants.dead + other.grants.dead
  const refused = refusals(counts.refused) + refusals(other.refused)
  const requests = EXPIRIES * REQUESTS + 1
  return [
    {
      holds: presentedTwice === 0 && tokens === EXPIRIES + 1,
      invariant: 'P1/P2 refresh tokens presented more than once',
      counted: `${presentedTwice} of ${tokens}`,
    },
    {
      holds: atOnceMax === 1,
      invariant: 'P1    presentations of one refresh token at once, at most',
      counted: `${atOnceMax}`,
    },
    {
      holds: other.presentations === 1 && other.faults === 1 && seen.toldToSignIn === REQUESTS,
      invariant: 'P2    presentations of the token whose answer was lost',
      counted: `${other.presentations}; ${seen.toldToSignIn} of ${REQUESTS} told to sign in`,
    },
    {
      holds: seen.served === requests,
      invariant: 'P3    requests served with a token that the server takes',
      counted: `${seen.served} of ${requests}`,
    },
    {
      holds: seen.presentedForStale === 0,
      invariant: 'P4    presentations caused by the stale cookie',
      counted: `${seen.presentedForStale}`,
    },
    {
      holds: dead === 0 && refused === 0,
      invariant: 'P5    grants revoked',
      counted: `${dead} of ${counts.grants.live + other.grants.live + dead}, ${refused} refusals`,
    },
  ]
}
