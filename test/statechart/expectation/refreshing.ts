import type { PresentOutput, Problem, ReloadOutput, SettleOutput } from '../../../machines/index.ts'
import type { Sending } from '../../../machines/types.ts'
import { failedPresentation } from '../../../src/core/failure.ts'
import { HOUR_MS, at, expiryOf, tokensUntil, RECHECK_MS } from '../facts.ts'
import type { Facts } from '../facts.ts'
import { BREAKS, generationOf, isInReach, isOutOfReach, lastWaitMs, when } from './step.ts'
import type { Outcomes } from './step.ts'

const LIMITED: Problem = { code: 'rate_limited', status: 429 }
const REJECTED: Problem = { code: 'rejected', oauthError: 'invalid_grant', status: 400 }
const UNKNOWN: Problem = { code: 'unknown', status: 502 }
const REVOKED: Problem = { code: 'revoked' }
const STORE: Problem = { code: 'store_unavailable', store: 'memory' }
const SUPERSEDED: Problem = { code: 'superseded' }

/** Each sending is an object of its own, so that the last one can be told. */
const sendingAt = (sentAtMs: number): Sending => ({
  presentation: failedPresentation('unknown'),
  sentAtMs,
  endedAtMs: sentAtMs + 1,
})

const UNSENT = { presentations: 0, firstSentAtMs: undefined, sending: undefined }
const wasSent = (was: Facts): boolean => was.sending !== undefined
const wasOverdue = (was: Facts): boolean => was.sending === undefined

/** What becomes of the one attempt to send. */
export const presenting: Outcomes<PresentOutput> = {
  sent: [
    when<PresentOutput>('sent', (was) => {
      const sending = sendingAt(700 + was.presentations)
      const firstSentAtMs = was.firstSentAtMs ?? sending.sentAtMs
      return [
        { type: 'sent', sending },
        'refreshing.settling',
        { sending, firstSentAtMs, presentations: was.presentations + 1 },
      ]
    }),
  ],
  overdue: [
    when<PresentOutput>(
      'overdue before anything was sent',
      () => [{ type: 'overdue' }, 'refreshing.settling', {}],
      wasOverdue,
    ),
  ],
  failed: [
    when<PresentOutput>(
      'cannot be sent again',
      () => [{ type: 'failed', problem: UNKNOWN }, 'error', { problem: UNKNOWN }],
      wasSent,
    ),
  ],
  throws: BREAKS,
}

/** What becomes of writing down how a presentation ended. */
export const settling: Outcomes<SettleOutput> = {
  granted: [
    when<SettleOutput>(
      'granted, with a new refresh token',
      (was) => {
        const tokens = tokensUntil(was.nowMs + HOUR_MS)
        const position = at(generationOf(was) + 1)
        const changes = { tokens, position, claim: undefined, ...UNSENT }
        return [{ type: 'granted', tokens, position }, 'rotated.renewed', changes]
      },
      wasSent,
    ),
    when<SettleOutput>(
      'granted, with the same refresh token',
      (was) => {
        const tokens = tokensUntil(was.nowMs + HOUR_MS)
        const position = at(generationOf(was))
        const changes = { tokens, position, claim: undefined, ...UNSENT }
        return [{ type: 'granted', tokens, position }, 'rotated.kept', changes]
      },
      wasSent,
    ),
  ],
  restarted: [
    when<SettleOutput>(
      'given back',
      (was) => [
        { type: 'restarted' },
        'expiring.claiming',
        { adoptions: was.adoptions + 1, claim: undefined, ...UNSENT },
      ],
      (was) => wasOverdue(was) && isInReach(was),
    ),
    when<SettleOutput>(
      'given back, once too often',
      () => [
        { type: 'restarted' },
        'error',
        { problem: SUPERSEDED, retryInMs: RECHECK_MS, claim: undefined, ...UNSENT },
      ],
      (was) => wasOverdue(was) && isOutOfReach(was),
    ),
  ],
  again: [
    when<SettleOutput>(
      'unknown, and the server takes the token again',
      () => [
        { type: 'again', retryInMs: 200 },
        'refreshing.waitingToPresentAgain',
        { retryInMs: 200 },
      ],
      wasSent,
    ),
  ],
  rejected: [
    when<SettleOutput>(
      'rejected',
      () => [
        { type: 'rejected', problem: REJECTED },
        'refreshing.reloading',
        // The claim is kept: the chain is ended in its name.
        { problem: REJECTED },
      ],
      wasSent,
    ),
  ],
  ended: [
    when<SettleOutput>(
      'ended meanwhile',
      () => [{ type: 'ended', problem: REVOKED }, 'revoked', { problem: REVOKED }],
      wasSent,
    ),
  ],
  deferred: [
    when<SettleOutput>(
      'deferred, inside the budget',
      (was) => {
        const wait = { problem: LIMITED, retryInMs: lastWaitMs(was) }
        return [{ type: 'deferred', ...wait }, 'expiring.backingOff', wait, expiryOf(was.tokens)]
      },
      wasSent,
    ),
    when<SettleOutput>(
      'deferred, past the budget',
      (was) => {
        const wait = { problem: LIMITED, retryInMs: lastWaitMs(was) + 1 }
        return [{ type: 'deferred', ...wait }, 'error', wait, expiryOf(was.tokens)]
      },
      wasSent,
    ),
    when<SettleOutput>(
      'deferred, the access token is good',
      (was) => {
        const wait = { problem: LIMITED, retryInMs: lastWaitMs(was) }
        return [{ type: 'deferred', ...wait }, 'error', wait, expiryOf(was.tokens) - 1]
      },
      wasSent,
    ),
  ],
  failed: [
    when<SettleOutput>('unknown', () => [
      { type: 'failed', problem: UNKNOWN },
      'error',
      { problem: UNKNOWN },
    ]),
  ],
  throws: BREAKS,
}

/** What the caller's storage says after a rejection. */
export const reloading: Outcomes<ReloadOutput> = {
  another: [
    when<ReloadOutput>('the storage holds another', (was) => {
      const tokens = tokensUntil(was.nowMs)
      const position = at(generationOf(was) + 4)
      const changes = {
        tokens,
        position,
        isCallersToken: true,
        callerGeneration: undefined,
        hasReloaded: true,
        problem: undefined,
      }
      return [
        { type: 'another', isCallersToken: true, tokens, position },
        'expiring.claiming',
        changes,
      ]
    }),
    when<ReloadOutput>('the ledger holds another', (was) => {
      const tokens = tokensUntil(was.nowMs)
      const position = at(generationOf(was) + 5)
      const callerGeneration = was.callerGeneration ?? generationOf(was)
      const changes = {
        tokens,
        position,
        isCallersToken: false,
        callerGeneration,
        hasReloaded: true,
        problem: undefined,
      }
      return [
        { type: 'another', isCallersToken: false, tokens, position },
        'expiring.claiming',
        changes,
      ]
    }),
  ],
  ended: [
    when<ReloadOutput>('ended', () => [
      { type: 'ended', problem: REJECTED },
      'revoked',
      { problem: REJECTED },
    ]),
  ],
  failed: [
    when<ReloadOutput>('the storage fails', () => {
      const rest = { problem: STORE, retryInMs: 1_500 }
      return [{ type: 'failed', ...rest }, 'error', rest]
    }),
  ],
  throws: BREAKS,
}
