import type { ClaimRow, LostBy } from '../rows.ts'
import { answerWith, boundAs, holdsClaim, operate, rewriteClaim } from './view.ts'
import type { ChainName, LedgerView, Next, Operation, Policy, SettlingTimes } from './view.ts'

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

/** How a holder before has said that it lost its answer. */
export function lostBefore<S>({ claim }: LedgerView<S>): { readonly lostBy?: LostBy } {
  const lostBy = claim?.row?.kind === 'claimed' ? claim.row.lostBy : undefined
  return lostBy === undefined ? {} : { lostBy }
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
  if (claim?.row?.kind !== 'claimed' || isOver(claim.row)) return undefined
  const { atRisk, grant } = claim.row
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

/** Whether another presentation cannot help, or would come between a holder and its answer. */
function isOver({ atRisk, isAnswered }: ClaimRow & { kind: 'claimed' }): boolean {
  return atRisk === 'rejected' || atRisk === 'unproven' || isAnswered === true
}

/**
 * Milliseconds until the AS may be asked whether the token of an overdue claim is still good;
 * `undefined` if it never may, or cannot help.
 */
function askInMs<S>({ claim, nowMs }: LedgerView<S>, { asks }: Policy): number | undefined {
  if (asks === undefined || claim?.row?.kind !== 'claimed' || isOver(claim.row)) return undefined
  return Math.max(0, settledAtMs(claim.row, claim.writtenAtMs, asks) - nowMs)
}

/** Milliseconds until a claim may be taken over or asked about; `undefined`: it is lost. */
export function wayInMs<S>(view: LedgerView<S>, policy: Policy): number | undefined {
  return takeOverInMs(view, policy) ?? askInMs(view, policy)
}

/**
 * Writes that the AS calls the token of an overdue claim dead, if the row is as it was when the AS
 * was asked: no process asks again. A late holder that settles the successor still wins.
 */
export function writeOff<S>(
  askedAt: number,
  view: LedgerView<S>,
): Next<S, { readonly type: 'noted' }> {
  const { row, version } = view.claim ?? {}
  if (row?.kind !== 'claimed' || version !== askedAt) return answerWith({ type: 'noted' })
  return operate(abandonClaim(view, row, 'rejected'))
}

/** By when the AS has settled all that the holder of a claim, or a holder before it, has sent. */
function settledAtMs(
  { claimMs }: ClaimRow & { kind: 'claimed' },
  writtenAtMs: number,
  { settlesWithinMs, requestTimeoutMs }: SettlingTimes,
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
