import { refreshExpiryMs } from '../core/lifetime.ts'
import type { ErrorCode, Evidence, Reason } from '../core/errors.ts'
import { FAILURES, failedPresentation } from '../core/failure.ts'
import type { Presentation } from '../core/failure.ts'
import { isReusable, reuseWindowMs } from '../core/provider.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import type { Tokens } from '../core/tokens.ts'
import { responseToStored } from './stored-token-set.ts'
import type { StoredTokenSet, Moment } from './stored-token-set.ts'
import type { ChainPosition, Settlement, SettlingTimes, TakeOver } from './protocol/index.ts'
import type { EndReason } from './rows.ts'

/** An AS has settled a request that it was sent so long ago, milliseconds. */
const SETTLES_WITHIN_MS = 30_000

/** Time that is left unused at the end of a reuse window, milliseconds. */
const REUSE_MARGIN_MS = 500

/**
 * What a presentation means for the rows.
 *
 * A provider that sends no new refresh token, or the old one, has kept it (RFC 6749 §6); one that
 * always rotates and sends none has left the chain without.
 */
export function settlementOf(
  presentation: Presentation,
  renewed: Tokens,
  audience: string,
  provider: Pick<Provider, 'rotation' | 'reuse'>,
  moment: Moment,
): Settlement<StoredTokenSet> {
  if (presentation.outcome === 'granted') {
    const { refreshToken, isWithout, withheld } = presentation.response
    const isKept =
      refreshToken === undefined
        ? provider.rotation !== 'always' && !isWithout
        : refreshToken.equals(renewed.refreshToken)
    return {
      type: 'granted',
      set: responseToStored(presentation.response, renewed, audience, isKept, moment),
      rotated: !isKept,
      hasSuccessor: !isKept && refreshToken !== undefined,
      ...(withheld !== undefined && { withheld }),
    }
  }
  const { failure, retryAfterMs } = presentation
  switch (FAILURES[failure].settles) {
    case 'spent':
      return { type: 'spent', ...(failure === 'rejected' && { isRejected: true }) }
    case 'unspent':
      return { type: 'unspent', ...(retryAfterMs !== undefined && { delayMs: retryAfterMs }) }
    case 'unknown':
      if (isReusable(provider)) return { type: 'unspent' }
      return { type: 'spent', ...(presentation.reason === 'lost_on_wake' && { lostBy: 'wake' }) }
  }
}

/**
 * Whether the same holder may present the token once more in the same claim (P2): the whole request
 * must fit into the window that the AS hard-codes, counted from the first send.
 *
 * @param sentAgoMs Since the token was first sent, on the holder's monotonic clock.
 */
export function mayPresentAgain(
  presentation: Presentation,
  provider: Pick<Provider, 'reuse'>,
  sentAgoMs: number,
  requestTimeoutMs: number,
): boolean {
  if (presentation.outcome === 'granted') return false
  if (FAILURES[presentation.failure].next !== 'repeat') return false
  return sentAgoMs + requestTimeoutMs + REUSE_MARGIN_MS < reuseWindowMs(provider)
}

/**
 * When an overdue claim may be taken over: what the AS does with a spent token decides it.
 *
 * @param requestTimeoutMs The whole request must fit into a window, with a margin.
 */
export function takeOverOf(
  { reuse = 'revokes', settlesWithinMs = SETTLES_WITHIN_MS }: Pick<Provider, Settling>,
  requestTimeoutMs: number,
): TakeOver {
  if (typeof reuse === 'object') {
    const ms = reuse.acceptedForMs - requestTimeoutMs - REUSE_MARGIN_MS
    return { type: 'within', ms }
  }
  switch (reuse) {
    case 'accepted':
      return { type: 'always' }
    case 'until_successor_used':
      return { type: 'until_successor_used', settlesWithinMs, requestTimeoutMs }
    case 'refused':
      return { type: 'once' }
    case 'revokes':
      return { type: 'never' }
  }
}

type Settling = 'reuse' | 'settlesWithinMs'

/**
 * When the AS may be asked whether a token is still good that may be spent: once it has settled
 * what it was sent, and calls a spent token good no more. `undefined`: not at all, because the
 * token is taken over without asking, or looks good as long as its successor is unused.
 */
export function asksOf(
  provider: Pick<Provider, Settling>,
  requestTimeoutMs: number,
): SettlingTimes | undefined {
  const { reuse, settlesWithinMs = SETTLES_WITHIN_MS } = provider
  if (reuse === 'accepted' || reuse === 'until_successor_used') return undefined
  return { settlesWithinMs: settlesWithinMs + reuseWindowMs(provider), requestTimeoutMs }
}

/** The set that was received, if one was. */
export function received(settlement: Settlement<StoredTokenSet>): StoredTokenSet | undefined {
  return settlement.type === 'granted' ? settlement.set : undefined
}

/** The refresh token that came for the presented one, if one did. */
export function successorOf(settlement: Settlement<StoredTokenSet>): Secret | undefined {
  if (settlement.type !== 'granted' || !settlement.hasSuccessor) return undefined
  return new Secret(settlement.set.refreshToken!)
}

/** The position that a received set will have once it is settled. */
export function positionAfter(
  settlement: Settlement<StoredTokenSet>,
  { grant, generation }: ChainPosition,
): ChainPosition {
  const rotated = settlement.type === 'granted' && settlement.rotated
  return { grant, generation: rotated ? generation + 1 : generation }
}

/**
 * How another presentation of a token ended whose first one is unknown: that this one was not
 * consumed proves nothing of the first.
 */
export function afterUnknown(presentation: Presentation): Presentation {
  if (presentation.outcome === 'granted') return presentation
  switch (FAILURES[presentation.failure].next) {
    case 'end':
    case 'repeat':
      return presentation
    case 'rest':
    case 'wait': {
      const { status, origin } = presentation
      return failedPresentation('unknown', {
        ...(status !== undefined && { status }),
        ...(origin !== undefined && { origin }),
      })
    }
  }
}

/** Whether the presented token may be spent now. */
export function isSpent({ type }: Settlement<StoredTokenSet>): boolean {
  return type === 'spent'
}

/** Whether the AS itself refused the token. */
export function isRejection(settlement: Settlement<StoredTokenSet>): boolean {
  return settlement.type === 'spent' && settlement.isRejected === true
}

/** Whether no process may present the token any more: it is spent, or may be. */
export function isOver(settlement: Settlement<StoredTokenSet>): boolean {
  return settlement.type === 'granted' ? settlement.rotated : settlement.type === 'spent'
}

/** A rejection with its reason, if it is one. */
export function withReason(
  presentation: Presentation,
  because: { readonly code: 'expired' | 'presented_elsewhere'; readonly reason: Reason } & Evidence,
): Presentation {
  if (presentation.outcome === 'granted') return presentation
  const isDead = FAILURES[presentation.failure].next === 'end'
  return isDead ? { ...presentation, ...because } : presentation
}

/** A grant with the day on which its refresh token dies, where the description knows it. */
export function withExpiry(
  presentation: Presentation,
  { authorizedAtMs }: Tokens,
  provider: Pick<Provider, 'response'>,
): Presentation {
  if (presentation.outcome !== 'granted') return presentation
  const { response } = presentation
  const { refreshExpiresAtMs: said } = response
  const known = {
    ...(said !== undefined && { refreshExpiresAtMs: said }),
    ...(authorizedAtMs !== undefined && { authorizedAtMs }),
  }
  const refreshExpiresAtMs = refreshExpiryMs(known, provider)
  if (refreshExpiresAtMs === undefined) return presentation
  return { ...presentation, response: { ...response, refreshExpiresAtMs } }
}

/** How a chain ends whose newest token the AS refused. */
export function endingOf(code: string): EndReason {
  return code === 'expired' ? 'expired' : 'rejected'
}

/** The error code that says how a chain ended. Rows of 0.1.0 call detected reuse `replay`. */
export function codeOf(reason: EndReason): ErrorCode {
  return reason === 'replay' ? 'reuse_detected' : reason
}
