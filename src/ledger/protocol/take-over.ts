import type { ClaimRow } from '../rows.ts'
import { boundAs, holdsClaim, rewriteClaim } from './view.ts'
import type { ChainName, LedgerView, Operation, Policy, TakeOver } from './view.ts'

/** Whether the token of a claim was presented before, and may have been spent then. */
export function isTakenOver<S>(claimId: string, view: LedgerView<S>): boolean {
  const row = view.claim?.row
  if (row?.kind !== 'claimed' || !holdsClaim(claimId, view)) return false
  return row.atRisk === 'taken_over' || row.atRisk === 'rejected'
}

/** When the token was first claimed, on the store's clock: nothing was sent before. */
export function firstClaimedAtMs<S>({ claim }: LedgerView<S>): number {
  const { row, writtenAtMs = 0 } = claim ?? {}
  return (row?.kind === 'claimed' ? row.firstClaimedAtMs : undefined) ?? writtenAtMs
}

/**
 * Milliseconds until an overdue claim may be taken over; `undefined` if it never may.
 *
 * A token that was refused at risk stays where it is: presenting it again cannot help.
 */
export function takeOverInMs<S>(
  view: LedgerView<S>,
  { takeOver, mayEvict }: Policy,
): number | undefined {
  const { claim, nowMs } = view
  if (claim?.row?.kind !== 'claimed') return undefined
  const { atRisk, isAnswered, grant } = claim.row
  if (atRisk === 'rejected' || atRisk === 'unproven' || isAnswered === true) return undefined
  switch (takeOver.type) {
    case 'never':
      return undefined
    case 'always':
      return 0
    case 'within':
      return nowMs < firstClaimedAtMs(view) + takeOver.ms ? 0 : undefined
    case 'until_successor_used':
      // A store that drops rows may have dropped the one that holds the successor.
      if (mayEvict && view.grants[grant]?.row === undefined) return undefined
      return Math.max(0, settledAtMs(claim.row, claim.writtenAtMs, takeOver) - nowMs)
    case 'once':
      return atRisk === undefined ? 0 : undefined
  }
}

/** By when the AS has settled all that the holder of a claim, or a holder before it, has sent. */
function settledAtMs(
  { claimMs }: ClaimRow & { kind: 'claimed' },
  writtenAtMs: number,
  { settlesWithinMs, requestTimeoutMs }: TakeOver & { type: 'until_successor_used' },
): number {
  return writtenAtMs + Math.max(0, claimMs - requestTimeoutMs) + settlesWithinMs
}

/**
 * Whether the holder of a claim may still send: its request must end before other processes call
 * the claim overdue, and a token that may be spent must be sent while the AS accepts it.
 *
 * @param elapsedMs Milliseconds since before the claim was first asked for (or the grant, if that
 *   was earlier), on the holder's monotonic clock. The store's clock has gone no further than that
 *   from what the view shows.
 */
export function maySend<S>(
  elapsedMs: number,
  view: LedgerView<S>,
  { claimMs, takeOver }: Policy,
  requestTimeoutMs: number,
): boolean {
  if (elapsedMs + requestTimeoutMs >= claimMs) return false
  const row = view.claim?.row
  if (row?.kind !== 'claimed' || row.firstClaimedAtMs === undefined) return true
  return takeOver.type !== 'within' || view.nowMs + elapsedMs < row.firstClaimedAtMs + takeOver.ms
}

/** The claim of a token that may be spent, and that no process works on. */
const NO_HOLDER = ''

/**
 * Gives a claim back whose token was provably not consumed by this presentation. If an earlier one
 * may have consumed it, the claim is overdue again as it was, once the delay has passed.
 */
export function returnClaim<S>(
  view: LedgerView<S>,
  name: ChainName,
  delayMs?: number,
): Operation<S> {
  const row = view.claim?.row
  if (row?.kind !== 'claimed' || row.firstClaimedAtMs === undefined) {
    return openClaim(view, name, delayMs)
  }
  const { atRisk: _, ...rest } = row
  return rewriteClaim(view, { ...rest, claimId: NO_HOLDER, claimMs: delayMs ?? 0 })
}

/** Says that no process works on the claim any more, although the token may be spent. */
export function abandonClaim<S>(
  view: LedgerView<S>,
  row: ClaimRow & { kind: 'claimed' },
  atRisk = row.atRisk,
): Operation<S> {
  const first = firstClaimedAtMs(view)
  return rewriteClaim(view, {
    ...row,
    claimMs: 0,
    firstClaimedAtMs: first,
    ...(atRisk !== undefined && { atRisk }),
  })
}

function openClaim<S>(
  view: LedgerView<S>,
  { grant, generation, proof }: ChainName,
  delayMs?: number,
): Operation<S> {
  return rewriteClaim(view, {
    kind: 'open',
    grant,
    generation,
    ...(proof !== undefined && { proof }),
    ...(delayMs !== undefined && { delayMs }),
    ...boundAs(view.claim!.row),
  })
}
