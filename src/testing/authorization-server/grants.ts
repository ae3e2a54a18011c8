import { toBase64url } from '../../core/text.ts'
import type { Random } from '../../core/random.ts'
import type { Wire } from './description.ts'

/** A refresh token, as its server keeps it. */
export interface RefreshToken {
  readonly grant: number
  /** `R0` for the first of a grant, and so on: for those who must not see the token. */
  readonly name: string
  /** How many rotations lie behind it. */
  readonly generation: number
  readonly state: 'live' | 'spent' | 'revoked'
  readonly spentAtMs?: number
  /** The token that it was issued for. */
  readonly parent?: string
  /** How often it arrived. */
  readonly presentations: number
}

export interface AccessToken {
  readonly grant: number
  /** `A0` for the first of a grant, and so on. */
  readonly name: string
  readonly expiresAtMs: number
  readonly isRevoked: boolean
  /** The refresh token that it came with. */
  readonly beside: string
  /** Whether a resource server has seen it. */
  readonly isUsed: boolean
}

/** All that a server knows, by token. Nothing in it is ever changed: each step makes another. */
export interface ServerGrants {
  readonly refreshTokens: ReadonlyMap<string, RefreshToken>
  readonly accessTokens: ReadonlyMap<string, AccessToken>
  /** How many users have signed in. */
  readonly count: number
  /** How many token responses were made. */
  readonly granted: number
}

export const NO_GRANTS: ServerGrants = {
  refreshTokens: new Map(),
  accessTokens: new Map(),
  count: 0,
  granted: 0,
}

/** Makes a new token. */
export type Mint = (kind: 'refresh' | 'access', name: string, expiresAtMs: number) => string

/** Puts one refresh token in its place. */
export function withRefreshToken(
  grants: ServerGrants,
  token: string,
  change: RefreshToken,
): ServerGrants {
  return { ...grants, refreshTokens: new Map(grants.refreshTokens).set(token, change) }
}

export function withAccessToken(
  grants: ServerGrants,
  token: string,
  change: AccessToken,
): ServerGrants {
  return { ...grants, accessTokens: new Map(grants.accessTokens).set(token, change) }
}

/** The name of a grant's next token. */
export function nameOfNext(tokens: ReadonlyMap<string, { grant: number }>, grant: number): number {
  let count = 0
  for (const token of tokens.values()) if (token.grant === grant) count += 1
  return count
}

/** Ends all refresh tokens of a grant, and its access tokens where told. */
export function ended(grants: ServerGrants, grant: number, what: 'family' | 'grant'): ServerGrants {
  const revoked = new Map(grants.refreshTokens)
  for (const [token, held] of revoked) {
    if (held.grant === grant) revoked.set(token, { ...held, state: 'revoked' })
  }
  const left = { ...grants, refreshTokens: revoked }
  return what === 'family' ? left : withoutAccessTokens(left, grant)
}

/** Ends all access tokens of a grant. */
export function withoutAccessTokens(grants: ServerGrants, grant: number): ServerGrants {
  const revoked = new Map(grants.accessTokens)
  for (const [token, held] of revoked) {
    if (held.grant === grant) revoked.set(token, { ...held, isRevoked: true })
  }
  return { ...grants, accessTokens: revoked }
}

/** Whether a resource server takes an access token, or the token endpoint a refresh token. */
export function isLive(
  { refreshTokens, accessTokens }: ServerGrants,
  token: string,
  nowMs: number,
) {
  if (refreshTokens.get(token)?.state === 'live') return true
  const access = accessTokens.get(token)
  return access !== undefined && !access.isRevoked && nowMs < access.expiresAtMs
}

/** A token of either kind by its name, for those who must not see it. */
export function nameOf({ refreshTokens, accessTokens }: ServerGrants, token: string): string {
  return refreshTokens.get(token)?.name ?? accessTokens.get(token)?.name ?? 'a token of nobody'
}

const encoder = new TextEncoder()

export interface MintOptions {
  readonly random: Random
  readonly accessToken: Wire['accessToken']
  readonly now: () => number
  /** Part of every token, so that a test finds a token in any output. Default: nothing. */
  readonly mark?: string
}

/** Makes tokens that cannot be guessed; access tokens that tell their expiry where it is wanted. */
export function minting({ random, accessToken, now, mark = '' }: MintOptions): Mint {
  return (kind, _name, expiresAtMs) => {
    const secret = `${mark}${toBase64url(random.bytes(18))}`
    if (kind === 'refresh' || accessToken === 'opaque') return secret
    // RFC 7519 §4.1: seconds. The last part is no real signature.
    const claims = { iat: Math.floor(now() / 1000), exp: Math.floor(expiresAtMs / 1000) }
    return `${part({ alg: 'none' })}.${part(claims)}.${secret}`
  }
}

function part(value: object): string {
  return toBase64url(encoder.encode(JSON.stringify(value)))
}
