import { hasTraces, type Fields, type Mark } from './cookie-token-set.ts'
import { refresherOf, type Notices, type Refreshers } from './options.ts'

/**
 * Finds the provider of a session cookie that was written before refresh-once was installed.
 *
 * If the provider is unknown, the cookie is left alone: its refresh token would be sent to the
 * wrong server.
 */
export function markOfLegacyCookie(
  cookie: Fields,
  refreshers: Refreshers,
  named: string | false | undefined,
  notices: Notices,
): Mark {
  if (!hasTraces(cookie) || named === false) return {}
  if (named !== undefined) return { provider: named }
  const { provider } = cookie
  if (typeof provider === 'string' && refresherOf(refreshers, provider)) return { provider }
  const [only, ...others] = Object.keys(refreshers)
  const isNamed = typeof provider === 'string'
  if (only !== undefined && others.length === 0 && !isNamed) return { provider: only }
  notices.once(
    'a cookie does not say whose tokens it holds: write `legacyCookieProvider`, ' +
      'or wait for sign-ins',
  )
  return {}
}
