/**
 * `npm run simulate -- --seed S --steps N`: a world of users, tabs, thieves and failing machines,
 * and the shipped refresher in it, drawn from the seed alone. Ends with 1 and the story if anything
 * happened that must not. Speed goes to the standard error: the output is the same to the byte.
 *
 * `--worlds W`: so many worlds, of this seed and the next ones. `--journal`: prints what happens.
 * `--built`: with the package as it is built, not the sources.
 */
import { parseArgs } from 'node:util'
import { shipped } from '../properties/subject.ts'
import { speedOf, storyOf, summaryOf } from './report.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(process.hrtime.bigint() % 1_000_000n) },
    steps: { type: 'string', default: '200000' },
    worlds: { type: 'string', default: '1' },
    journal: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
  },
})
const subject = values.built ? (await import('./built.ts')).published : shipped
const [seed, steps, worlds] = [whole('seed'), whole('steps'), whole('worlds')]

for (let number = 0; number < worlds && process.exitCode !== 1; number += 1) {
  const asked = { seed: seed + number, steps }
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const world = await simulate(subject, { ...asked, tells: values.journal })
  console.error(speedOf(world, process.cpuUsage(cpu), performance.now() - startedAt))
  if (values.journal) console.log(world.journal!.lines.join('\n'))
  console.log(summaryOf(asked.seed, world))
  if (world.violation === undefined) continue
  console.log(await storyOf(subject, asked))
  process.exitCode = 1
}

function whole(name: 'seed' | 'steps' | 'worlds'): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} is a whole number, as in --${name} 7`)
  process.exit(2)
}
