import type { PresentOutput, Problem, ReloadOutput } from '../../../machines/index.ts'
import { HOUR_MS, at, tokensUntil, RECHECK_MS } from '../facts.ts'
import { BREAKS, generationOf, isInReach, isOutOfReach, lastWaitMs, when } from './step.ts'
import type { Outcomes } from './step.ts'

const LIMITED: Problem = { code: 'rate_limited', status: 429 }
const REJECTED: Problem = { code: 'rejected', oauthError: 'invalid_grant', status: 400 }
const UNKNOWN: Problem = { code: 'unknown', status: 502 }
const REVOKED: Problem = { code: 'revoked' }
const STORE: Problem = { code: 'store_unavailable', store: 'memory' }
const SUPERSEDED: Problem = { code: 'superseded' }

/** How a presentation ends. */
export const presenting: Outcomes<PresentOutput> = {
  granted: [
    when<PresentOutput>('granted', (was) => {
      const tokens = tokensUntil(was.nowMs + HOUR_MS)
      const place = at(generationOf(was) + 1)
      return [{ type: 'granted', tokens, place }, 'rotated', { tokens, place, claim: undefined }]
    }),
  ],
  restarted: [
    when<PresentOutput>(
      'overdue before it was sent',
      (was) => [
        { type: 'restarted' },
        'expiring.claiming',
        { hops: was.hops + 1, claim: undefined },
      ],
      isInReach,
    ),
    when<PresentOutput>(
      'overdue before it was sent, once too often',
      () => [
        { type: 'restarted' },
        'error.resting',
        { problem: SUPERSEDED, retryInMs: RECHECK_MS, claim: undefined },
      ],
      isOutOfReach,
    ),
  ],
  again: [when<PresentOutput>('again', () => [{ type: 'again' }, 'refreshing.presenting', {}])],
  rejected: [
    when<PresentOutput>('rejected', () => [
      { type: 'rejected', problem: REJECTED },
      'refreshing.reloading',
      // The claim is kept: the chain is ended in its name.
      { problem: REJECTED },
    ]),
  ],
  ended: [
    when<PresentOutput>('ended meanwhile', () => [
      { type: 'ended', problem: REVOKED },
      'revoked',
      { problem: REVOKED },
    ]),
  ],
  deferred: [
    when<PresentOutput>('deferred, inside the budget', (was) => {
      const wait = { problem: LIMITED, retryInMs: lastWaitMs(was) }
      return [{ type: 'deferred', ...wait }, 'error.backingOff', wait]
    }),
    when<PresentOutput>('deferred, past the budget', (was) => {
      const wait = { problem: LIMITED, retryInMs: lastWaitMs(was) + 1 }
      return [{ type: 'deferred', ...wait }, 'error.resting', wait]
    }),
  ],
  failed: [
    when<PresentOutput>('unknown', () => [
      { type: 'failed', problem: UNKNOWN },
      'error.resting',
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
      const place = at(generationOf(was) + 4)
      const changes = {
        tokens,
        place,
        own: true,
        came: undefined,
        reloaded: true,
        problem: undefined,
      }
      return [{ type: 'another', own: true, tokens, place }, 'expiring.claiming', changes]
    }),
    when<ReloadOutput>('the ledger holds another', (was) => {
      const tokens = tokensUntil(was.nowMs)
      const place = at(generationOf(was) + 5)
      const came = was.came ?? generationOf(was)
      const changes = { tokens, place, own: false, came, reloaded: true, problem: undefined }
      return [{ type: 'another', own: false, tokens, place }, 'expiring.claiming', changes]
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
      return [{ type: 'failed', ...rest }, 'error.resting', rest]
    }),
  ],
  throws: BREAKS,
}
