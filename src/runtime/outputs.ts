import type { ClaimOutput, PresentOutput, Problem, ReloadOutput } from '../../machines/types.ts'
import { FAILURES } from '../core/failure.ts'
import type { FailedPresentation, Presentation } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import type { GrantRef } from '../core/tokens.ts'
import { codeOf } from '../ledger/settlement.ts'
import { fromStored } from '../ledger/stored-token-set.ts'
import type { StoredTokenSet, Moment } from '../ledger/stored-token-set.ts'
import type {
  ClaimAnswer,
  EndAnswer,
  ChainPosition,
  SettleAnswer,
} from '../ledger/protocol/index.ts'
import { REST_MS } from './timing.ts'

/**
 * What the ledger and the AS said, in the words of the chart. Tables, not decisions: every answer
 * has one output.
 */

export type Timeless<O> = O extends unknown ? Omit<O, 'nowMs' | 'elapsedMs' | 'beganAtMs'> : never
type Answers<A extends { type: string }, O, C> = {
  readonly [T in A['type']]: (answer: Extract<A, { type: T }>, context: C) => Timeless<O>
}

interface Claiming {
  readonly moment: Moment
  /** Why nothing may be claimed now: the output that says so. */
  readonly blocked: Timeless<ClaimOutput>
  /** What `present` needs of the claim. */
  readonly claim: unknown
  /** What `follow` needs. */
  readonly watch: unknown
}

const CLAIMED: Answers<ClaimAnswer<StoredTokenSet>, ClaimOutput, Claiming> = {
  won: ({ position }, { claim }) => ({ type: 'won', claim, place: refOf(position) }),
  adopted: ({ position, callerGeneration, set }, { moment }) => ({
    type: 'adopted',
    came: callerGeneration,
    place: refOf(position),
    tokens: fromStored(set, moment),
  }),
  current: ({ position, callerGeneration, set }, { moment }) => ({
    type: 'current',
    came: callerGeneration,
    place: refOf(position),
    tokens: fromStored(set, moment),
  }),
  busy: (_, { watch }) => ({ type: 'busy', watch }),
  paused: ({ delayMs }) => ({
    type: 'deferred',
    problem: { code: 'paused' },
    retryInMs: delayMs,
  }),
  blocked: (_, { blocked }) => blocked,
  lost: () => ({ type: 'failed', problem: { code: 'lost' }, retryInMs: REST_MS }),
  ended: ({ reason }) => ({ type: 'ended', problem: { code: codeOf(reason) } }),
  withheld: ({ reason }) => ({ type: 'failed', problem: { code: reason } }),
}

export function claimOutput(
  answer: ClaimAnswer<StoredTokenSet>,
  claiming: Claiming,
): Timeless<ClaimOutput> {
  return told(CLAIMED, answer, claiming)
}

interface Presenting {
  readonly presentation: Presentation
  readonly moment: Moment
  /** Whether the AS accepts the token again, right now. */
  readonly isReplayable: boolean
  /** Whether the token may be spent now. */
  readonly isSpent: boolean
  /** How long to wait before a deferred presentation is tried again. */
  backoffMs(): number
}

const SETTLED: Answers<SettleAnswer<StoredTokenSet>, PresentOutput, Presenting> = {
  settled: ({ position, set }, { moment }) => ({
    type: 'granted',
    place: refOf(position),
    tokens: fromStored(set, moment),
  }),
  withheld: ({ reason }) => ({ type: 'failed', problem: { code: reason } }),
  ended: ({ reason }) => ({ type: 'ended', problem: { code: codeOf(reason) } }),
  noted: (_, presenting) => notedOutput(presenting),
}

/** The ledger has noted what the failure means for the token; the chart hears what comes next. */
function notedOutput({
  presentation,
  isReplayable,
  isSpent,
  backoffMs,
}: Presenting): Timeless<PresentOutput> {
  if (presentation.outcome === 'granted') return { type: 'failed', problem: { code: 'internal' } }
  const problem = problemOf(presentation)
  switch (FAILURES[presentation.failure].next) {
    case 'end':
      return { type: 'rejected', problem }
    case 'rest':
      return { type: 'failed', problem: { ...problem, isFinal: isSpent }, retryInMs: REST_MS }
    case 'wait': {
      const retryInMs = Math.max(backoffMs(), presentation.retryAfterMs ?? 0)
      return { type: 'deferred', problem, retryInMs }
    }
    case 'repeat':
      if (isReplayable) return { type: 'again' }
      return { type: 'failed', problem: { ...problem, isFinal: isSpent } }
  }
}

export function presentOutput(
  answer: SettleAnswer<StoredTokenSet>,
  presenting: Presenting,
): Timeless<PresentOutput> {
  return told(SETTLED, answer, presenting)
}

const ENDED: Answers<EndAnswer<StoredTokenSet>, ReloadOutput, Moment> = {
  ended: ({ reason }) => ({ type: 'ended', problem: { code: codeOf(reason) } }),
  adopted: ({ position, set }, moment) => ({
    type: 'another',
    own: false,
    place: refOf(position),
    tokens: fromStored(set, moment),
  }),
}

export function reloadOutput(
  answer: EndAnswer<StoredTokenSet>,
  moment: Moment,
): Timeless<ReloadOutput> {
  return told(ENDED, answer, moment)
}

export function refOf({ grant, generation }: ChainPosition): GrantRef {
  return { secret: new Secret(grant), generation }
}

/** Names a chain as the ledger does, wherever it is told of: another digest would say the same. */
export function nameChain(
  ref: GrantRef | undefined,
  { grant }: ChainPosition,
  name: string | undefined,
): void {
  if (name !== undefined && ref?.secret.expose() === grant) ref.secret.nameAs(name)
}

export function placeOf({ secret, generation }: GrantRef): ChainPosition {
  return { grant: secret.expose(), generation }
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

/** Looks up by type. One cast, because TypeScript does not relate a union's member to its entry. */
function told<A extends { readonly type: string }, O, C>(
  table: Answers<A, O, C>,
  answer: A,
  context: C,
): Timeless<O> {
  const tell = table[answer.type as A['type']] as (answer: A, context: C) => Timeless<O>
  return tell(answer, context)
}
