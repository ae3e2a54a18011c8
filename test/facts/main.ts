/**
 * `npm run facts`: the providers whose facts are old, thin or unsourced. Ends with 1 for facts that
 * are old or unsourced: thin ones stay safe, as what is not known is the strict case.
 */
import { allFacts } from '../docs/providers.ts'
import { systemClock } from '../../src/core/clock.ts'
import { STATES, statesOf } from './states.ts'

const all = (await allFacts()).map((facts) => ({
  facts,
  states: statesOf(facts, systemClock.now()),
}))

for (const [state, says] of Object.entries(STATES)) {
  const found = all.flatMap(({ facts, states }) =>
    states.filter((each) => each.state === state).map(({ why }) => `  ${facts.id}: ${why}`),
  )
  console.log([`${state} (${says}): ${found.length}`, ...found].join('\n'))
}

const isWrong = all.some(({ states }) => states.some(({ state }) => state !== 'thin'))
process.exitCode = isWrong ? 1 : 0
