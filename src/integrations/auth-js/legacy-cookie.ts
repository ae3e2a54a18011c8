import { hasTraces, type Mark, type Token } from './cookie-token-set.ts'
import type { Notices } from './options.ts'
import { refresherOf, type Refreshers } from './options.ts'

/**
 * Whose tokens a cookie from before us holds. Those of an unknown provider are nobody's: its
 * refresh token would be sent to a stranger.
 */
export function ownerOf(
  token: Token,
  refreshers: Refreshers,
  adopt: string | false | undefined,
  notices: Notices,
): Mark {
  if (!hasTraces(token) || adopt === false) return {}
  if (adopt !== undefined) return { provider: adopt }
  const { provider } = token
  if (typeof provider === 'string' && refresherOf(refreshers, provider)) return { provider }
  const [only, ...others] = Object.keys(refreshers)
  const isNamed = typeof provider === 'string'
  if (only !== undefined && others.length === 0 && !isNamed) return { provider: only }
  notices.once('a cookie does not say whose tokens it holds: write `adopt`, or wait for sign-ins')
  return {}
}
