import { NO_GRANTS } from '../../src/testing/authorization-server/grants.ts'
import type { ServerGrants } from '../../src/testing/authorization-server/grants.ts'
import { MARK } from '../../src/testing/fuzz/secrets.ts'
import type { Judge } from '../../src/testing/invariants.ts'
import type { Acknowledged, Sending } from '../../src/testing/observations.ts'
import type { Host } from './timeline.ts'
import type { Call } from './world.ts'

/** What may justly end a chain, or cost it its tokens. */
export type Cause =
  | 'the user signs out'
  | 'the user withdraws consent'
  | 'a thief presents a token'
  | 'a proxy presents a token twice'
  | 'the ledger has forgotten the token'
  | 'an older holder comes too late'

/** All that an observer above the world knows of one sign-in. */
export interface Chain {
  readonly number: number
  readonly user: string
  /** Whether its storage has no room for `grant`. */
  readonly drops: boolean
  readonly judge: Judge<Host>
  /** What the server keeps of it. */
  grants: ServerGrants
  /** How many tokens it has brought. */
  minted: number
  readonly sendings: Map<string, Sending<Host>[]>
  /** When somebody came with a token as their own: at the earliest, and for sure. */
  readonly acknowledged: { readonly earliest: Acknowledged[]; readonly surely: Acknowledged[] }
  readonly causes: Set<Cause>
  /** In the air. */
  readonly calls: Set<Call>
  /** Were answered lately. Their runs may go on. */
  answered: readonly Call[]
  /** Whether a replay was told as an event. */
  isReplayReported: boolean
  /** Whether a process died that may have had something to tell of it. */
  isSilenced: boolean
  /** Until when calls may fail, and be none the worse for it. */
  troubledUntilMs: number
  /** Whether a token may be lost, and nobody is to blame. */
  mayBeLost: boolean
  /** Whether a set went to its caller past the ledger, or a row of it was dropped. */
  isPastLedger: boolean
  /** Whether an expiry in some set was counted by a wrong clock. */
  isSkewed: boolean
  /** When a call came back with the news that it has ended. */
  endedAtMs?: number
  /** When the ledger last wrote its grant row, as far as calls tell. */
  touchedAtMs: number
  /** When it was written again after its time had been over. */
  regainedAtMs: number
  /** The secret of its grant row, once a set has carried it. */
  secret?: string | undefined
}

/** All of a chain that its judge is told. */
export type KnownChain = Omit<Chain, 'judge'>

export function createChain(
  number: number,
  user: string,
  drops: boolean,
  nowMs: number,
  judgeFor: (chain: KnownChain) => Judge<Host>,
): Chain {
  const chain: KnownChain = {
    number,
    user,
    drops,
    grants: NO_GRANTS,
    minted: 0,
    sendings: new Map(),
    acknowledged: { earliest: [], surely: [] },
    causes: new Set(),
    calls: new Set(),
    answered: [],
    isReplayReported: false,
    isSilenced: false,
    troubledUntilMs: -1,
    mayBeLost: false,
    isPastLedger: false,
    isSkewed: false,
    touchedAtMs: nowMs,
    regainedAtMs: -Infinity,
  }
  return Object.assign(chain, { judge: judgeFor(chain) })
}

/** How many rotations lie behind a token. */
export function generationOf({ grants }: KnownChain, token: string | undefined): number {
  return grants.refreshTokens.get(token ?? '')?.generation ?? 0
}

/** A token by its name: `12.R4` is the fourth of the twelfth chain. */
export function nameOf(token: string | undefined): string {
  return token === undefined ? 'no token' : token.slice(MARK.length)
}
