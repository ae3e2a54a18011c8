import { jwtClaims } from '../core/jwt.ts'
import type { TokenResponse } from '../core/token-response.ts'
import { ownField } from '../core/text.ts'
import type { Secret } from '../core/secret.ts'

/**
 * Holds the ID token of an answer against the one of the set that is renewed: "its iss Claim Value
 * MUST be the same", "its sub Claim Value MUST be the same".
 *
 * Whatever is wrong with an ID token, the tokens beside it have come and the old ones are spent: an
 * ID token that does not fit is dropped, another `sub` withholds the set. Signature, `aud` and
 * `exp` are for whoever reads the ID token: it came from the AS itself (OIDC Core §3.1.3.7, 6.),
 * and a host clock that is wrong must not cost it.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
 */
export function holdIdToken(response: TokenResponse, before: Secret | undefined): TokenResponse {
  const { idToken, ...rest } = response
  const claims = idToken && jwtClaims(idToken.expose())
  const sub = claims && ownField(claims, 'sub')
  if (typeof sub !== 'string') return rest
  const old = before && jwtClaims(before.expose())
  if (old === undefined) return response
  // Without the new ID token: the next refresh shall be held against the old one, too.
  if (ownField(old, 'sub') !== sub) return { ...rest, withheld: 'subject_changed' }
  return ownField(old, 'iss') === ownField(claims!, 'iss') ? response : rest
}
