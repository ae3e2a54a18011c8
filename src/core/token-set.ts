/**
 * What a token response leaves us, as the application stores it: plain JSON.
 *
 * Applications may add fields of their own; they are kept.
 */
export interface TokenSet {
  /** The access token (RFC 6749 §1.4). */
  accessToken: string
  /** The refresh token (RFC 6749 §1.5). Absent: nothing can be refreshed. */
  refreshToken?: string | undefined
  /** When the access token expires, epoch milliseconds. Absent: refreshed only when forced. */
  expiresAtMs?: number | undefined
  /** When the refresh token expires, epoch milliseconds, where the AS or its description tells. */
  refreshExpiresAtMs?: number | undefined
  /** When this set was received, epoch milliseconds. */
  obtainedAtMs?: number | undefined
  /** When the resource owner authorized the grant, epoch milliseconds. */
  authorizedAtMs?: number | undefined
  idToken?: string | undefined
  /** The scope of the access token, as the AS wrote it (RFC 6749 §3.3). */
  scope?: string | undefined
  tokenType?: string | undefined
  /** Names this set's chain in the ledger: a secret and a generation. Store it; do not read it. */
  grant?: string | undefined
  /** The `id` of the provider that issued the set. */
  provider?: string | undefined
}
