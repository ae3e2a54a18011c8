import { checkTokenSet, grantOf } from '../core/check-token-set.ts'
import { tokensOf } from '../core/convert.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { keepAll } from '../ledger/kept.ts'
import type { Kept } from '../ledger/kept.ts'
import { revoke } from '../ledger/protocol.ts'
import { bury, randomName, tell } from './burial.ts'
import { placeOf } from './outputs.ts'
import type { Parts } from './parts.ts'
import { errorOf, problemOf } from './problems.ts'
import type { RevokeOutcome } from './revoke-outcome.ts'

/** Of what the ledger was not asked about. */
const NAMELESS = { token: undefined, grant: undefined }

/**
 * Ends the chain in the ledger first, so that nothing is born of it any more; takes the claim of
 * the newest token or waits for its holder; then tells the AS. With the ledger down the AS is told
 * about the tokens at hand.
 */
export async function revokeChain(parts: Parts, tokens: TokenSet): Promise<RevokeOutcome> {
  const { settings, ledger, policy } = parts
  const { provider, waitMs } = settings
  try {
    checkTokenSet(tokens)
    const own = tokensOf(tokens)
    const place = grantOf(tokens)
    const { refreshToken } = own
    const mine = keepAll(own, 0)
    if (refreshToken === undefined && place === undefined) {
      return { ended: false, ...(await tell(parts, mine, NAMELESS)), error: undefined }
    }
    // A set that names its chain leads to it; without refresh token it has no claim row, and needs
    // none.
    const chain = { refreshToken: refreshToken ?? new Secret(''), carried: place !== undefined }
    const request = {
      claimId: randomName(parts),
      minted: randomName(parts),
      claimMs: policy.claimMs,
      ...(place !== undefined && { carried: placeOf(place) }),
    }
    try {
      await ledger.ready()
      const { answer } = await ledger.run(chain, (seen) => revoke<Kept>(request, seen), {
        patienceMs: settings.requestTimeoutMs,
      })
      const grant = await parts.nameOf(chain, answer.place.grant)
      const about = { token: refreshToken?.fingerprint, grant }
      parts.emit({ type: 'revoked', ...about })
      const newest = ('set' in answer ? answer.set : undefined) ?? mine
      const { revoked } = await bury(parts, newest, answer.place, waitMs, about)
      return { ended: true, revoked, error: undefined }
    } catch (error) {
      const about = { ...NAMELESS, token: refreshToken?.fingerprint }
      const { revoked } = await tell(parts, mine, about)
      return { ended: false, revoked, error: errorOf(problemOf(error), provider.id, undefined) }
    }
  } catch (error) {
    return {
      ended: false,
      revoked: false,
      error: errorOf(problemOf(error), provider.id, undefined),
    }
  }
}
