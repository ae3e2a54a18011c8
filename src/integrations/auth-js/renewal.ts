import type { Refresher, RefreshOptions, TokenSet } from '../../index.ts'

/** What a session shows of one set. */
export interface Result {
  /** The `id` of the Auth.js provider. */
  readonly provider: string
  /** Absent when none is usable. */
  readonly accessToken?: string | undefined
  readonly mustSignIn: boolean
}

/** A set that was looked at, and renewed if it was due. */
export interface Renewal {
  readonly tokens: TokenSet | undefined
  readonly changed: boolean
  readonly result: Result
}

/**
 * Looks at a set, and renews it if it is due. Never rejects.
 *
 * @param tokens Absent: there is a set, and it cannot be read. Only a sign-in can help.
 */
export async function renewal(
  provider: string,
  refresher: Refresher | undefined,
  tokens: TokenSet | undefined,
  { waitUntil }: Pick<RefreshOptions, 'waitUntil'>,
): Promise<Renewal> {
  if (tokens === undefined) {
    return { tokens, changed: false, result: { provider, mustSignIn: true } }
  }
  const asItIs = { tokens, changed: false, result: { provider, mustSignIn: false } }
  if (refresher === undefined) return asItIs
  try {
    const outcome = await refresher.refresh(tokens, { waitUntil })
    const { accessToken, signIn } = outcome
    const result = { provider, accessToken, mustSignIn: signIn }
    return { tokens: outcome.tokens, changed: outcome.changed, result }
  } catch {
    // Ours never rejects; one that somebody has wrapped may.
    return asItIs
  }
}
