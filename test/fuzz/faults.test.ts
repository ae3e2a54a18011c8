import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockSteps, networkFault, networkFaults, storeTroubles } from '../../src/testing/faults.ts'
import { passageOf, wordsOf } from '../../src/testing/authorization-server/fault.ts'
import { plans } from '../../src/testing/fuzz/plan.ts'

const SEED = 3

describe('faults', () => {
  it.each(Object.entries(networkFault))('%s are told in plain words', (_, arbitrary) => {
    const words = fc.sample(arbitrary(), { numRuns: 20, seed: SEED }).map(wordsOf)

    for (const each of words) expect(each).toMatch(/^[a-z][\w ,:./-]+$/)
  })

  it('are all drawn', () => {
    const drawn = fc.sample(networkFaults(), { numRuns: 2_000, seed: SEED })

    const named = Object.values(networkFault).flatMap((arbitrary) =>
      fc.sample(arbitrary(), { numRuns: 1, seed: SEED }).map(({ kind }) => kind),
    )
    expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(named))
  })

  it('never let a server process a request that got 429, or no connection', () => {
    const drawn = fc.sample(networkFaults(), { numRuns: 2_000, seed: SEED })

    const unseen = drawn.filter(
      (fault) =>
        fault.kind === 'connection_refused' || (fault.kind === 'status' && fault.status === 429),
    )
    expect(unseen.length).toBeGreaterThan(0)
    expect(unseen.filter((fault) => passageOf(fault).arrivals > 0)).toEqual([])
  })

  it('happen to the store, to clocks and to processes, too', () => {
    const drawn = fc.sample(plans(), { numRuns: 1_000, seed: SEED })

    const store = new Set(drawn.flatMap((plan) => plan.store.map(({ fault }) => fault)))
    expect(store).toEqual(new Set(['error', 'lost acknowledgement', 'silence', 'eviction']))
    expect(drawn.some(({ clocks }) => clocks.length > 0)).toBe(true)
    expect(drawn.some(({ jumps }) => jumps.length > 0)).toBe(true)
    expect(drawn.some(({ order }) => order.some((choice) => choice > 0))).toBe(true)
    expect(drawn.some(({ workers }) => workers.some(({ diesAt }) => diesAt !== undefined))).toBe(
      true,
    )
  })

  it('shrink to the plainest: one worker that calls once, and nothing in between', () => {
    const { counterexample } = fc.check(
      fc.property(plans(), () => false),
      { seed: SEED },
    )

    expect(counterexample![0]).toMatchObject({
      begins: 'expired',
      carries: true,
      workers: [{ saves: true, rounds: [[{ does: 'refresh', from: 'own' }]] }],
      order: [],
      network: [],
      store: [],
      clocks: [],
      jumps: [],
    })
    expect(fc.sample(clockSteps(), 1)).toHaveLength(1)
    expect(fc.sample(storeTroubles(), 1)).toHaveLength(1)
  })
})
