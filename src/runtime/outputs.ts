import type { ClaimOutput, Problem, ReloadOutput, SettleOutput } from '../../machines/types.ts'
import { FAILURES } from '../core/failure.ts'
import type { FailedPresentation, Presentation } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import type { GrantRef } from '../core/tokens.ts'
import type {
  ClaimAnswer,
  EndAnswer,
  ChainPosition,
  SettleAnswer,
} from '../ledger/protocol/index.ts'
import { codeOf } from '../ledger/settlement.ts'
import { fromStored } from '../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../ledger/stored-token-set.ts'
import { REST_MS } from './timing.ts'

/** An output of an actor, without the times that are added when it ends. */
export type Timeless<O> = O extends unknown ? Omit<O, 'nowMs' | 'elapsedMs' | 'beganAtMs'> : never

interface Claiming<C extends object, W extends object> {
  readonly moment: Moment
  /** What the run is told if the token could be claimed, and must not be. */
  readonly blocked: Timeless<ClaimOutput<C, W>>
  /** Makes what `present` and `settle` need of the claim. */
  claim(): C
  /** Makes what `follow` needs. */
  watch(): W
}

/** What the ledger said to a claim, in the words of the chart. */
export function claimOutput<C extends object, W extends object>(
  answer: ClaimAnswer<StoredTokenSet>,
  { moment, blocked, claim, watch }: Claiming<C, W>,
): Timeless<ClaimOutput<C, W>> {
  switch (answer.type) {
    case 'won':
      return { type: 'won', claim: claim(), position: refOf(answer.position) }
    case 'adopted':
      return {
        type: 'adopted',
        callerGeneration: answer.callerGeneration,
        position: refOf(answer.position),
        tokens: fromStored(answer.set, moment),
      }
    case 'current':
      return {
        type: 'current',
        position: refOf(answer.position),
        tokens: fromStored(answer.set, moment),
      }
    case 'busy':
      return { type: 'busy', watch: watch() }
    case 'paused':
      return { type: 'deferred', problem: { code: 'paused' }, retryInMs: answer.delayMs }
    case 'blocked':
      return blocked
    case 'lost':
      return { type: 'failed', problem: { code: 'lost' }, retryInMs: REST_MS }
    case 'ended':
      return { type: 'ended', problem: { code: codeOf(answer.reason) } }
    case 'withheld':
      return { type: 'failed', problem: { code: answer.reason } }
  }
}

interface Settling {
  readonly presentation: Presentation
  readonly moment: Moment
  /** Whether the AS accepts the token again, right now. */
  readonly isReplayable: boolean
  /** Whether the token may be spent now. */
  readonly isSpent: boolean
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
    case 'settled':
      return {
        type: 'granted',
        position: refOf(answer.position),
        tokens: fromStored(answer.set, settling.moment),
      }
    case 'withheld':
      return { type: 'failed', problem: { code: answer.reason } }
    case 'ended':
      return { type: 'ended', problem: { code: codeOf(answer.reason) } }
    case 'noted':
      return ungrantedOutput(settling)
  }
}

function ungrantedOutput(settling: Settling): Timeless<SettleOutput> {
  const { presentation, isReplayable, isSpent } = settling
  if (presentation.outcome === 'granted') return { type: 'failed', problem: { code: 'internal' } }
  const problem = problemOf(presentation)
  switch (FAILURES[presentation.failure].next) {
    case 'end':
      return { type: 'rejected', problem }
    case 'rest':
      return { type: 'failed', problem: { ...problem, isFinal: isSpent }, retryInMs: REST_MS }
    case 'wait': {
      const retryInMs = Math.max(settling.backoffMs(), presentation.retryAfterMs ?? 0)
      return { type: 'deferred', problem, retryInMs }
    }
    case 'repeat':
      return isReplayable
        ? { type: 'again', retryInMs: settling.againMs() }
        : { type: 'failed', problem: { ...problem, isFinal: isSpent } }
  }
}

/** What the ledger said to the end of a chain, in the words of the chart. */
export function reloadOutput(
  answer: EndAnswer<StoredTokenSet>,
  moment: Moment,
): Timeless<ReloadOutput> {
  switch (answer.type) {
    case 'ended':
      return { type: 'ended', problem: { code: codeOf(answer.reason) } }
    case 'adopted':
      return {
        type: 'another',
        isCallersToken: false,
        position: refOf(answer.position),
        tokens: fromStored(answer.set, moment),
      }
  }
}

export function refOf({ grant, generation }: ChainPosition): GrantRef {
  return { secret: new Secret(grant), generation }
}

export function placeOf({ secret, generation }: GrantRef): ChainPosition {
  return { grant: secret.expose(), generation }
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
function problemOf({ code, oauthError, status, origin }: FailedPresentation): Problem {
  return {
    code,
    ...(oauthError !== undefined && { oauthError }),
    ...(status !== undefined && { status }),
    ...(origin !== undefined && { origin }),
  }
}
