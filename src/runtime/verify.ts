import { grantOf } from '../core/check-token-set.ts'
import type { Outcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { look } from '../ledger/protocol/index.ts'
import type { LookAnswer } from '../ledger/protocol/index.ts'
import { placeOf } from './outputs.ts'
import type { Parts } from './parts.ts'
import { errorOf, problemOf } from './problems.ts'

/**
 * Asks the ledger whether the chain of a fresh set still stands.
 *
 * A set that has not expired is served when the ledger cannot be asked, and the outcome says so: a
 * store that is down signs nobody out.
 */
export async function verifyChain<T extends TokenSet>(
  parts: Parts,
  tokens: T,
): Promise<Outcome<T>> {
  const { clock, provider } = parts.settings
  const startedAt = clock.monotonic()
  const refreshToken = new Secret(tokens.refreshToken ?? '')
  try {
    const answer = await ask(parts, tokens, refreshToken)
    if (answer.type === 'standing') {
      parts.verified.note(tokens)
      return servedAs(tokens)
    }
    const problem = { code: answer.reason }
    const ref = grantOf(tokens)
    const grant = ref && (await parts.nameOf({ refreshToken }, ref.secret.expose()))
    parts.emit({
      type: 'ended',
      token: refreshToken.fingerprint,
      grant,
      state: 'revoked',
      code: problem.code,
      hint: undefined,
      callers: 1,
      durationMs: clock.monotonic() - startedAt,
    })
    return Object.freeze({
      state: 'revoked',
      tokens,
      accessToken: undefined,
      changed: false,
      usable: false,
      signIn: true,
      error: errorOf(problem, provider.id, undefined),
    })
  } catch (error) {
    return servedAs(tokens, errorOf(problemOf(error), provider.id, undefined))
  }
}

async function ask({ ledger }: Parts, tokens: TokenSet, refreshToken: Secret): Promise<LookAnswer> {
  const ref = grantOf(tokens)
  const carried = ref && placeOf(ref)
  await ledger.ready()
  const chain = { refreshToken, carried: carried !== undefined }
  return (await ledger.run(chain, (seen) => look(carried, seen))).answer
}

function servedAs<T extends TokenSet>(tokens: T, error?: Outcome['error']): Outcome<T> {
  return Object.freeze({
    state: 'fresh',
    tokens,
    accessToken: tokens.accessToken,
    changed: false,
    usable: true,
    signIn: false,
    error,
  })
}
