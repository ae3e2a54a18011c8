import type {
  Acknowledgement,
  ClaimRow,
  EndEvidence,
  EndReason,
  GrantRow,
  SeenRow,
} from '../rows.ts'

/** What a procedure has seen of the rows so far. */
export interface LedgerView<S> {
  readonly claim?: SeenRow<ClaimRow>
  readonly grants: Readonly<Record<string, SeenRow<GrantRow<S>>>>
  /** Whether the proof in the name that the caller's set says is right. */
  readonly isNameProven?: boolean
  /** Whether the proof in the claim row is right. */
  readonly isClaimProven?: boolean
  /** Whether the successor is known to have a claim row of its own. */
  readonly isSuccessorKnown?: boolean
  /** The greatest time that the store has shown, epoch milliseconds. */
  readonly nowMs: number
  /** The first time that the store has shown, epoch milliseconds. */
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

/** What a procedure does next: operations to be carried out together, or its answer. */
export type Next<S, A> =
  | { readonly type: 'operations'; readonly operations: readonly Operation<S>[] }
  | { readonly type: 'answer'; readonly answer: A }

export function operate<S>(...operations: readonly Operation<S>[]): Next<S, never> {
  return { type: 'operations', operations }
}

export function answerWith<A>(answer: A): Next<never, A> {
  return { type: 'answer', answer }
}

/** The position of a token set in its chain. */
export interface ChainPosition {
  readonly grant: string
  /** How often the chain's refresh token was rotated before this one. */
  readonly generation: number
}

/** A position as a token set or a claim row says it. */
export interface ChainName extends ChainPosition {
  readonly proof?: string | undefined
}

/**
 * When a process may present a token again whose claim is overdue. It follows from what the AS does
 * with a spent token (the axis `reuse`); all values but `never` make another presentation
 * harmless.
 */
export type TakeOver =
  | { readonly type: 'never' }
  /** At any time: the AS accepts spent tokens. */
  | { readonly type: 'always' }
  /** While the request can begin within so many milliseconds after the token was first claimed. */
  | { readonly type: 'within'; readonly ms: number }
  /**
   * As long as the successor was not used: no holder may have got it. The AS must have settled an
   * earlier request by then.
   */
  | ({ readonly type: 'until_successor_used' } & SettlingTimes)
  /** Once: the AS only refuses a spent token, and the first request may never have arrived. */
  | { readonly type: 'once' }

/** By when an AS has settled what it was sent, milliseconds. */
export interface SettlingTimes {
  /** The AS settles a request so long after it was sent at the latest. */
  readonly settlesWithinMs: number
  /** A holder sends no later than this before its claim is overdue. */
  readonly requestTimeoutMs: number
}

export interface Policy {
  /** For how long a claim counts as being worked on, milliseconds. */
  readonly claimMs: number
  /** For how long after an acknowledgement older holders are still served, milliseconds. */
  readonly staleMs: number
  /** `serve`: older holders are always served. */
  readonly staleHolders: 'revoke' | 'serve'
  readonly takeOver: TakeOver
  /**
   * Given: the AS can be asked whether a token that may be spent is still good (RFC 7662), once it
   * has settled what it was sent. Until then a spent token may still look good.
   */
  readonly asks?: SettlingTimes | undefined
  /** Whether the store may drop rows early. The grant is then read again once the claim is won. */
  readonly mayEvict: boolean
}

/**
 * Takes in what an operation found.
 *
 * @param found Its `row` is what the store holds now, whichever process wrote it.
 */
export function see<S>(
  view: LedgerView<S>,
  operation: Operation<S>,
  found: SeenRow<ClaimRow | GrantRow<S>> & { readonly nowMs: number; readonly swapped?: boolean },
  mayEvict: boolean,
): LedgerView<S> {
  const { row, version, writtenAtMs, holdsToken = false } = found
  const times = {
    nowMs: Math.max(view.nowMs, found.nowMs),
    beganAtMs: view.beganAtMs ?? found.nowMs,
  }
  switch (operation.on) {
    case 'successor':
      return { ...view, ...times, isSuccessorKnown: true }
    case 'claim': {
      const claim = { row: row as ClaimRow | undefined, version, writtenAtMs }
      const isWon = mayEvict && isOurs(operation, claim.row) && !isOurs(operation, view.claim?.row)
      return { ...view, ...times, claim, ...(isWon && { grants: {} }) }
    }
    case 'grant': {
      const seen = { row: row as GrantRow<S> | undefined, version, writtenAtMs, holdsToken }
      return { ...view, ...times, grants: { ...view.grants, [operation.grant]: seen } }
    }
  }
}

/** Whether the row is what the operation wrote, also when the answer of the swap was lost. */
function isOurs<S>(operation: Operation<S>, row: ClaimRow | undefined): boolean {
  if (operation.on !== 'claim' || operation.do !== 'swap') return false
  const { row: written } = operation
  if (written.kind !== 'claimed' || row?.kind !== 'claimed') return false
  return written.claimId === row.claimId
}

/** The key of a chain's proofs, once its grant row is seen. */
export function keyIn<S>(view: LedgerView<S>, { grant }: ChainPosition): string | undefined {
  return view.grants[grant]?.row?.proofKey
}

export function holdsClaim<S>(claimId: string, { claim }: LedgerView<S>): boolean {
  return claim?.row?.kind === 'claimed' && claim.row.claimId === claimId
}

export function isOverdue<S>({ claim, nowMs }: LedgerView<S>): boolean {
  return claim?.row?.kind === 'claimed' && nowMs >= claim.writtenAtMs + claim.row.claimMs
}

/**
 * Whether the holder of a claim has written the grant row, and did not come to open the claim
 * again. Its refresh token did not rotate, so that the claim is free.
 */
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

export function rewriteClaim<S>(view: LedgerView<S>, row: ClaimRow): Operation<S> {
  return { on: 'claim', do: 'swap', expected: view.claim!.version, row }
}

/** Whether the row names a client: a row that is written over it then names one, too. */
export function boundAs(row: ClaimRow | undefined): { readonly isBound?: true } {
  return row?.isBound === true ? { isBound: true } : {}
}

export function endGrant<S>(
  { grant, generation }: ChainPosition,
  seen: SeenRow<GrantRow<S>> | undefined,
  ended: EndReason,
  endedBy: string,
  evidence?: EndEvidence,
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
      ...(evidence !== undefined && { evidence }),
    },
  }
}

/** An acknowledgement with its time. */
export type DatedAcknowledgement = Required<Acknowledgement>

/** The acknowledgements of a grant row. The newest has no time of its own: it has the row's. */
export function acknowledgedOf<S>(
  seen: SeenRow<GrantRow<S>> | undefined,
): readonly DatedAcknowledgement[] {
  const { row, writtenAtMs = 0 } = seen ?? {}
  return (row?.acknowledged ?? []).map(({ generation, atMs = writtenAtMs }) => ({
    generation,
    atMs,
  }))
}
