import type { Provider } from './provider.ts'
import { DEFAULT_AUDIENCE } from './tokens.ts'
import type { Tokens } from './tokens.ts'

type Described = Pick<Provider, 'response'>

/**
 * When a refresh token dies of age, epoch milliseconds: what the AS said, or what its description
 * says of the day of authorization, whichever is sooner. Absent: unknown.
 *
 * Past it the AS is still asked; only the reason of its refusal is then known.
 */
export function refreshExpiryMs(
  { refreshExpiresAtMs, authorizedAtMs }: Pick<Tokens, 'refreshExpiresAtMs' | 'authorizedAtMs'>,
  { response: { refreshLifetimeMs } }: Described,
): number | undefined {
  if (authorizedAtMs === undefined || refreshLifetimeMs === undefined) return refreshExpiresAtMs
  return Math.min(refreshExpiresAtMs ?? Infinity, authorizedAtMs + refreshLifetimeMs)
}

/**
 * The tokens with the day of their authorization, where the description counts from it: what they
 * say themselves, else what is known of their chain, else the latest that it can have been.
 *
 * @param knownMs Of the chain. Storage may have dropped it.
 */
export function authorized(
  tokens: Tokens,
  { response }: Described,
  knownMs: number | undefined,
  nowMs: number,
): Tokens {
  if (response.refreshLifetimeMs === undefined || tokens.authorizedAtMs !== undefined) return tokens
  const obtainedAtMs = tokens.access.get(DEFAULT_AUDIENCE)?.obtainedAtMs
  return { ...tokens, authorizedAtMs: knownMs ?? obtainedAtMs ?? nowMs }
}
