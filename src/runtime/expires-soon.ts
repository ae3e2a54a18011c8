import type { PresentOutput } from '../../machines/types.ts'
import { refreshExpiryMs } from '../core/lifetime.ts'
import type { Tokens } from '../core/tokens.ts'
import type { Timeless } from './outputs.ts'
import type { RefresherContext } from './context.ts'

/** How long before its end a refresh token is said to expire soon, milliseconds: 14 days. */
const SOON_MS = 14 * 24 * 60 * 60 * 1000

/** The part of its lifetime that this is, where it is less. */
const SOON_PART = 1 / 10

/** Two readings of one end may differ by this much: servers tell whole seconds, and answer late. */
const SAME_END_MS = 5_000

type Output = Timeless<PresentOutput>

/**
 * Tells that the refresh token of a set that is handed out expires soon, and that refreshing did
 * not put it off: somebody must authorize again. Once per refresh, since only who presented is
 * here.
 */
export function withWarning(
  { emit, settings: { clock, provider } }: RefresherContext,
  renewed: Tokens,
  output: Output,
): Output {
  const next = 'tokens' in output ? output.tokens : undefined
  const end = next?.refreshToken && next.refreshExpiresAtMs
  const before = refreshExpiryMs(renewed, provider)
  const isPutOff = end === undefined || before === undefined || end > before + SAME_END_MS
  const lifetimeMs = (end ?? 0) - (next?.authorizedAtMs ?? -Infinity)
  const soonMs = Math.min(SOON_MS, lifetimeMs * SOON_PART)
  if (isPutOff || end - clock.now() > soonMs) return output
  emit({
    type: 'expires_soon',
    token: renewed.refreshToken?.fingerprint,
    refreshExpiresAtMs: end,
  })
  return output
}
