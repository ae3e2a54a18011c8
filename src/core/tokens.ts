import type { Secret } from './secret.ts'

/** The audience of the access token that comes without asking for one. */
export const DEFAULT_AUDIENCE = ''

/** One access token of a chain. */
export interface Access {
  readonly token: Secret
  /** Epoch milliseconds on this host's clock. Absent: unknown. */
  readonly expiresAtMs?: number
  /** Epoch milliseconds on this host's clock. */
  readonly obtainedAtMs?: number
  readonly scope?: string
  readonly tokenType?: string
}

/**
 * The tokens of one chain, as they travel inside the library: one refresh token, and the access
 * tokens by audience (RFC 8707: one grant, several resources).
 */
export interface Tokens {
  readonly refreshToken?: Secret
  readonly refreshExpiresAtMs?: number
  readonly authorizedAtMs?: number
  readonly idToken?: Secret
  readonly access: ReadonlyMap<string, Access>
}

/** Where in its chain a token stands: the chain's secret, and how many rotations lie behind. */
export interface GrantRef {
  readonly secret: Secret
  readonly generation: number
}
