import { describe, expect, it } from 'vitest'
import { standing } from '../../machines/index.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Tokens } from '../../src/core/tokens.ts'
import {
  AHEAD_MS,
  HOUR_MS,
  LONGEST_MS,
  NOW_MS,
  RECHECK_MS,
  at,
  expiryOf,
  inputOf,
  tokensUntil,
} from './facts.ts'
import { live, SENT } from './live.ts'
import type { Script } from './live.ts'

const SAME = { claim: 'mine' }
const ROW = { row: 'busy' }

/** An AS that rotates, as far as a chart can see it: each presentation gives the next set. */
function rotating(presented: string[], nowMs: () => number): Script {
  return {
    claim: ({ position }) => ({ type: 'won', claim: SAME, position: position ?? at(0) }),
    present: ({ tokens }) => {
      presented.push(tokens.refreshToken!.expose())
      return SENT
    },
    settle: ({ position }) => {
      const generation = position!.generation + 1
      const refreshToken = new Secret(`refresh ${generation}`)
      const next: Tokens = { ...tokensUntil(nowMs() + HOUR_MS), refreshToken }
      return { type: 'granted', tokens: next, position: at(generation) }
    },
  }
}

describe('a long-lived run', () => {
  it('goes round for generations: due, claimed, presented, stored, fresh', async () => {
    const presented: string[] = []
    let nowMs = NOW_MS
    const tokens = { ...tokensUntil(NOW_MS + HOUR_MS), refreshToken: new Secret('refresh 0') }
    const run = live(
      rotating(presented, () => nowMs),
      inputOf(tokens, at(0), NOW_MS),
    )

    for (let generation = 1; generation <= 4; generation += 1) {
      expect(run.state()).toBe('fresh.ageing')
      await run.pass(HOUR_MS - AHEAD_MS - 1)
      expect(run.state()).toBe('fresh.ageing')
      nowMs = run.nowMs() + 1
      await run.pass(1)
      expect(run.state()).toBe('rotated.renewed')
      expect(run.context()).toMatchObject({
        position: { generation },
        isCallersToken: true,
        claim: undefined,
      })
      await run.store()
    }

    expect(run.state()).toBe('fresh.ageing')
    expect(run.calls).toEqual(
      Array.from({ length: 4 }, () => ['claim', 'present', 'settle']).flat(),
    )
    expect(presented).toEqual(['refresh 0', 'refresh 1', 'refresh 2', 'refresh 3'])
    expect(run.timersMs).toEqual(Array<number>(5).fill(HOUR_MS - AHEAD_MS))
  })

  it('rests in rotated for as long as the application takes to store', async () => {
    const run = live(
      rotating([], () => NOW_MS),
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.pass(1000 * HOUR_MS)

    expect(run.state()).toBe('rotated.renewed')
    expect(run.calls).toEqual(['claim', 'present', 'settle'])
    expect(run.pending()).toBe(0)
  })

  it('waits for an expiry that is further off than a timer reaches, timer by timer', async () => {
    const dueInMs = 2 * LONGEST_MS + 5
    const tokens = tokensUntil(NOW_MS + dueInMs + AHEAD_MS)
    const run = live({ claim: () => new Promise(() => {}) }, inputOf(tokens, at(0), NOW_MS))

    await run.pass(dueInMs - 1)
    expect(run.state()).toBe('fresh.ageing')
    expect(run.calls).toEqual([])
    await run.pass(1)

    expect(run.state()).toBe('expiring.claiming')
    expect(run.context().nowMs).toBe(run.nowMs())
    expect(run.timersMs).toEqual([LONGEST_MS, LONGEST_MS, 5])
  })

  it('asks nobody about a set that never expires', async () => {
    const run = live({}, inputOf(tokensUntil(undefined), at(0), NOW_MS))

    await run.pass(100 * LONGEST_MS)

    expect(run.state()).toBe('fresh.ageing')
    expect(new Set(run.timersMs)).toEqual(new Set([LONGEST_MS]))
    expect(run.timersMs).toHaveLength(101)
  })

  it('renews before less is left than the caller needs', async () => {
    const minValidMs = 10 * AHEAD_MS
    const input = inputOf(tokensUntil(NOW_MS + HOUR_MS), at(0), NOW_MS)
    const run = live(
      { claim: () => new Promise(() => {}) },
      { ...input, demand: { ...input.demand, minValidMs } },
    )

    await run.pass(HOUR_MS - minValidMs - 1)
    expect(run.state()).toBe('fresh.ageing')
    await run.pass(1)

    expect(run.state()).toBe('expiring.claiming')
  })

  it('goes on serving while another holder presents, and looks again', async () => {
    const next = tokensUntil(NOW_MS + 2 * HOUR_MS)
    let asked = 0
    const run = live(
      {
        claim: () =>
          ++asked < 4
            ? { type: 'busy', watch: ROW }
            : { type: 'adopted', callerGeneration: 0, tokens: next, position: at(1) },
      },
      inputOf(tokensUntil(NOW_MS + AHEAD_MS), at(0), NOW_MS),
    )

    await run.settle()
    for (let looked = 1; looked <= 3; looked += 1) {
      expect(run.state()).toBe('expiring.serving')
      expect(run.calls).toHaveLength(looked)
      await run.pass(RECHECK_MS - 1)
      expect(run.calls).toHaveLength(looked)
      await run.pass(1)
    }

    expect(run.state()).toBe('rotated.adopted')
    expect(run.context()).toMatchObject({
      tokens: next,
      isCallersToken: false,
      callerGeneration: 0,
    })
  })

  it('follows the other holder once its own access token is dead', async () => {
    const run = live(
      { claim: () => ({ type: 'busy', watch: ROW }), follow: () => new Promise(() => {}) },
      inputOf(tokensUntil(NOW_MS + 2 * RECHECK_MS), at(0), NOW_MS),
    )

    await run.pass(2 * RECHECK_MS - 1)
    expect(run.state()).toBe('expiring.serving')
    await run.pass(1)

    expect(run.state()).toBe('expiring.following')
    expect(run.calls).toEqual(['claim', 'claim', 'claim', 'follow'])
    expect(run.context().watch).toBe(ROW)
  })

  it('tries again after a failure when it was told when', async () => {
    const run = live(
      { claim: () => ({ type: 'failed', problem: { code: 'store_full' }, retryInMs: 30_000 }) },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.pass(30_000 - 1)
    expect(run.calls).toHaveLength(1)
    await run.pass(1 + 30_000)

    expect(run.state()).toBe('error')
    expect(run.calls).toHaveLength(3)
    expect(run.context().problem).toEqual({ code: 'store_full' })
  })

  it('never tries again by itself when it was not told when', async () => {
    const run = live(
      { claim: () => ({ type: 'failed', problem: { code: 'wrong_issuer' } }) },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.pass(3 * LONGEST_MS)

    expect(run.state()).toBe('error')
    expect(run.calls).toEqual(['claim'])
    expect(run.timersMs.every((ms) => ms <= LONGEST_MS)).toBe(true)
  })

  it('rests no longer than a timer reaches', async () => {
    let asked = 0
    const run = live(
      {
        claim: () =>
          ++asked > 1
            ? new Promise(() => {})
            : { type: 'failed', problem: { code: 'lost' }, retryInMs: LONGEST_MS + 1 },
      },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.pass(LONGEST_MS)

    expect(run.state()).toBe('expiring.claiming')
    expect(Math.max(...run.timersMs)).toBe(LONGEST_MS)
    expect(run.context().nowMs).toBe(run.nowMs())
  })

  it('does not take an adopted set for its own by resting', async () => {
    const script: Script = {
      claim: ({ isCallersToken }) =>
        isCallersToken
          ? { type: 'adopted', callerGeneration: 0, tokens: tokensUntil(NOW_MS), position: at(4) }
          : { type: 'failed', problem: { code: 'lost' }, retryInMs: 1_000 },
    }
    const run = live(script, inputOf(tokensUntil(NOW_MS), at(0), NOW_MS))

    await run.pass(1_000)

    expect(run.calls).toEqual(['claim', 'claim', 'claim'])
    expect(run.context()).toMatchObject({ isCallersToken: false, position: { generation: 4 } })
  })
})

describe('a call', () => {
  it.each([0, 1, 5])(
    'goes on from newer sets that are not fresh %i times',
    async (maxAdoptions) => {
      const newest: Tokens[] = []
      const run = live(
        {
          claim: ({ adoptions }) => {
            newest.push(tokensUntil(NOW_MS + AHEAD_MS))
            return {
              type: 'adopted',
              callerGeneration: 0,
              tokens: newest.at(-1)!,
              position: at(adoptions + 1),
            }
          },
        },
        { ...inputOf(tokensUntil(NOW_MS), at(0), NOW_MS), maxAdoptions },
      )

      await run.settle()

      expect(run.state()).toBe('error')
      expect(run.calls).toHaveLength(maxAdoptions + 1)
      expect(run.context().problem).toEqual({ code: 'superseded' })
      expect(run.context().tokens).toBe(newest.at(-1))
    },
  )

  it('backs off for as long as that fits into what it may wait in all', async () => {
    const input = { ...inputOf(tokensUntil(NOW_MS), at(0), NOW_MS), budgetMs: 10_000 }
    const run = live(
      {
        claim: ({ position }) => ({ type: 'won', claim: SAME, position: position! }),
        present: () => SENT,
        settle: ({ attempt }) => ({
          type: 'deferred',
          problem: { code: 'unreachable' },
          retryInMs: 1_000 * 2 ** attempt,
        }),
      },
      input,
    )

    await run.settle()
    expect(run.state()).toBe('expiring.backingOff')
    await run.pass(1_000 + 2_000 + 4_000)

    expect(run.state()).toBe('error')
    expect(run.context()).toMatchObject({ attempt: 3, retryInMs: 8_000, elapsedMs: 7_000 })
    expect(run.calls.filter((name) => name === 'present')).toHaveLength(4)
  })

  it('does not keep the trouble that it got over', async () => {
    const next = tokensUntil(NOW_MS + HOUR_MS)
    const run = live(
      {
        claim: ({ attempt }) =>
          attempt === 0
            ? { type: 'deferred', problem: { code: 'paused' }, retryInMs: 100 }
            : { type: 'adopted', callerGeneration: 0, tokens: next, position: at(1) },
      },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.pass(100)

    expect(run.state()).toBe('rotated.adopted')
    expect(run.context()).toMatchObject({ problem: undefined, retryInMs: undefined })
  })

  it('does not end the chain because the storage cannot be asked', async () => {
    const run = live(
      {
        claim: ({ position }) => ({ type: 'won', claim: SAME, position: position! }),
        present: () => SENT,
        settle: () => ({ type: 'rejected', problem: { code: 'rejected' } }),
        reload: () => ({ type: 'failed', problem: { code: 'store_unavailable' } }),
      },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.settle()

    expect(run.state()).toBe('error')
    expect(run.context().problem).toEqual({ code: 'store_unavailable' })
  })

  it('takes only another access token when this one was refused', async () => {
    const tokens = tokensUntil(NOW_MS + HOUR_MS)
    const refused = tokens.access.get('')!.token
    const input = inputOf(tokens, at(0), NOW_MS)
    const demand = { ...input.demand, refused }
    const same = tokensUntil(NOW_MS + HOUR_MS)
    const other = { ...same, access: new Map([['', { token: new Secret('other') }]]) }
    const run = live(
      {
        claim: ({ adoptions }) => ({
          type: 'adopted',
          callerGeneration: 0,
          tokens: adoptions === 0 ? same : other,
          position: at(adoptions + 1),
        }),
      },
      { ...input, demand },
    )

    await run.settle()

    expect(standing(same, NOW_MS, demand)).toBe('dead')
    expect(run.state()).toBe('rotated.adopted')
    expect(run.context().tokens).toBe(other)
    expect(run.calls).toHaveLength(2)
  })

  it('lets nothing but its own end leave a presentation', async () => {
    let signal: AbortSignal | undefined
    let answer: (sent: typeof SENT) => void = () => {}
    const run = live(
      {
        claim: ({ position }) => ({ type: 'won', claim: SAME, position: position! }),
        present: async (_, heard) => {
          signal = heard
          return new Promise<typeof SENT>((resolve) => {
            answer = resolve
          })
        },
        settle: ({ nowMs }) => ({
          type: 'granted',
          tokens: tokensUntil(nowMs + HOUR_MS),
          position: at(1),
        }),
      },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.settle()
    await run.store()
    run.actor.send({ type: 'REVOKE' })
    run.actor.send({ type: 'DRAIN' })
    await run.pass(10 * LONGEST_MS)
    expect(run.state()).toBe('refreshing.presenting')
    expect(signal?.aborted).toBe(false)
    expect(run.pending()).toBe(0)
    answer(SENT)
    await run.settle()

    expect(run.state()).toBe('rotated.renewed')
    expect(expiryOf(run.context().tokens)).toBe(run.nowMs() + HOUR_MS)
  })

  it('waits before it presents again, and counts what was sent under one claim', async () => {
    const sentAtMs: number[] = []
    const run = live(
      {
        claim: ({ position }) => ({ type: 'won', claim: SAME, position: position! }),
        present: () => {
          sentAtMs.push(run.nowMs())
          return { ...SENT, sending: { ...SENT.sending, sentAtMs: run.nowMs() } }
        },
        settle: ({ presentations, nowMs }) =>
          presentations < 3
            ? { type: 'again', retryInMs: 100 * presentations }
            : { type: 'granted', tokens: tokensUntil(nowMs + HOUR_MS), position: at(0) },
      },
      inputOf(tokensUntil(NOW_MS), at(0), NOW_MS),
    )

    await run.settle()
    expect(run.state()).toBe('refreshing.waitingToPresentAgain')
    expect(run.context()).toMatchObject({ presentations: 1, firstSentAtMs: NOW_MS, claim: SAME })
    await run.pass(100)
    expect(run.context()).toMatchObject({ presentations: 2, firstSentAtMs: NOW_MS })
    await run.pass(200)

    expect(sentAtMs).toEqual([NOW_MS, NOW_MS + 100, NOW_MS + 300])
    expect(run.state()).toBe('rotated.kept')
    expect(run.context()).toMatchObject({ presentations: 0, claim: undefined, sending: undefined })
  })
})

describe('a run that has ended', () => {
  it('puts out what is left of it', async () => {
    const problem = { code: 'rejected' } as const
    const run = live(
      { claim: () => ({ type: 'ended', problem }) },
      inputOf(tokensUntil(NOW_MS), at(7), NOW_MS),
    )

    await run.settle()

    const { output, context } = run.actor.getSnapshot()
    expect(output).toEqual({ tokens: context.tokens, position: at(7), problem })
  })
})
