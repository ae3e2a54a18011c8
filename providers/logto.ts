import { defineProvider } from '../src/core/define-provider.ts'
import { ownField } from '../src/core/text.ts'
import type { Overrides, Provider, RawAnswer } from '../src/core/provider.ts'

/** A Grant of Logto lives for 180 days from the sign-in, however often its token rotates. */
const GRANT_LIFETIME_MS = 180 * 24 * 60 * 60 * 1000

/** What the console calls by three names. */
const COPIED = /(?:\/oidc(?:\/\.well-known\/openid-configuration)?)?\/*$/

/**
 * Logto, Cloud or self-hosted.
 *
 * Rotates the tokens of public clients (SPA, native) at every use, and those of confidential ones
 * when 70 % of their lifetime have passed; else the same string comes again.
 *
 * A spent token is taken again for 3 seconds, hard-coded. It is not presented again all the same:
 * an answer counts as lost after `requestTimeoutMs`, when the 3 seconds are over, and each use
 * within them makes a refresh token more, which nobody revokes when the other is reused.
 *
 * Deviations from RFC 6749:
 *
 * - §5.2: an error has `code: 'oidc.…'` and `message` beside `error`.
 * - §5.2: `invalid_target`, the 400 of a token script (`access_denied`, `invalid_request`), and any
 *   500 may come after the token was consumed. A 403 with a code comes before.
 * - §5.2: an expired client secret is `invalid_request`, not `invalid_client`.
 *
 * @param endpoint `https://<tenant>.logto.app`, or the issuer, which ends in `/oidc`.
 * @see https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/grants/refresh-token.ts
 * @see https://github.com/logto-io/logto/blob/master/packages/core/src/queries/oidc-model-instance.ts
 */
export const logto = ({ endpoint, ...overrides }: { endpoint: string } & Overrides): Provider => {
  if (typeof endpoint !== 'string' || endpoint === '') {
    throw new TypeError("logto: 'endpoint' is missing: write 'https://<tenant>.logto.app'")
  }
  const issuer = `${endpoint.replace(COPIED, '')}/oidc`
  return defineProvider(
    {
      id: 'logto',
      issuer,
      tokenEndpoint: `${issuer}/token`,
      revocationEndpoint: `${issuer}/token/revocation`,
      rotation: 'sometimes',
      missingRefreshToken:
        'Check three settings: the scope offline_access and prompt=consent in the authorization ' +
        'request, or "Always issue refresh token" of the application in the Logto console.',
      response: { refreshLifetimeMs: GRANT_LIFETIME_MS, read },
      failures: {
        // No member of the organization, no right to the application, no second factor.
        '403 access_denied': 'refused_before',
        '403 insufficient_scope': 'refused_before',
        '400 access_denied': 'refused_after',
        invalid_scope: 'refused_before',
      },
      verifiedAt: '2026-11-21',
    },
    overrides,
  )
}

/** @see https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-app-secret-transpilation.ts */
function read({ body }: RawAnswer): Record<string, unknown> | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const isExpired = ownField(body, 'error_description') === 'client secret has expired'
  return isExpired ? { error: 'invalid_client' } : { ...body }
}
