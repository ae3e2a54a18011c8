import type { RefreshContext, ReloadOutput } from '../../../machines/types.ts'
import { checkTokenSet, grantOf } from '../../core/check-token-set.ts'
import { tokensOf, tokenSetOf } from '../../core/tokens.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { within } from '../../core/clock.ts'
import { endingOf } from '../../ledger/settlement.ts'
import { reject } from '../../ledger/protocol/index.ts'
import type { Held } from './claim.ts'
import { Opaque } from '../opaque.ts'
import { reloadOutput } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { RELOAD_LEAST_MS } from '../timing.ts'

type Output = Timeless<ReloadOutput>

/** The AS refused the token: asks the caller's storage for a later one, else ends the chain. */
export async function reloadTokens(
  parts: RefresherContext,
  context: RefreshContext,
): Promise<Output> {
  const { settings, ledger } = parts
  const stored = context.reloaded ? undefined : await storedSet(parts, context)
  if (stored !== undefined) return stored
  const problem = context.problem ?? { code: 'rejected' }
  const held = Opaque.open(context.claim as Opaque<Held>)
  try {
    const { answer, view } = await ledger.run(
      held.chain,
      (seen) => reject(held, endingOf(problem.code), seen),
      { view: held.view, patienceMs: settings.claimMs },
    )
    const moment = { hostNowMs: settings.clock.now(), storeNowMs: view.nowMs }
    const output = reloadOutput(answer, moment)
    return 'problem' in output ? { ...output, problem: { ...problem, ...output.problem } } : output
  } catch {
    // The AS has spoken; that others cannot be told through the ledger does not change it.
    return { type: 'ended', problem }
  }
}

/**
 * What the storage holds, if it is a later set of the same grant. All else is ignored, and a
 * storage that does not answer in the call's time.
 */
async function storedSet(
  { settings }: RefresherContext,
  { tokens, place, budgetMs, elapsedMs }: RefreshContext,
): Promise<Output | undefined> {
  const { reload, provider, clock } = settings
  if (reload === undefined || place === undefined) return undefined
  const patienceMs = Math.max(budgetMs - elapsedMs, RELOAD_LEAST_MS)
  try {
    const ours = tokenSetOf<TokenSet>(tokens, place, { accessToken: '' }, provider.id)
    const found = await within(
      clock,
      patienceMs,
      () => reload(ours),
      () => undefined,
    )
    if (!found) return undefined
    checkTokenSet(found)
    const grant = grantOf(found)
    if (!grant?.secret.equals(place.secret) || grant.generation <= place.generation)
      return undefined
    return { type: 'another', own: true, tokens: tokensOf(found), place: grant }
  } catch {
    return undefined
  }
}
