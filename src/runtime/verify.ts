import { grantOf } from '../core/check-token-set.ts'
import type { Outcome } from '../core/outcome.ts'
import { Secret } from '../core/secret.ts'
import type { TokenSet } from '../core/token-set.ts'
import { checkGrant } from '../ledger/protocol/index.ts'
import type { GrantCheck } from '../ledger/protocol/index.ts'
import { codeOf } from '../ledger/settlement.ts'
import { placeOf } from './outputs.ts'
import type { RefresherContext } from './context.ts'
import { errorOf, freshOutcome, problemOf, revokedOutcome } from './outcome.ts'

/**
 * Asks the ledger whether the chain of a fresh set still stands.
 *
 * A set that has not expired is served when the ledger cannot be asked, and the outcome says so: a
 * store that is down signs nobody out.
 */
export async function verifyChain<T extends TokenSet>(
  parts: RefresherContext,
  tokens: T,
): Promise<Outcome<T>> {
  const { clock, provider } = parts.settings
  const startedAt = clock.monotonic()
  const refreshToken = new Secret(tokens.refreshToken ?? '')
  try {
    const answer = await ask(parts, tokens, refreshToken)
    if (answer.type === 'live') {
      parts.verified.note(tokens)
      return freshOutcome(tokens)
    }
    const problem = { code: codeOf(answer.reason) }
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
    return revokedOutcome(tokens, errorOf(problem, provider.id, undefined))
  } catch (error) {
    return freshOutcome(tokens, errorOf(problemOf(error), provider.id, undefined))
  }
}

async function ask(
  { ledger }: RefresherContext,
  tokens: TokenSet,
  refreshToken: Secret,
): Promise<GrantCheck> {
  const ref = grantOf(tokens)
  const position = ref && placeOf(ref)
  await ledger.ready()
  const chain = { refreshToken, hasGrantField: position !== undefined }
  return (await ledger.run(chain, (seen) => checkGrant(position, seen))).answer
}
