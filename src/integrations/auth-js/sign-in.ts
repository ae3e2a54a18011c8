import type { Refresher, TokenSet } from '../../index.ts'
import { fitted, heldIn, isObject, markOf, type Held, type Mark, type Token } from './held.ts'
import type { Notices } from './notices.ts'
import { refresherOf, type CallbackOptions, type Refreshers } from './options.ts'

/** What a sign-in brought. */
export interface SignedIn {
  readonly provider: string
  readonly held: Held
  /** Sets of other providers that stay beside it. */
  readonly sets?: Mark['sets']
}

/** The set that a sign-in brought, if it is for one of the refreshers. */
export async function setAtSignIn(
  refreshers: Refreshers,
  options: CallbackOptions,
  notices: Notices,
  account: Token,
  user: Token,
): Promise<SignedIn | undefined> {
  const { provider } = account
  if (typeof provider !== 'string') return undefined
  const refresher = refresherOf(refreshers, provider)
  if (refresher === undefined) {
    notices.once(`there is no refresher for ${provider}: its tokens are left alone`)
    return undefined
  }
  const held = heldAt(account) ?? (await heldByUser(options, notices, user))
  if (held === undefined) {
    notices.once(`a sign-in with ${provider} brought no tokens: for credentials, see fromUser`)
    return undefined
  }
  checkRefreshToken(held, provider, refresher, notices)
  const isKept = (field: string): boolean => field !== 'idToken' || options.idToken === true
  const slots = held.style.slots.filter(({ field }) => isKept(field))
  const main = fitted(held.tokens, { ...held.style, slots })
  if (options.keep !== 'all') return { provider, held: main }
  return { provider, held: main, sets: await others(refreshers, options, notices, provider) }
}

/** Says so of a sign-in that works until its access token expires, and no longer. */
export function checkRefreshToken(
  { tokens }: Held,
  provider: string,
  { missingRefreshToken = '' }: Refresher,
  notices: Notices,
): void {
  if (tokens.refreshToken != null) return
  const line = `a sign-in with ${provider} brought no refresh token: it ends with its access token.`
  notices.once(`${line} ${missingRefreshToken}`.trimEnd())
}

/**
 * The set of an account (or an account's row), with what its `expires_in` says: NextAuth 4 has
 * none.
 */
export function heldAt(account: Token): Held | undefined {
  const held = heldIn(account)
  if (held === undefined) return undefined
  const lifetimeMs = Number(account['expires_in']) * 1000
  const { expiresAtMs, obtainedAtMs, authorizedAtMs } = held.tokens
  const at = obtainedAtMs ?? (expiresAtMs ?? NaN) - lifetimeMs
  if (!Number.isFinite(at)) return held
  const tokens = { ...held.tokens, obtainedAtMs: at, authorizedAtMs: authorizedAtMs ?? at }
  return fitted(tokens, held.style)
}

async function heldByUser(
  { fromUser }: CallbackOptions,
  notices: Notices,
  user: Token,
): Promise<Held | undefined> {
  if (fromUser === undefined) return heldIn(user)
  try {
    const found = await fromUser(user)
    return isObject(found) ? heldIn(found) : undefined
  } catch (cause) {
    notices.failed('fromUser', cause)
    return undefined
  }
}

/** The sets of the session that this sign-in adds to. */
async function others(
  refreshers: Refreshers,
  { previousToken }: CallbackOptions,
  notices: Notices,
  provider: string,
): Promise<Record<string, TokenSet>> {
  try {
    const previous = await previousToken?.()
    if (!isObject(previous)) return {}
    const mark = markOf(previous)
    const main = heldIn(previous)?.tokens
    const sets = { ...mark?.sets, ...(mark?.provider && main && { [mark.provider]: main }) }
    const kept = Object.entries(sets).filter(
      ([id]) => id !== provider && refresherOf(refreshers, id) !== undefined,
    )
    return Object.fromEntries(kept)
  } catch (cause) {
    notices.failed('previousToken', cause)
    return {}
  }
}
