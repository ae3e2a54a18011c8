import { systemClock } from '../../core/clock.ts'
import type { RefreshError, Refresher, TokenSet } from '../../index.ts'
import { waitMsOf, type SessionOptions } from './options.ts'
import { beginCall } from './patience.ts'

/** What the session shows of one token set. */
export interface RenewalResult {
  /** The `id` of the Auth.js provider. */
  readonly provider: string
  /** Absent: no access token is usable. */
  readonly accessToken?: string | undefined
  readonly mustSignIn: boolean
  /** Whether `prompt=none` may do. */
  readonly canSignInSilently?: boolean
  /** Why the user must sign in. */
  readonly reason?: RefreshError['reason']
  /** Whether `revoke` ended the chain: the user signed out, and this is an older cookie. */
  readonly isSignedOut?: boolean
}

/** A token set after its renewal, and what the session shows of it. */
export interface SessionRenewal {
  readonly tokens: TokenSet | undefined
  readonly changed: boolean
  readonly result: RenewalResult
}

/**
 * Renews a token set if that is due. Never rejects.
 *
 * @param tokens A set, or a handle. Absent: the session holds a token set that cannot be read. Only
 *   a sign-in can help.
 * @param refresher Absent: the token set is left as it is.
 */
export async function renewal(
  provider: string,
  refresher: Refresher | undefined,
  tokens: TokenSet | string | undefined,
  options: SessionOptions,
): Promise<SessionRenewal> {
  if (tokens === undefined) {
    return { tokens, changed: false, result: { provider, mustSignIn: true } }
  }
  const held = typeof tokens === 'string' ? undefined : tokens
  const unchanged = { tokens: held, changed: false, result: { provider, mustSignIn: false } }
  if (refresher === undefined) return unchanged
  const { waitUntil, clock = systemClock } = options
  const named = typeof tokens === 'string' ? tokens : (tokens.refreshToken ?? tokens.accessToken)
  const call = beginCall(named, waitMsOf(options), clock)
  let isGood = false
  try {
    const asked = { waitUntil, waitMs: call.leftMs }
    const outcome = await (typeof tokens === 'string'
      ? refresher.refresh(tokens, asked)
      : refresher.refresh(tokens, asked))
    isGood = outcome.error === undefined && outcome.state !== 'expiring'
    const { accessToken, needsSignIn, canSignInSilently } = outcome
    const isSignedOut = outcome.error?.code === 'revoked'
    const result = {
      provider,
      accessToken,
      mustSignIn: needsSignIn,
      canSignInSilently,
      isSignedOut,
      ...(needsSignIn && { reason: outcome.error?.reason }),
    }
    return { tokens: held && outcome.tokens, changed: outcome.changed, result }
  } catch {
    // `refresh` never rejects, but an application may have wrapped it.
    return unchanged
  } finally {
    call.end(isGood)
  }
}
