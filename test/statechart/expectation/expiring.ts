import type { ClaimOutput, FollowOutput, Problem } from '../../../machines/index.ts'
import { AHEAD_MS, HOUR_MS, at, expiryOf, tokensUntil, RECHECK_MS } from '../facts.ts'
import {
  BREAKS,
  LATER_MS,
  generationOf,
  isInReach,
  isOutOfReach,
  lastWaitMs,
  when,
} from './step.ts'
import type { Outcomes } from './step.ts'

const CLAIM = { claim: 'won' }
/** A new claim: nothing was sent under it. */
const UNSENT = { presentations: 0, firstSentAtMs: undefined, sending: undefined }
const WATCH = { watch: 'busy' }
const PAUSED: Problem = { code: 'paused' }
const LOST: Problem = { code: 'lost' }
const REPLAY: Problem = { code: 'reuse_detected' }
const BUSY: Problem = { code: 'busy' }
const SUPERSEDED: Problem = { code: 'superseded' }

/** What the ledger says to a claim. */
export const claiming: Outcomes<ClaimOutput> = {
  won: [
    when<ClaimOutput>('won', (was) => {
      const position = at(generationOf(was))
      return [
        { type: 'won', claim: CLAIM, position },
        'refreshing.presenting',
        { claim: CLAIM, position, ...UNSENT },
      ]
    }),
  ],
  current: [
    when<ClaimOutput>('current', (was) => {
      const tokens = tokensUntil(was.nowMs + HOUR_MS)
      const position = at(generationOf(was))
      const callerGeneration = was.callerGeneration ?? position.generation
      return [
        { type: 'current', tokens, position },
        'rotated.adopted',
        { tokens, position, callerGeneration },
      ]
    }),
  ],
  adopted: [
    when<ClaimOutput>('adopted, and fresh', (was) => {
      const tokens = tokensUntil(was.nowMs + HOUR_MS)
      const position = at(generationOf(was) + 1)
      const callerGeneration = generationOf(was)
      const changes = {
        tokens,
        position,
        isCallersToken: false,
        callerGeneration: was.callerGeneration ?? callerGeneration,
      }
      return [{ type: 'adopted', tokens, position, callerGeneration }, 'rotated.adopted', changes]
    }),
    when<ClaimOutput>(
      'adopted, not fresh',
      (was) => {
        const tokens = tokensUntil(was.nowMs + LATER_MS + AHEAD_MS)
        const position = at(generationOf(was) + 2)
        const callerGeneration = generationOf(was)
        const changes = {
          tokens,
          position,
          isCallersToken: false,
          callerGeneration: was.callerGeneration ?? callerGeneration,
          adoptions: was.adoptions + 1,
        }
        return [
          { type: 'adopted', tokens, position, callerGeneration },
          'expiring.claiming',
          changes,
        ]
      },
      isInReach,
    ),
    when<ClaimOutput>(
      'adopted, not fresh, once too often',
      (was) => {
        const tokens = tokensUntil(was.nowMs + LATER_MS + AHEAD_MS)
        const position = at(generationOf(was) + 3)
        const callerGeneration = generationOf(was)
        const changes = {
          tokens,
          position,
          isCallersToken: false,
          callerGeneration: was.callerGeneration ?? callerGeneration,
          problem: SUPERSEDED,
          retryInMs: RECHECK_MS,
        }
        return [{ type: 'adopted', tokens, position, callerGeneration }, 'error', changes]
      },
      isOutOfReach,
    ),
  ],
  busy: [
    when<ClaimOutput>('busy, the access token is good', (was) => {
      const nowMs = expiryOf(was.tokens) - 1
      return [{ type: 'busy', watch: WATCH }, 'expiring.serving', { watch: WATCH }, nowMs]
    }),
    when<ClaimOutput>('busy, the access token is dead', (was) => {
      const nowMs = expiryOf(was.tokens)
      return [{ type: 'busy', watch: WATCH }, 'expiring.following', { watch: WATCH }, nowMs]
    }),
  ],
  ended: [
    when<ClaimOutput>('ended', () => [
      { type: 'ended', problem: REPLAY },
      'revoked',
      { problem: REPLAY },
    ]),
  ],
  deferred: [
    when<ClaimOutput>('paused, inside the budget', (was) => {
      const wait = { problem: PAUSED, retryInMs: lastWaitMs(was) }
      return [{ type: 'deferred', ...wait }, 'expiring.backingOff', wait, expiryOf(was.tokens)]
    }),
    when<ClaimOutput>('paused, past the budget', (was) => {
      const wait = { problem: PAUSED, retryInMs: lastWaitMs(was) + 1 }
      return [{ type: 'deferred', ...wait }, 'error', wait, expiryOf(was.tokens)]
    }),
    when<ClaimOutput>('paused, the access token is good', (was) => {
      const wait = { problem: PAUSED, retryInMs: lastWaitMs(was) }
      return [{ type: 'deferred', ...wait }, 'error', wait, expiryOf(was.tokens) - 1]
    }),
  ],
  failed: [
    when<ClaimOutput>('fails, to be tried again', () => {
      const rest = { problem: LOST, retryInMs: 30_000 }
      return [{ type: 'failed', ...rest }, 'error', rest]
    }),
    when<ClaimOutput>('fails for good', () => [
      { type: 'failed', problem: LOST },
      'error',
      { problem: LOST },
    ]),
  ],
  throws: BREAKS,
}

/** What becomes of waiting for the holder of the claim. */
export const following: Outcomes<FollowOutput> = {
  changed: [when<FollowOutput>('changed', () => [{ type: 'changed' }, 'expiring.claiming', {}])],
  failed: [
    when<FollowOutput>('waited long enough', () => {
      const rest = { problem: BUSY, retryInMs: 2_000 }
      return [{ type: 'failed', ...rest }, 'error', rest]
    }),
  ],
  throws: BREAKS,
}
