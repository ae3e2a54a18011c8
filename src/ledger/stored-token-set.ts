import { Secret } from '../core/secret.ts'
import type { TokenResponse } from '../core/token-response.ts'
import type { Access, Tokens } from '../core/tokens.ts'

/** An access token in a grant row: its times are the store's, so hosts' clocks do not matter. */
export interface StoredAccessToken {
  readonly token: string
  /** When it was received, on the store's clock. */
  readonly grantedAtMs: number
  /**
   * When it was received, on the clock of the host that received it. It counts on a host if it
   * agrees with what the clocks of this host and the store say: all such hosts serve equal times.
   */
  readonly obtainedAtMs?: number
  /** For how long it was issued. Absent: unknown. */
  readonly lifetimeMs?: number
  readonly scope?: string
  readonly tokenType?: string
}

/** The newest set of a chain, as its grant row keeps it. Plain JSON; sealed before it leaves. */
export interface StoredTokenSet {
  readonly refreshToken?: string
  /** Epoch milliseconds. */
  readonly refreshExpiresAtMs?: number
  readonly authorizedAtMs?: number
  readonly idToken?: string
  /** By audience. */
  readonly access: readonly (readonly [audience: string, StoredAccessToken])[]
}

/** One moment, as this host and the store see it. */
export interface Moment {
  readonly hostNowMs: number
  readonly storeNowMs: number
}

/**
 * Makes the set that a token response leaves.
 *
 * @param renewed The set whose refresh token was presented.
 * @param keepsRefreshToken Whether an answer without refresh token keeps the presented one (RFC
 *   6749 §6), or leaves the chain without any.
 */
export function responseToStored(
  { access, refreshToken, refreshExpiresAtMs, idToken, unusable }: TokenResponse,
  renewed: Tokens,
  audience: string,
  keepsRefreshToken: boolean,
  { hostNowMs, storeNowMs }: Moment,
): StoredTokenSet {
  const { token, expiresAtMs, obtainedAtMs, scope, tokenType } = access
  const refresh = refreshToken ?? (keepsRefreshToken ? renewed.refreshToken : undefined)
  const refreshExpiry =
    refreshExpiresAtMs ?? (refreshToken ? undefined : renewed.refreshExpiresAtMs)
  const id = idToken ?? renewed.idToken
  const stored: StoredAccessToken = {
    token: token.expose(),
    grantedAtMs: storeNowMs,
    ...(obtainedAtMs !== undefined && { obtainedAtMs: Math.round(obtainedAtMs) }),
    ...(expiresAtMs !== undefined && {
      lifetimeMs: Math.round(expiresAtMs - (obtainedAtMs ?? hostNowMs)),
    }),
    ...(scope !== undefined && { scope }),
    ...(tokenType !== undefined && { tokenType }),
  }
  return {
    access: unusable === undefined ? [[audience, stored]] : [],
    ...(refresh !== undefined && { refreshToken: refresh.expose() }),
    ...(refreshExpiry !== undefined && { refreshExpiresAtMs: refreshExpiry }),
    ...(renewed.authorizedAtMs !== undefined && { authorizedAtMs: renewed.authorizedAtMs }),
    ...(id !== undefined && { idToken: id.expose() }),
  }
}

/**
 * By how much the times of two tokens can mislead, milliseconds: they are estimated from a reading
 * of the store's clock and the time since.
 */
const IMPRECISION_MS = 1_000

/**
 * Joins what was received to what the chain held: the later token of each audience wins, and what
 * was received where that is not certain. One that the AS was asked for again would otherwise be
 * dropped for the refused one.
 */
export function merge(
  known: StoredTokenSet | undefined,
  received: StoredTokenSet,
  oldAccessToken: 'lives' | 'dies',
): StoredTokenSet {
  if (known === undefined || oldAccessToken === 'dies') return received
  const access = new Map(known.access)
  for (const [audience, added] of received.access) {
    const held = access.get(audience)
    const isLater = held !== undefined && held.grantedAtMs > added.grantedAtMs + IMPRECISION_MS
    if (!isLater) access.set(audience, added)
  }
  return { ...received, access: [...access] }
}

/** The refresh token of a stored set. */
export function refreshTokenIn({ refreshToken }: StoredTokenSet): Secret | undefined {
  return refreshToken === undefined ? undefined : new Secret(refreshToken)
}

/** Makes the set that a holder on this host gets, with times of this host's clock. */
export function fromStored(stored: StoredTokenSet, moment: Moment): Tokens {
  const { refreshToken, refreshExpiresAtMs, authorizedAtMs, idToken } = stored
  return {
    access: new Map(stored.access.map(([audience, held]) => [audience, accessOf(held, moment)])),
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    ...(refreshExpiresAtMs !== undefined && { refreshExpiresAtMs }),
    ...(authorizedAtMs !== undefined && { authorizedAtMs }),
    ...(idToken !== undefined && { idToken: new Secret(idToken) }),
  }
}

/**
 * Whether an access token was granted less than half its lifetime ago, by the store's clock. It is
 * not renewed, even if this host's clock says so: a wrong clock would refresh on every request.
 */
export function isYoung(
  { grantedAtMs, lifetimeMs }: StoredAccessToken,
  storeNowMs: number,
): boolean {
  return lifetimeMs !== undefined && storeNowMs < grantedAtMs + lifetimeMs / 2
}

/**
 * How long no new access token is asked for, because the refused one is so young, milliseconds: of
 * an API that refuses each token, every request would present a refresh token and leave a row.
 */
export function floorLeftMs(
  { access }: StoredTokenSet,
  { audience, refused }: { readonly audience: string; readonly refused?: Secret | undefined },
  storeNowMs: number,
  floorMs: number,
): number {
  const [, held] = access.find(([each]) => each === audience) ?? []
  if (held === undefined || held.token !== refused?.expose()) return 0
  // The store's time of a grant is estimated, and may lie milliseconds ahead.
  return Math.min(floorMs, held.grantedAtMs + floorMs - storeNowMs)
}

function accessOf(held: StoredAccessToken, { hostNowMs, storeNowMs }: Moment): Access {
  const { token, grantedAtMs, lifetimeMs, scope, tokenType } = held
  // The clock of a store is read with the time of a round trip and has fractions of milliseconds.
  const estimatedAtMs = Math.round(hostNowMs - (storeNowMs - grantedAtMs))
  const statedAtMs = held.obtainedAtMs ?? estimatedAtMs
  const isAgreed = Math.abs(statedAtMs - estimatedAtMs) < IMPRECISION_MS
  const obtainedAtMs = isAgreed ? statedAtMs : estimatedAtMs
  return {
    token: new Secret(token),
    obtainedAtMs,
    ...(lifetimeMs !== undefined && { expiresAtMs: obtainedAtMs + lifetimeMs }),
    ...(scope !== undefined && { scope }),
    ...(tokenType !== undefined && { tokenType }),
  }
}

/** Stores a caller's set as it is, for uses where only its tokens matter. */
export function tokensToStored(
  { refreshToken, access }: Tokens,
  storeNowMs: number,
): StoredTokenSet {
  return {
    ...(refreshToken !== undefined && { refreshToken: refreshToken.expose() }),
    access: [...access].map(
      ([audience, { token }]) =>
        [audience, { token: token.expose(), grantedAtMs: storeNowMs }] as const,
    ),
  }
}
