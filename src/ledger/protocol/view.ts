import type { Acknowledgement, ClaimRow, EndReason, GrantRow, SeenRow } from '../rows.ts'

/** What has been seen of the rows so far. */
export interface LedgerView<S> {
  readonly claim?: SeenRow<ClaimRow>
  readonly grants: Readonly<Record<string, SeenRow<GrantRow<S>>>>
  /** Whether the successor's own row is known to stand. */
  readonly introduced?: boolean
  /** The greatest time that the store has shown, and the first. */
  readonly nowMs: number
  readonly beganAtMs?: number
}

export const UNSEEN: LedgerView<never> = { grants: {}, nowMs: 0 }

/** One atomic operation on one row. */
export type Operation<S> =
  | { readonly on: 'claim'; readonly do: 'read' }
  | {
      readonly on: 'claim' | 'successor'
      readonly do: 'swap'
      readonly expected: number
      readonly row: ClaimRow
    }
  | { readonly on: 'grant'; readonly grant: string; readonly do: 'read' }
  | {
      readonly on: 'grant'
      readonly grant: string
      readonly do: 'swap'
      readonly expected: number
      readonly row: GrantRow<S>
    }

/** What is next: operations to be carried out together, or the procedure's answer. */
export type Next<S, A> = { readonly operations: readonly Operation<S>[] } | { readonly answer: A }

/** Where a token stands in its chain. */
export interface ChainPosition {
  readonly grant: string
  readonly generation: number
}

export interface Policy {
  /** How long a claim counts as being worked on. */
  readonly claimMs: number
  /** How long after an acknowledgement older holders are still served. */
  readonly staleMs: number
  /** `serve`: older holders are always served. */
  readonly staleHolders: 'replay' | 'serve'
  /** Whether an overdue claim may be claimed again: only where tokens never rotate. */
  readonly takesOver: boolean
  /** Whether rows may vanish early: then the grant is read again once the claim is won. */
  readonly mayEvict: boolean
}

/** Takes in what an operation found. `row` is what stands there now, whoever wrote it. */
export function see<S>(
  view: LedgerView<S>,
  operation: Operation<S>,
  found: SeenRow<ClaimRow | GrantRow<S>> & { readonly nowMs: number; readonly swapped?: boolean },
  mayEvict: boolean,
): LedgerView<S> {
  const { row, version, writtenAtMs } = found
  const times = {
    nowMs: Math.max(view.nowMs, found.nowMs),
    beganAtMs: view.beganAtMs ?? found.nowMs,
  }
  switch (operation.on) {
    case 'successor':
      return { ...view, ...times, introduced: true }
    case 'claim': {
      const claim = { row: row as ClaimRow | undefined, version, writtenAtMs }
      const isWon = mayEvict && isOurs(operation, claim.row) && !isOurs(operation, view.claim?.row)
      return { ...view, ...times, claim, ...(isWon && { grants: {} }) }
    }
    case 'grant': {
      const seen = { row: row as GrantRow<S> | undefined, version, writtenAtMs }
      return { ...view, ...times, grants: { ...view.grants, [operation.grant]: seen } }
    }
  }
}

export function isMine<S>(claimId: string, { claim }: LedgerView<S>): boolean {
  return claim?.row?.kind === 'claimed' && claim.row.claimId === claimId
}

export function isOverdue<S>({ claim, nowMs }: LedgerView<S>): boolean {
  return claim?.row?.kind === 'claimed' && nowMs >= claim.writtenAtMs + claim.row.claimMs
}

/** A kept token whose holder wrote the grant row but did not come to open the claim again. */
export function isSettled<S>(row: ClaimRow & { kind: 'claimed' }, view: LedgerView<S>): boolean {
  const outcome = view.grants[row.grant]?.row
  return outcome?.claimId === row.claimId && outcome.generation === row.generation
}

export function remainingDelayMs<S>({ claim, nowMs }: LedgerView<S>): number {
  if (claim?.row?.kind !== 'open') return 0
  return Math.max(0, claim.writtenAtMs + (claim.row.delayMs ?? 0) - nowMs)
}

export function readGrant<S>(grant: string): Operation<S> {
  return { on: 'grant', grant, do: 'read' }
}

export function open<S>(
  view: LedgerView<S>,
  { grant, generation }: ChainPosition,
  delayMs?: number,
): Operation<S> {
  return {
    on: 'claim',
    do: 'swap',
    expected: view.claim!.version,
    row: { kind: 'open', grant, generation, ...(delayMs !== undefined && { delayMs }) },
  }
}

export function endRow<S>(
  { grant, generation }: ChainPosition,
  seen: SeenRow<GrantRow<S>> | undefined,
  ended: EndReason,
  endedBy: string,
): Operation<S> {
  return {
    on: 'grant',
    grant,
    do: 'swap',
    expected: seen?.version ?? 0,
    row: {
      ...(seen?.row ?? { generation }),
      acknowledged: acknowledgedOf(seen),
      ended,
      endedBy,
    },
  }
}

/** Whether what stands there is what the operation wrote, also when its answer was lost. */
function isOurs<S>(operation: Operation<S>, row: ClaimRow | undefined): boolean {
  if (operation.on !== 'claim' || operation.do !== 'swap') return false
  const { row: written } = operation
  if (written.kind !== 'claimed' || row?.kind !== 'claimed') return false
  return written.claimId === row.claimId
}

/** An acknowledgement with its time. */
export type Dated = Required<Acknowledgement>

/** Who has been seen to come with their own token, and when. */
export function acknowledgedOf<S>(seen: SeenRow<GrantRow<S>> | undefined): readonly Dated[] {
  const { row, writtenAtMs = 0 } = seen ?? {}
  return (row?.acknowledged ?? []).map(({ generation, atMs = writtenAtMs }) => ({
    generation,
    atMs,
  }))
}
