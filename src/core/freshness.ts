/** How fresh an access token is. `expiring`: it still serves, and should be renewed. */
export type Freshness = 'fresh' | 'expiring' | 'dead'

/** What a caller asks of an access token. */
export interface Demand {
  /** Renew when no more than this is left, milliseconds. See {@link refreshAheadMs}. */
  readonly aheadMs: number
  /** The caller needs it for longer than this, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
}

/** The longest that a token is renewed ahead of its expiry by default, milliseconds. */
const AHEAD_MAX_MS = 60_000

/** The part of its lifetime that a token is renewed ahead of its expiry by default. */
const AHEAD_PART = 1 / 10

/** By how much of the default two tokens may differ. */
const JITTER_PART = 1 / 5

/** How many characters, from the end, tell two tokens apart. */
const JITTER_CHARACTERS = 8

/**
 * The single truth of freshness. An expiry that is no number makes `dead`, never `fresh`.
 *
 * @param access The access token asked for; `undefined`: there is none. One without `expiresAtMs`
 *   is `fresh`: only its resource server can tell.
 * @param nowMs Epoch milliseconds on this host's clock.
 */
export function classify(
  access: { readonly expiresAtMs?: number | null | undefined } | undefined,
  nowMs: number,
  { aheadMs, minValidMs = 0 }: Demand,
): Freshness {
  if (access === undefined) return 'dead'
  const { expiresAtMs } = access
  if (expiresAtMs === undefined || expiresAtMs === null) return 'fresh'
  const leftMs = expiresAtMs - nowMs
  if (!(leftMs > 0)) return 'dead'
  return leftMs > aheadMs && leftMs > minValidMs ? 'fresh' : 'expiring'
}

/**
 * How long before its expiry a token is renewed, whole milliseconds.
 *
 * By default a tenth of its lifetime, at most 60 s, less up to a fifth of that, which the token
 * itself decides: all its holders agree, and sessions signed in together part. Without
 * `obtainedAtMs` the lifetime is unknown and 60 s take its place (a tenth of what is _left_ would
 * shrink as it is approached and never be reached): at worst one token that lives shorter is
 * renewed early, and its successor says when it was obtained.
 *
 * @param configuredMs What the user wants instead, exactly, without jitter; no more than half the
 *   lifetime, or a token that lives shorter would be renewed on every call.
 */
export function refreshAheadMs(
  expiresAtMs: number | null | undefined,
  obtainedAtMs: number | null | undefined,
  token: string,
  configuredMs?: number,
): number {
  const lifetimeMs =
    expiresAtMs == null || obtainedAtMs == null ? Infinity : Math.max(expiresAtMs - obtainedAtMs, 0)
  if (configuredMs !== undefined) return Math.min(configuredMs, Math.floor(lifetimeMs / 2))
  const aheadMs = Math.min(AHEAD_MAX_MS, lifetimeMs * AHEAD_PART)
  return Math.floor(aheadMs * (1 - JITTER_PART * fraction(token)))
}

/** A number from 0 up to 1 out of the end of a token, where a JWT has its signature. */
function fraction(token: string): number {
  let hash = 0
  for (let i = Math.max(token.length - JITTER_CHARACTERS, 0); i < token.length; i++) {
    hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193)
  }
  return (Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 0) / 2 ** 32
}
