import type { FollowOutput } from '../../../machines/types.ts'
import { sleep } from '../../core/clock.ts'
import type { RunContext } from './claim.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'

/** Waits until another holder's presentation may be over, or it is overdue, or patience ends. */
export async function followHolder(
  { ledger, settings }: RefresherContext,
  { watch, elapsedMs, budgetMs }: RunContext,
  signal: AbortSignal,
): Promise<Timeless<FollowOutput>> {
  if (watch === undefined) return { type: 'failed', problem: { code: 'internal' } }
  const { chain, view, position } = watch
  const { claim, nowMs } = view
  const claimMs = claim?.row?.kind === 'claimed' ? claim.row.claimMs : 0
  const overdueInMs = Math.max(0, (claim?.writtenAtMs ?? nowMs) + claimMs - nowMs)
  const leftMs = budgetMs - elapsedMs
  if (leftMs <= 0) return { type: 'failed', problem: { code: 'busy' }, retryInMs: overdueInMs }
  const stop = new AbortController()
  const abort = (): void => stop.abort('over')
  signal.addEventListener('abort', abort)
  try {
    const over = sleep(settings.clock, Math.min(overdueInMs, leftMs), stop.signal)
    await Promise.race([ledger.watch(chain, view, position, stop.signal), over])
    return { type: 'changed' }
  } catch (error) {
    return { type: 'failed', problem: problemOf(error) }
  } finally {
    signal.removeEventListener('abort', abort)
    stop.abort('over')
  }
}
