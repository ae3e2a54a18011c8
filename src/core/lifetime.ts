import type { Provider } from './provider.ts'
import type { Tokens } from './tokens.ts'

/**
 * When a refresh token dies of age, epoch milliseconds: what the AS said, or what its description
 * says of the day of authorization. Absent: unknown.
 *
 * Past it the AS is still asked; only the reason of its refusal is then known.
 */
export function refreshExpiryMs(
  { refreshExpiresAtMs, authorizedAtMs }: Tokens,
  { response: { refreshLifetimeMs } }: Pick<Provider, 'response'>,
): number | undefined {
  if (refreshExpiresAtMs !== undefined) return refreshExpiresAtMs
  if (authorizedAtMs === undefined || refreshLifetimeMs === undefined) return undefined
  return authorizedAtMs + refreshLifetimeMs
}
