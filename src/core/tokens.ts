import { plainOf } from './entity.ts'
import { Secret } from './secret.ts'
import type { TokenSet } from './token-set.ts'

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

/** The position of a token in its chain: the chain's secret, and how many rotations came before. */
export interface GrantRef {
  readonly secret: Secret
  readonly generation: number
  /**
   * Proves to the ledger that it has handed out this generation together with this refresh token.
   * Absent: the ledger keeps no key for the chain yet, or an earlier release wrote the name.
   */
  readonly proof?: Secret | undefined
}

/** The audience of an access token. Without both: the one that the AS issues it for by default. */
export interface Audience {
  /** Resource indicator (RFC 8707). */
  readonly resource?: string | undefined
  /** Organization, where the AS knows such a thing. */
  readonly organization?: string | undefined
}

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
  const set: T = Object.assign({}, plainOf(base))
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

/**
 * 32 bytes as base64url, of which the last character carries four bits: any other would spell the
 * same bytes again. Then a whole number that is exact as a `number`. Then a proof, whose last
 * character carries two bits. Names without a proof, as earlier releases wrote them, stay readable
 * until 0.2.
 */
const GRANT = /^[\w-]{42}[AEIMQUYcgkosw048]\.(?:0|[1-9]\d{0,14})(?:\.[\w-]{21}[AQgw])?$/

const SECRET_LENGTH = 43
const TEXT_MIN_LENGTH = SECRET_LENGTH + 2
const TEXT_MAX_LENGTH = SECRET_LENGTH + 1 + 15 + 1 + 22

/**
 * Reads the `grant` of a token set: `<base64url of 32 bytes>.<generation>.<proof>`.
 *
 * @returns `undefined` for any other text. There is one spelling of each grant and no other.
 */
export function parseGrant(text: string): GrantRef | undefined {
  if (!GRANT.test(text)) return undefined
  const [generation, proof] = text.slice(SECRET_LENGTH + 1).split('.')
  return {
    secret: new Secret(text.slice(0, SECRET_LENGTH)),
    generation: Number(generation),
    ...(proof !== undefined && { proof: new Secret(proof) }),
  }
}

/** Whether a text may be a grant at a glance: for the path of every call, at 3 ns against 100. */
export function hasGrantShape(text: string): boolean {
  return (
    text.length >= TEXT_MIN_LENGTH && text.length <= TEXT_MAX_LENGTH && text[SECRET_LENGTH] === '.'
  )
}

/** Writes the `grant` of a token set. */
export function formatGrant({ secret, generation, proof }: GrantRef): string {
  const name = `${secret.expose()}.${generation}`
  return proof === undefined ? name : `${name}.${proof.expose()}`
}

/** The chain that a checked grant names: the part that all its generations share. */
export function chainOf(grant: string): string {
  return grant.slice(0, SECRET_LENGTH)
}

/** The key under which a chain keeps the access token of an audience. `''` for the default. */
export function audienceKey({ resource, organization }: Audience): string {
  if (resource === undefined && organization === undefined) return ''
  return JSON.stringify([resource ?? null, organization ?? null])
}

/** The audience that a key stands for. */
export function audienceOf(key: string): Audience {
  if (key === '') return {}
  const [resource, organization] = JSON.parse(key) as [string | null, string | null]
  return {
    ...(resource !== null && { resource }),
    ...(organization !== null && { organization }),
  }
}
