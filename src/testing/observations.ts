import type { Outcome } from '../core/outcome.ts'
import { reuseWindowMs } from '../core/provider.ts'
import type { Provider } from '../core/provider.ts'
import type { TokenSet } from '../core/token-set.ts'

/**
 * What the holder of a token can know of it after a presentation. `unspent`: it provably never
 * reached the server. `kept`, `spent`, `dead`: the server said so. `unproven`: nothing is known.
 */
export type SendingEnd = 'unspent' | 'kept' | 'spent' | 'dead' | 'unproven'

/** A process that presents tokens. */
export interface Holder {
  readonly isDead: boolean
}

/** One refresh token on its way to the server. */
export interface Sending<H extends Holder = Holder> {
  readonly token: string
  readonly worker: H
  readonly sentAtMs: number
  /** When its holder stopped waiting. Absent: it waits. */
  endedAtMs?: number
  ending?: SendingEnd
  /** Whether the server has spent the token, where the observer knows it. */
  isConsumed?: boolean
  /** What the answer brought, if it came back whole. */
  received?: { readonly accessToken: string; readonly refreshToken?: string | undefined }
}

/** Whether a holder waits for an answer at this time. */
export function isAwaitedAt({ endedAtMs = Infinity, worker }: Sending, atMs: number): boolean {
  return !worker.isDead && endedAtMs > atMs
}

/** Whether a presentation has spent its token, or may have. */
export function maySpend({ ending, isConsumed }: Sending, isReusable = false): boolean {
  if (isConsumed === true || ending === 'spent') return true
  return !isReusable && ending !== 'unspent' && ending !== 'kept'
}

/** One call of `refresh`, and the token set that it was made with. */
export interface ObservedCall<H extends Holder = Holder> {
  readonly worker: H
  readonly came: TokenSet
  readonly startedAtMs: number
  /** When the run may have begun that it joined: calls of one process share one. */
  beganAtMs: number
  /** Time that does not count: the process stood still, or the world let time pass. */
  pausedMs: number
  /** Whether its process made no other call for the same chain meanwhile. */
  isAlone: boolean
  endedAtMs?: number
  outcome?: Outcome
}

/** All that an observer knows of one chain of tokens, and what excuses a broken rule. */
export interface Observations<H extends Holder = Holder> {
  readonly provider: Pick<Provider, 'rotation' | 'reuse'>
  readonly requestTimeoutMs: number
  /** How long a call may take. */
  readonly callLimitMs: number
  readonly nowMs: number
  nameOf(token: string | undefined): string
  /** How many rotations lie behind a refresh token. */
  generationOf(token: string | undefined): number
  sendingsOf(token: string): readonly Sending<H>[]
  /** An access token as its server knows it. Times are those of `nowMs`. */
  accessToken(
    token: string,
  ): { readonly expiresAtMs: number; readonly isRevoked: boolean } | undefined
  acknowledged(bound: 'earliest' | 'surely'): readonly Acknowledged[]
  /** Why the chain had ended, as callers were told before this call began. */
  endedBefore(call: ObservedCall<H>): 'sign-out' | 'other' | undefined
  /** Whether the server, the user or a forgetful ledger may justly have ended the chain. */
  readonly mayBeEnded: boolean
  /** Whether an event has told of a reused token. */
  readonly isReuseReported: boolean
  /** Whether a token may be lost, and no rule of ours was broken. */
  readonly mayBeLost: boolean
  /** Whether the server spends tokens and sends no successor. */
  readonly omitsSuccessors: boolean
  /** Whether a set bypassed the ledger, or it lost a row: it cannot know the chain's end. */
  isPastLedger(call: ObservedCall<H>): boolean
  /** Whether the times in a set were counted by a wrong clock. */
  isSkewed(call: ObservedCall<H>): boolean
  /** Whether the ledger may have forgotten this presentation. */
  mayForget(sending: Sending<H>): boolean
}

/** Asking, waiting for another process, presenting, settling: each has its own limit. */
export function callLimitMs({
  provider,
  requestTimeoutMs,
}: {
  readonly provider: Pick<Provider, 'reuse'>
  readonly requestTimeoutMs: number
}): number {
  return 2 * (requestTimeoutMs + 5_000 + reuseWindowMs(provider)) + 10_000
}

/** How long older holders are served after the first one came with a later token: the default. */
const STALE_MS = 3_600_000

/** Entries of acknowledgements this close together may be merged. */
const MERGED_MS = STALE_MS / 8

/** A caller came with a token of this generation as its own, and presented it. */
export interface Acknowledged {
  readonly generation: number
  readonly atMs: number
}

/**
 * When a presentation that was granted acknowledged its token, for each call that came with it as
 * its own.
 *
 * @param bound `earliest`: not before; `surely`: no later, of calls of which it is certain.
 */
export function acknowledgedBy<H extends Holder>(
  { token, worker, sentAtMs }: Pick<Sending<H>, 'token' | 'worker' | 'sentAtMs'>,
  generation: number,
  calls: Iterable<ObservedCall<H>>,
  bound: 'earliest' | 'surely',
): readonly Acknowledged[] {
  const own = [...calls].filter(
    (call) =>
      call.worker === worker && call.came.refreshToken === token && call.startedAtMs <= sentAtMs,
  )
  if (bound === 'earliest') return own.map(({ startedAtMs: atMs }) => ({ generation, atMs }))
  return own.flatMap(({ endedAtMs, isAlone, outcome }) =>
    isAlone && endedAtMs !== undefined && endedAtMs >= sentAtMs && outcome?.state === 'rotated'
      ? [{ generation, atMs: endedAtMs }]
      : [],
  )
}

/** Whether a holder of this generation, who came at this time, may be too late. */
export function mayBeLate(
  earliest: readonly Acknowledged[],
  held: number,
  beganAtMs: number,
): boolean {
  return earliest.some(({ generation, atMs }) => generation > held && atMs + STALE_MS <= beganAtMs)
}

/** Whether it is too late for sure (P4). */
export function isSurelyLate(
  surely: readonly Acknowledged[],
  held: number,
  beganAtMs: number,
): boolean {
  return surely.some(
    ({ generation, atMs }) => generation > held && atMs + STALE_MS + MERGED_MS <= beganAtMs,
  )
}

/** Whether any holder could be late enough by now to end the chain for reuse. */
export function mayAnyBeLate(earliest: readonly Acknowledged[], nowMs: number): boolean {
  return earliest.some(({ atMs }) => atMs + STALE_MS <= nowMs)
}
