import { isRecord } from '../../core/text.ts'
import type { Outcome, TokenSet } from '../../index.ts'
import { RefreshError } from '../../index.ts'
import type { AccountRow, OAuthTokens, RequestContext } from './types.ts'

/** Stands for an access token that is not known. It is never sent: it expired long ago. */
const NOT_KNOWN = 'not-known'

/** The set of which only the refresh token is known. The ledger has the rest. */
export function bareSet(refreshToken: string): TokenSet {
  return { accessToken: NOT_KNOWN, refreshToken, expiresAtMs: 0 }
}

/**
 * Reads the token set of a row.
 *
 * @returns `undefined` if the row has no refresh token, or one that cannot be decrypted.
 */
export async function tokenSetOf(
  row: AccountRow,
  { context }: Pick<RequestContext, 'context'>,
): Promise<TokenSet | undefined> {
  try {
    const plain = async (token: string | null | undefined): Promise<string | undefined> => {
      if (!token || !context.options.account?.encryptOAuthTokens) return token || undefined
      const { decryptOAuthToken } = await import('better-auth/oauth2')
      return await decryptOAuthToken(token, context as never)
    }
    const refreshToken = await plain(row.refreshToken)
    if (refreshToken === undefined) return undefined
    const accessToken = await plain(row.accessToken)
    if (accessToken === undefined) return bareSet(refreshToken)
    return {
      accessToken,
      refreshToken,
      expiresAtMs: msOf(row.accessTokenExpiresAt),
      refreshExpiresAtMs: msOf(row.refreshTokenExpiresAt),
      ...(row.idToken && { idToken: row.idToken }),
    }
  } catch {
    return undefined
  }
}

function msOf(date: AccountRow['accessTokenExpiresAt']): number | undefined {
  const ms = date ? new Date(date).getTime() : NaN
  return Number.isFinite(ms) ? ms : undefined
}

/**
 * The account that the request is about, as its row is now.
 *
 * @returns `undefined` if the request names none: the account is then in a cookie.
 */
export async function accountNow(
  request: RequestContext | undefined,
): Promise<AccountRow | undefined> {
  const asked = { ...members(request?.query), ...members(request?.body) }
  const id = asked['accountId']
  if (request === undefined || typeof id !== 'string') return undefined
  try {
    const where = [{ field: 'id', value: id }]
    const row = await request.context.adapter.findOne({ model: 'account', where })
    return isRecord(row) ? (row as unknown as AccountRow) : undefined
  } catch {
    // Better Auth has read the row already. Without a second look, it is believed.
    return undefined
  }
}

const members = (value: unknown): Record<string, unknown> => (isRecord(value) ? { ...value } : {})

/**
 * The tokens of an outcome, as Better Auth takes them.
 *
 * @throws {RefreshError} If there is no usable access token.
 */
export function oauthTokensOf({ accessToken, tokens, error }: Outcome): OAuthTokens {
  if (accessToken === undefined) throw error ?? new RefreshError('internal')
  const { refreshToken, expiresAtMs, refreshExpiresAtMs, idToken, scope, tokenType } = tokens
  return {
    accessToken,
    refreshToken,
    idToken,
    tokenType,
    scopes: scope?.split(' '),
    accessTokenExpiresAt: dateOf(expiresAtMs),
    refreshTokenExpiresAt: dateOf(refreshExpiresAtMs),
  }
}

const dateOf = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms)
