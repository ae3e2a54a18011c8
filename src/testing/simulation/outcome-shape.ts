import type { Outcome } from '../../core/outcome.ts'
import type { TokenSet } from '../../core/token-set.ts'

const FIELDS = 'accessToken,changed,error,signIn,state,tokens,usable'

/** S5: what is wrong with an outcome itself, whatever it says. */
export function contradictionOf(outcome: Outcome, came: TokenSet): string | undefined {
  const { accessToken, changed, tokens, usable, error } = outcome
  if (!Object.isFrozen(outcome) || Object.keys(outcome).toSorted().join() !== FIELDS) {
    return 'an outcome has one frozen shape, and this has another'
  }
  if (usable !== (accessToken !== undefined) || changed !== (tokens !== came)) {
    return 'an outcome contradicts itself'
  }
  return error?.code === 'internal' ? 'a call ends in an internal error' : undefined
}
