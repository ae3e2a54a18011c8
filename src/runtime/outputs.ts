import type {
  ClaimOutput,
  Problem,
  RefreshContext,
  ReloadOutput,
  SettleOutput,
} from '../../machines/types.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { keyIn } from '../ledger/protocol/index.ts'
import { FAILURES } from '../core/failure.ts'
import type { FailedPresentation, Presentation } from '../core/failure.ts'
import { UNUSABLE } from '../core/token-response.ts'
import type { GrantRef } from '../core/tokens.ts'
import type {
  ClaimAnswer,
  EndAnswer,
  ChainName,
  ChainPosition,
  LedgerView,
  SettleAnswer,
} from '../ledger/protocol/index.ts'
import type { EndReason } from '../ledger/rows.ts'
import { codeOf } from '../ledger/settlement.ts'
import { fromStored, refreshTokenIn } from '../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../ledger/stored-token-set.ts'
import { RECHECK_MS, REST_MS } from './timing.ts'

/** An output of an actor, without the times that are added when it ends. */
export type Timeless<O> = O extends unknown ? Omit<O, 'nowMs' | 'elapsedMs' | 'beganAtMs'> : never

interface Claiming<C extends object, W extends object> {
  readonly moment: Moment
  readonly view: LedgerView<StoredTokenSet>
  /** What the run is told if the token could be claimed, and must not be. */
  readonly blocked: Timeless<ClaimOutput<C, W>>
  /** Where the answer's set stands, with its proof. */
  readonly ref: GrantRef
  /** Makes what `present` and `settle` need of the claim. */
  claim(): C
  /** Makes what `follow` needs. */
  watch(): W
}

/** What the ledger said to a claim, in the words of the chart. */
export function claimOutput<C extends object, W extends object>(
  answer: ClaimAnswer<StoredTokenSet>,
  { moment, view, blocked, ref, claim, watch }: Claiming<C, W>,
): Timeless<ClaimOutput<C, W>> {
  switch (answer.type) {
    case 'won':
      return { type: 'won', claim: claim(), position: ref }
    case 'adopted':
      return {
        type: 'adopted',
        callerGeneration: answer.callerGeneration,
        position: ref,
        tokens: fromStored(answer.set, moment),
      }
    case 'current':
      return { type: 'current', position: ref, tokens: fromStored(answer.set, moment) }
    case 'busy':
      return { type: 'busy', watch: watch() }
    case 'paused':
      return { type: 'deferred', problem: { code: 'paused' }, retryInMs: answer.delayMs }
    case 'blocked':
      return blocked
    // The row has changed since the AS was asked.
    case 'ask':
      return { type: 'deferred', problem: { code: 'paused' }, retryInMs: RECHECK_MS }
    case 'lost': {
      const problem = answer.isUnsure
        ? ({ code: 'lost', hint: UNSURE } as const)
        : lostProblem(view)
      return { type: 'failed', problem, retryInMs: REST_MS }
    }
    case 'ended':
      return { type: 'ended', problem: endedProblem(answer, view) }
    case 'withheld':
      return { type: 'failed', problem: { code: answer.reason } }
  }
}

/** How a token was lost, as its claim row says it. */
export function lostProblem({ claim }: LedgerView<StoredTokenSet>): Problem {
  const lostBy = claim?.row?.kind === 'claimed' ? claim.row.lostBy : undefined
  switch (lostBy) {
    case 'answer':
      return { code: 'lost', reason: 'lost_answer' }
    case 'wake':
      return { code: 'lost', reason: 'lost_on_wake' }
    case undefined:
      return { code: 'lost', reason: 'crash' }
  }
}

/** How a chain has ended, with what its row knows. */
export function endedProblem(
  { position, reason }: { readonly position: ChainPosition; readonly reason: EndReason },
  { grants }: LedgerView<StoredTokenSet>,
): Problem {
  const { isIdle, ...evidence } = grants[position.grant]?.row?.evidence ?? {}
  return { code: codeOf(reason), ...evidence, ...(isIdle === true && { reason: 'expired_idle' }) }
}

const UNSURE =
  'Its set names a chain that has moved on, and nothing proves that it is part of it. Store the ' +
  'tokens of a new sign-in without the `grant` of the one before.'

interface Settling {
  readonly presentation: Presentation
  readonly view: LedgerView<StoredTokenSet>
  readonly moment: Moment
  /** Where the answer's set stands, with its proof. */
  readonly ref: GrantRef
  /** Whether the AS accepts the token again, right now. */
  readonly isReplayable: boolean
  /** Whether the token may be spent now. */
  readonly isSpent: boolean
  /** Milliseconds until there is a way out all the same. Absent: the token is lost. */
  readonly wayInMs: number | undefined
  /** How long to wait before the token is presented again in the same claim. */
  againMs(): number
  /** How long to wait before a deferred presentation is tried again. */
  backoffMs(): number
}

/** What became of a presentation, in the words of the chart. */
export function settleOutput(
  answer: SettleAnswer<StoredTokenSet>,
  settling: Settling,
): Timeless<SettleOutput> {
  switch (answer.type) {
    case 'settled': {
      const { presentation, moment } = settling
      const unusable = presentation.outcome === 'granted' && presentation.response.unusable
      if (unusable) {
        const problem = { code: 'unusable', hint: UNUSABLE[unusable] } as const
        return { type: 'failed', problem, retryInMs: REST_MS }
      }
      return {
        type: 'granted',
        position: settling.ref,
        tokens: fromStored(answer.set, moment),
      }
    }
    case 'withheld':
      return { type: 'failed', problem: { code: answer.reason } }
    case 'ended':
      return { type: 'ended', problem: endedProblem(answer, settling.view) }
    case 'taken_over':
      return { type: 'restarted' }
    case 'noted':
      return ungrantedOutput(settling)
  }
}

function ungrantedOutput(settling: Settling): Timeless<SettleOutput> {
  const { presentation, isReplayable, isSpent, wayInMs } = settling
  if (presentation.outcome === 'granted') return { type: 'failed', problem: { code: 'internal' } }
  const isFinal = isSpent && wayInMs === undefined
  const problem = problemOf(presentation)
  switch (FAILURES[presentation.failure].next) {
    case 'end':
      return { type: 'rejected', problem }
    case 'rest':
      return {
        type: 'failed',
        problem: { ...problem, ...fateOf(isSpent, isFinal) },
        retryInMs: REST_MS,
      }
    case 'wait': {
      const retryInMs = Math.max(settling.backoffMs(), presentation.retryAfterMs ?? 0)
      return { type: 'deferred', problem, retryInMs }
    }
    case 'repeat': {
      if (isReplayable) return { type: 'again', retryInMs: settling.againMs() }
      if (!isSpent || isFinal) return { type: 'failed', problem: { ...problem, isFinal } }
      const retryInMs = Math.max(settling.backoffMs(), wayInMs ?? 0)
      return { type: 'deferred', problem: { ...problem, isFinal }, retryInMs }
    }
  }
}

/** What a refusal leaves of the refresh token, and what the caller is to do about it. */
function fateOf(isSpent: boolean, isFinal: boolean): Pick<Problem, 'isFinal' | 'hint'> {
  if (isFinal) {
    return { isFinal, hint: 'The refresh token may be spent: the user must sign in again.' }
  }
  const hint = isSpent
    ? 'The server takes the refresh token again: mend client or request.'
    : 'The refresh token was not consumed: mend client or request.'
  return { isFinal, hint }
}

/** What the ledger said to the end of a chain, in the words of the chart. */
export function reloadOutput(
  answer: EndAnswer<StoredTokenSet>,
  moment: Moment,
  ref: GrantRef,
  view: LedgerView<StoredTokenSet>,
): Timeless<ReloadOutput> {
  switch (answer.type) {
    case 'ended':
      return { type: 'ended', problem: endedProblem(answer, view) }
    case 'adopted':
      return {
        type: 'another',
        isCallersToken: false,
        position: ref,
        tokens: fromStored(answer.set, moment),
      }
    case 'lost':
      return { type: 'failed', problem: lostProblem(view), retryInMs: REST_MS }
  }
}

/** The place of the set that the ledger has answered with, or of the caller's own. */
export async function refOf(
  ledger: Pick<Ledger, 'refOf'>,
  { tokens, position: own }: Pick<RefreshContext, 'tokens' | 'position'>,
  answer: ClaimAnswer<StoredTokenSet>,
  view: LedgerView<StoredTokenSet>,
): Promise<GrantRef> {
  const { position } = answer
  const isOwn = own?.secret.expose() === position.grant && own.generation === position.generation
  if (isOwn && view.isNameProven === true) return own
  const set = answer.type === 'adopted' || answer.type === 'current' ? answer.set : undefined
  const refreshToken = set === undefined ? tokens.refreshToken : refreshTokenIn(set)
  return ledger.refOf(position, refreshToken, keyIn(view, position))
}

/** What a token set says of its place, in the words of the protocol. */
export function nameOf({ secret, generation, proof }: GrantRef): ChainName {
  const position = { grant: secret.expose(), generation }
  return proof === undefined ? position : { ...position, proof: proof.expose() }
}

/** Where the set of an output stands in its chain. Absent: the output brings none. */
export function positionIn(
  output: Timeless<ClaimOutput> | Timeless<SettleOutput>,
): GrantRef | undefined {
  switch (output.type) {
    case 'won':
    case 'adopted':
    case 'current':
    case 'granted':
      return output.position
    default:
      return undefined
  }
}

/** Names a chain as the ledger does, so that no reader of events derives its name again. */
export function nameChain(
  ref: GrantRef | undefined,
  { grant }: ChainPosition,
  name: string | undefined,
): void {
  if (name !== undefined && ref?.secret.expose() === grant) ref.secret.nameAs(name)
}

/** The part of a failed presentation that a caller may see. */
function problemOf(presentation: FailedPresentation): Problem {
  const { code, oauthError, status, origin, hint, reason, expiredAtMs } = presentation
  return {
    code,
    ...(reason !== undefined && { reason }),
    ...(expiredAtMs !== undefined && { expiredAtMs }),
    ...(oauthError !== undefined && { oauthError }),
    ...(status !== undefined && { status }),
    ...(origin !== undefined && { origin }),
    ...(hint !== undefined && { hint }),
  }
}
