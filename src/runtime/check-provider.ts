import { RefreshError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import type { TokenSet } from '../core/token-set.ts'

/**
 * A token goes to the provider that its set names, to no other.
 *
 * @throws {RefreshError} `provider_mismatch`
 */
export function checkProvider(tokens: TokenSet, { id }: Pick<Provider, 'id'>): void {
  if (tokens.provider == null || tokens.provider === id) return
  throw new RefreshError('provider_mismatch', { provider: id })
}
