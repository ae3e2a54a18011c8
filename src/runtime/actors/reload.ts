import type { ReloadOutput } from '../../../machines/types.ts'
import { checkedTokenSet, grantOf } from '../../core/check-token-set.ts'
import { tokensOf, tokenSetOf } from '../../core/tokens.ts'
import type { TokenSet } from '../../core/token-set.ts'
import { within } from '../../core/clock.ts'
import { isRefusedAtOnce } from '../../ledger/configuration.ts'
import { endingOf } from '../../ledger/settlement.ts'
import { isTakenOver, keyIn, reject } from '../../ledger/protocol/index.ts'
import { refreshTokenIn } from '../../ledger/stored-token-set.ts'
import { RELOAD_LEAST_MS } from '../timing.ts'
import type { RunContext } from './claim.ts'
import { lostProblem, reloadOutput } from '../outputs.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'

type ReloadResult = Timeless<ReloadOutput>

/** The AS refused the token: asks the caller's storage for a later one, else ends the chain. */
export async function reloadTokens(
  parts: RefresherContext,
  context: RunContext,
): Promise<ReloadResult> {
  const { settings, ledger } = parts
  const { claim } = context
  const stored = context.hasReloaded ? undefined : await storedSet(parts, context)
  if (stored !== undefined) return stored
  const problem = context.problem ?? { code: 'rejected' }
  if (claim === undefined) return { type: 'ended', problem }
  const { position, claimId, chain } = claim
  const isRepeated = context.presentations > 1
  const { expiredAtMs, reason } = problem
  const evidence =
    expiredAtMs === undefined ? undefined : { expiredAtMs, isIdle: reason === 'expired_idle' }
  const request = { position, claimId, isRepeated, name: chain.name, evidence }
  try {
    const { answer, view } = await ledger.run(
      chain,
      (seen) => reject(request, endingOf(problem.code), seen),
      { view: claim.view, patienceMs: settings.claimMs },
    )
    const moment = { hostNowMs: settings.clock.now(), storeNowMs: view.nowMs }
    const key = keyIn(view, answer.position)
    const token = answer.type === 'adopted' ? refreshTokenIn(answer.set) : undefined
    const ref = await ledger.refOf(answer.position, token, key)
    const output = reloadOutput(answer, moment, ref, view)
    if (output.type !== 'ended') return output
    const ended = view.grants[answer.position.grant]?.row
    if (ended === undefined || isRefusedAtOnce(ended)) {
      void parts.background.add(ledger.forgetSoon(chain, view)).catch(() => {})
    }
    // The row says `rejected`: why it was is known here only.
    if (problem.code === 'presented_elsewhere') return { ...output, problem }
    // Of an end by another holder, the row knows the reason.
    const { reason: why, ...said } = problem
    const isOurs = output.problem.code === problem.code
    const own = isOurs && why !== undefined ? { reason: why } : {}
    return { type: 'ended', problem: { ...said, ...own, ...output.problem } }
  } catch {
    // The AS has spoken, and a ledger that cannot be written does not change it. But it says
    // nothing about the chain if the token may have been spent before.
    const isAtRisk = isRepeated || isTakenOver(claim.claimId, claim.view)
    const lost = { type: 'failed', problem: lostProblem(claim.view) } as const
    return isAtRisk ? lost : { type: 'ended', problem }
  }
}

/**
 * What the storage holds, if it is a later set of the same grant. All else is ignored, and a
 * storage that does not answer in the call's time.
 */
async function storedSet(
  { settings }: RefresherContext,
  { tokens, position, budgetMs, elapsedMs }: RunContext,
): Promise<ReloadResult | undefined> {
  const { reload, provider, clock } = settings
  if (reload === undefined || position === undefined) return undefined
  const patienceMs = Math.max(budgetMs - elapsedMs, RELOAD_LEAST_MS)
  try {
    const ours = tokenSetOf<TokenSet>(tokens, position, { accessToken: '' }, provider.id)
    const given = await within(
      clock,
      patienceMs,
      () => reload(ours),
      () => undefined,
    )
    if (!given) return undefined
    const found = checkedTokenSet(given)
    const grant = grantOf(found)
    if (!grant?.secret.equals(position.secret) || grant.generation <= position.generation)
      return undefined
    return { type: 'another', isCallersToken: true, tokens: tokensOf(found), position: grant }
  } catch {
    return undefined
  }
}
