import type { Deferred, Failed } from '../../../machines/types.ts'
import type { ChainTokens } from '../../ledger/keyring.ts'
import { writeOff } from '../../ledger/protocol/index.ts'
import type { ChainPosition, LedgerView } from '../../ledger/protocol/index.ts'
import type { StoredTokenSet } from '../../ledger/stored-token-set.ts'
import type { RefresherContext } from '../context.ts'
import { lostProblem } from '../outputs.ts'
import { ASK_FOR_MS, AWAY_MS, REST_MS } from '../timing.ts'

/** What is asked about: the token of an overdue claim, and its row as it is. */
interface Asked {
  readonly chain: ChainTokens
  readonly position: ChainPosition
  readonly grantName: string | undefined
  readonly view: LedgerView<StoredTokenSet>
}

/** The token is good, as long as its claim row has this version; or what the run is told. */
type Asking = { readonly type: 'good'; readonly goodAt: number } | Deferred | Failed

/**
 * Asks the AS whether a token is active whose presentation was lost (RFC 7662). It presents
 * nothing. That the AS calls the token dead is written down, so that no process asks again; an
 * answer that says nothing leaves it as lost as it was. Never rejects.
 */
export async function askServer(
  { transport, ledger, emit, settings }: RefresherContext,
  { chain, position, grantName, view }: Asked,
): Promise<Asking> {
  const { version, writtenAtMs } = view.claim!
  const { clock } = settings
  const lost: Failed = { type: 'failed', problem: lostProblem(view), retryInMs: REST_MS }
  const startedAt = clock.monotonic()
  const said = await transport.ask(chain.refreshToken)
  const durationMs = clock.monotonic() - startedAt
  emit({
    type: 'introspected',
    token: chain.refreshToken.fingerprint,
    grant: grantName,
    generation: position.generation,
    says: said.says,
    status: said.status,
    durationMs,
  })
  switch (said.says) {
    case 'active':
      return { type: 'good', goodAt: version }
    case 'later': {
      // An endpoint that never answers must not keep the user from signing in.
      if (view.nowMs + durationMs - writtenAtMs > ASK_FOR_MS) return lost
      const { says: _, retryAfterMs = 0, ...problem } = said
      return { type: 'deferred', problem, retryInMs: Math.max(AWAY_MS, retryAfterMs) }
    }
    case 'inactive':
      await ledger.run(chain, (seen) => writeOff(version, seen), { view }).catch(() => {})
      return lost
    case 'unknown':
      return lost
  }
}
