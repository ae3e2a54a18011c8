/**
 * `npm run soak -- --minutes 10 --seed 7 --over redis,postgres`: four processes that refresh, sign
 * out, are killed, frozen and replaced, over databases that are killed, at an authorization server
 * whose answers get lost. Ends with 1 if anything happened that must not.
 *
 * The plan is drawn from the seed alone. Which step of which process comes first is not.
 */
import { parseArgs } from 'node:util'
import type { BackendKind } from '../processes/backends.ts'
import { playSegment } from './segment.ts'
import { emptyTally, tableOf } from './tally.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(process.hrtime.bigint() % 1_000_000n) },
    over: { type: 'string', default: 'redis,postgres,sqlite,file' },
  },
})
const seed = Number(values.seed)
const kinds = values.over.split(',') as BackendKind[]
const endsAtMs = performance.now() + Number(values.minutes) * 60_000
const isOver = (): boolean => performance.now() > endsAtMs
const tallies = new Map(kinds.map((kind) => [kind, emptyTally()]))

console.log(`seed ${seed}, ${values.minutes} minutes over ${kinds.join(', ')}`)
for (let segment = 0; !isOver(); segment += 1) {
  const kind = kinds[segment % kinds.length]!
  const tally = tallies.get(kind)!
  const { rounds, violations } = tally
  const found = violations.length
  await playSegment(kind, { seed, segment }, tally, isOver)
  console.log(`segment ${segment}: ${tally.rounds - rounds} rounds over ${kind}`)
  for (const violation of violations.slice(found)) console.log(`✗ ${violation}`)
}
console.log(tableOf(tallies))
const isClean = [...tallies.values()].every(
  ({ violations, presentedTwice }) => violations.length + presentedTwice === 0,
)
console.log(isClean ? 'nothing found' : `found something: again with --seed ${seed}`)
process.exitCode = isClean ? 0 : 1
