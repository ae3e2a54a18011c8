import { hasTraces, type Fields, type Mark } from './cookie-token-set.ts'
import { refresherOf, type Notices, type Refreshers } from './options.ts'

/**
 * Finds the provider of a session cookie that was written before refresh-once was installed.
 *
 * If neither the cookie nor the option names the provider, the cookie is left alone, also if there
 * is only one refresher: its refresh token may be that of another server.
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
  notices.once(
    'a cookie does not say whose tokens it holds: write `legacyCookieProvider`, ' +
      'or wait for sign-ins',
  )
  return {}
}
