import type { FollowOutput, RefreshContext } from '../../../machines/types.ts'
import { sleep } from '../../core/clock.ts'
import type { Watched } from './claim.ts'
import { Opaque } from '../opaque.ts'
import type { Timeless } from '../outputs.ts'
import type { RefresherContext } from '../context.ts'
import { problemOf } from '../outcome.ts'

/** Waits until another holder's presentation may be over, or it is overdue, or patience ends. */
export async function followHolder(
  { ledger, settings }: RefresherContext,
  { watch, elapsedMs, budgetMs }: RefreshContext,
  signal: AbortSignal,
): Promise<Timeless<FollowOutput>> {
  const { chain, view, position } = Opaque.open(watch as Opaque<Watched>)
  const { claim, nowMs } = view
  const claimMs = claim?.row !== undefined && 'claimMs' in claim.row ? claim.row.claimMs : 0
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
