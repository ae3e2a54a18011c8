import { describe, expect, it } from 'vitest'
import { isForgiving } from './authorization-server.ts'
import { differences, pinnedOutcomes, pinnedSizes } from './pinned.ts'
import { search } from './search.ts'
import { configOf, LONG_WORLDS, nameOf, worldOf } from './worlds.ts'
import type { Setting } from './worlds.ts'

/** The small ones. `npm run explore` and `npm run verify` compare all that were written down. */
const STATES_MAX = 1_000

/**
 * What callers end with was written down with the chart that had no state for settling. The chart
 * may be drawn anew inside; what comes out of it stays.
 */
describe('how calls end', () => {
  const sizes = pinnedSizes()
  const pinned = pinnedOutcomes()
  const small = LONG_WORLDS.filter(
    (each) => (sizes[nameOf(each)]?.states ?? Infinity) <= STATES_MAX,
  )

  for (const setting of small) {
    it(`is what it was: ${nameOf(setting)}`, () => {
      expect(differences(outcomesOf(setting), pinned[nameOf(setting)])).toEqual([])
    })
  }

  it('leaves out only worlds that are walked by hand yet', () => {
    const unpinned = LONG_WORLDS.filter((each) => sizes[nameOf(each)] === undefined)

    expect(unpinned.filter((each) => !isForgiving(each) && each.hasForger !== true)).toEqual([])
  })

  it('differs between worlds, so that a difference can be seen', () => {
    expect(small.length).toBeGreaterThan(5)
    expect(new Set(small.map((each) => pinned[nameOf(each)]!.join())).size).toBeGreaterThan(5)
    expect(differences(['a', 'b'], ['b', 'c'])).toEqual(['+ a', '- c'])
  })
})

function outcomesOf(setting: Setting): string[] {
  const outcomes = new Set<string>()
  const config = { ...configOf(setting), note: (outcome: string) => void outcomes.add(outcome) }
  search(config, worldOf(setting))
  return [...outcomes].toSorted()
}
