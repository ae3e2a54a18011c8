import { INVARIANTS } from '../../src/testing/invariants.ts'
import type { Subject } from '../properties/subject.ts'
import { simulate } from './simulate.ts'
import type { SimulateOptions } from './simulate.ts'
import type { World } from './world.ts'

const DAY_MS = 86_400_000

/** One line of a world. */
export function summaryOf(seed: number, { timeline, counts, kind }: World): string {
  const days = (timeline.nowMs / DAY_MS).toFixed(1)
  const seen = Object.entries(counts).map(([name, count]) => `${count} ${WORDS[name] ?? name}`)
  return `seed ${seed}: ${timeline.steps} steps, ${days} days, ${seen.join(', ')}; ${kind.name}`
}

const WORDS: Readonly<Record<string, string>> = { signIns: 'sign-ins', signOuts: 'sign-outs' }

/** How fast it went, by the wall and by the processor. */
export function speedOf(
  { counts: { refreshes, calls, presentations } }: World,
  { user, system }: NodeJS.CpuUsage,
  tookMs: number,
): string {
  const cpuSeconds = (user + system) / 1e6
  const perSecond = (count: number): string =>
    `${Math.round(count / (tookMs / 1_000))} (${Math.round(count / cpuSeconds)})`
  return (
    `a second of wall (and of processor) time: ${perSecond(refreshes)} refreshes, ` +
    `${perSecond(presentations)} of them presentations; ${perSecond(calls)} calls`
  )
}

/** How much of the story before its end is told. */
const LINES_MAX = 60

/** The story of a violation: the same world once more, and this time it is written down. */
export async function storyOf(subject: Subject, asked: SimulateOptions): Promise<string> {
  const { violation, violatedIn, journal, timeline } = await simulate(subject, {
    ...asked,
    tells: true,
  })
  if (violation === undefined)
    return 'It does not happen again: something is not drawn from the seed.'
  const { invariant, message } = violation
  const story = journal!.storyOf(violatedIn).slice(-LINES_MAX)
  return [
    ...story,
    `✗ ${invariant}: ${message}`,
    `  ${INVARIANTS[invariant]}`,
    `Again: npm run simulate -- --seed ${asked.seed} --steps ${timeline.steps}`,
  ].join('\n')
}
