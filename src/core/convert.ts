import { formatGrant } from './grant-ref.ts'
import { Secret } from './secret.ts'
import type { TokenSet } from './token-set.ts'
import { DEFAULT_AUDIENCE, type Access, type GrantRef, type Tokens } from './tokens.ts'

/**
 * A caller's token set, checked, as it travels inside. `null` counts as absent.
 *
 * @param audience Whose access token the set holds. Default: the default audience, which is all
 *   that a token set ever holds; those of others live in the ledger.
 */
export function tokensOf(set: TokenSet, audience: string = DEFAULT_AUDIENCE): Tokens {
  return {
    access: new Map([[audience, accessOf(set)]]),
    ...(set.refreshToken != null && { refreshToken: new Secret(set.refreshToken) }),
    ...(set.refreshExpiresAtMs != null && { refreshExpiresAtMs: set.refreshExpiresAtMs }),
    ...(set.authorizedAtMs != null && { authorizedAtMs: set.authorizedAtMs }),
    ...(set.idToken != null && { idToken: new Secret(set.idToken) }),
  }
}

/**
 * The caller's object with the tokens of a chain in it; fields of the caller's own are kept, and
 * `base` is not touched.
 *
 * What is absent from the chain is removed, the refresh token too, except where absent means _as
 * before_:
 *
 * - the access token and what is said of it, when the chain holds none for the default audience;
 * - `scope` (RFC 6749 §5.1: omitted when identical) and `tokenType`;
 * - `idToken` (OIDC Core §12.2: a refresh may bring none);
 * - `authorizedAtMs`: the grant is the same.
 *
 * @param grant Where in the chain the tokens stand. `undefined`: the set names no chain.
 * @param provider The `id` of the provider. `undefined`: as before.
 */
export function tokenSetOf<T extends TokenSet>(
  tokens: Tokens,
  grant: GrantRef | undefined,
  base: T,
  provider: string | undefined,
): T {
  // Not `{ ...base }`: V8 takes ten times as long to add fields to what a spread has made.
  const set: T = Object.assign({}, base)
  const access = tokens.access.get(DEFAULT_AUDIENCE)
  if (access !== undefined) putAccess(set, access)
  put(set, 'refreshToken', tokens.refreshToken?.expose())
  put(set, 'refreshExpiresAtMs', tokens.refreshExpiresAtMs)
  put(set, 'authorizedAtMs', tokens.authorizedAtMs ?? base.authorizedAtMs)
  put(set, 'idToken', tokens.idToken?.expose() ?? base.idToken)
  put(set, 'grant', grant && formatGrant(grant))
  put(set, 'provider', provider ?? base.provider)
  return set
}

function accessOf(set: TokenSet): Access {
  return {
    token: new Secret(set.accessToken),
    ...(set.expiresAtMs != null && { expiresAtMs: set.expiresAtMs }),
    ...(set.obtainedAtMs != null && { obtainedAtMs: set.obtainedAtMs }),
    ...(set.scope != null && { scope: set.scope }),
    ...(set.tokenType != null && { tokenType: set.tokenType }),
  }
}

function putAccess(set: TokenSet, access: Access): void {
  set.accessToken = access.token.expose()
  put(set, 'expiresAtMs', access.expiresAtMs)
  put(set, 'obtainedAtMs', access.obtainedAtMs)
  put(set, 'scope', access.scope ?? set.scope)
  put(set, 'tokenType', access.tokenType ?? set.tokenType)
}

type Optional = Exclude<keyof TokenSet, 'accessToken'>

/** Writes a field, or removes it: no field ever holds `undefined` or `null`. */
function put<K extends Optional>(set: TokenSet, field: K, value: TokenSet[K] | null): void {
  if (value != null) set[field] = value
  else if (field in set) delete set[field]
}
