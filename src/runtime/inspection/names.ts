import type { RefreshContext } from '../../../machines/types.ts'
import type { Secret } from '../../core/secret.ts'
import type { Sealer } from '../../ledger/sealer.ts'
import type { Standing } from './line.ts'

/** What says where a run stands. */
export type Held = Pick<RefreshContext, 'tokens' | 'place'>

/**
 * Says where a run stands, by fingerprints. The same secret comes in many `Secret`s; of one run
 * they are few, so those that were named already are asked first. Mostly it is said at once.
 */
export function standings(sealer: Sealer): (held: Held) => Standing | Promise<Standing> {
  const named: Secret[] = []

  const nameOf = (secret: Secret): string | undefined =>
    secret.fingerprint ?? named.find((other) => other.equals(secret))?.fingerprint
  const isNamed = (secret: Secret | undefined): boolean =>
    secret === undefined || nameOf(secret) !== undefined

  async function name(domain: 'claim' | 'grant', secret: Secret | undefined): Promise<void> {
    if (secret === undefined || isNamed(secret)) return
    await sealer.derive(domain, secret)
    named.push(secret)
  }

  const standing = ({ tokens: { refreshToken }, place }: Held): Standing => ({
    token: refreshToken && nameOf(refreshToken),
    grant: place && nameOf(place.secret),
    generation: place?.generation,
  })

  async function learnt(held: Held): Promise<Standing> {
    await name('claim', held.tokens.refreshToken)
    await name('grant', held.place?.secret)
    return standing(held)
  }

  return (held) => {
    const isKnown = isNamed(held.tokens.refreshToken) && isNamed(held.place?.secret)
    return isKnown ? standing(held) : learnt(held)
  }
}
