import { checkTokenSet, grantOf } from '../core/check-token-set.ts'
import { tokensOf } from '../core/convert.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { keepAll } from '../ledger/kept.ts'
import type { Kept } from '../ledger/kept.ts'
import { revoke } from '../ledger/protocol.ts'
import { bury, randomName, tell, type Burial } from './burial.ts'
import { placeOf } from './outputs.ts'
import { checkProvider } from './check-provider.ts'
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
    checkProvider(tokens, provider)
    const own = tokensOf(tokens)
    const place = grantOf(tokens)
    const { refreshToken } = own
    const mine = keepAll(own, 0)
    if (refreshToken === undefined && place === undefined) {
      return told(parts, false, await tell(parts, mine, NAMELESS))
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
      return told(parts, true, await bury(parts, newest, answer.place, waitMs, about))
    } catch (error) {
      // Nobody can say whether these are the newest.
      await tell(parts, mine, { ...NAMELESS, token: refreshToken?.fingerprint })
      return failed(error, provider)
    }
  } catch (error) {
    return failed(error, provider)
  }
}

/** An AS without endpoint is no failure: its description says so. */
function told({ settings: { provider } }: Parts, ended: boolean, burial: Burial): RevokeOutcome {
  if (burial.revoked || provider.revocationEndpoint === null) {
    return { ended, revoked: burial.revoked, error: undefined }
  }
  const { revoked, ...trouble } = burial
  return { ended, revoked, error: errorOf(trouble, provider.id, undefined) }
}

function failed(error: unknown, { id }: Pick<Provider, 'id'>): RevokeOutcome {
  return { ended: false, revoked: false, error: errorOf(problemOf(error), id, undefined) }
}
