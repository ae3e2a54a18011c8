import type { Terminal } from '../command.ts'
import type { Facts } from './facts.ts'
import type { Invariant, Violation } from './invariants.ts'
import type { Tally } from './journal.ts'

/** What a journal says. Fingerprints and our own words. */
export interface Told extends Pick<Facts, 'span' | 'outcomes'> {
  readonly isKept: boolean
  readonly lines: Tally
  readonly processes: number
  readonly grants: number
  readonly tokens: number
  readonly invariants: readonly {
    readonly name: Invariant
    readonly promise: string
    readonly broken: number
  }[]
  /** The first of each. */
  readonly violations: readonly Violation[]
  readonly stories: readonly {
    readonly grant: string
    readonly summary: readonly string[]
    readonly lines: readonly string[]
  }[]
}

/** Prints it for people, or for programs. */
export function print(told: Told, isJson: boolean, { out }: Terminal): void {
  if (isJson) return out(`${JSON.stringify(told, undefined, 2)}\n`)
  out(`${[...headLines(told), '', ...invariantLines(told), ...storyLines(told)].join('\n')}\n`)
}

function headLines({ lines, span, outcomes, processes, grants, tokens }: Told): readonly string[] {
  const { events, unread, repeated, foreign, broken } = lines
  const from = span === undefined ? '' : `, ${iso(span.fromMs)} to ${iso(span.toMs)}`
  const by = processes === 0 ? '' : `, processes: ${processes}`
  const ended = Object.entries(outcomes).filter(([, count]) => count > 0)
  return [
    `events: ${events}${from}`,
    `chains: ${grants}, refresh tokens: ${tokens}${by}`,
    `presentations: ${ended.map(([name, count]) => `${count} ${name}`).join(', ') || 'none'}`,
    ...(unread > 0 ? [`events that do not say how they ended, as far as is known: ${unread}`] : []),
    ...(repeated > 0 ? [`lines that were there already, and count once: ${repeated}`] : []),
    ...(foreign > 0 ? [`lines that are not of refresh-once: ${foreign}`] : []),
    ...(broken > 0
      ? [`lines that break off, of which nobody knows what they said: ${broken}`]
      : []),
  ]
}

function invariantLines({ invariants, violations, lines }: Told): readonly string[] {
  const width = Math.max(...invariants.map(({ name }) => name.length))
  const told = invariants.flatMap(({ name, promise, broken }) => {
    const mark = broken === 0 ? 'kept  ' : 'BROKEN'
    const which = violations.filter(({ invariant }) => invariant === name)
    const more = broken - which.length
    return [
      `${mark}  ${name.padEnd(width)}  ${promise}`,
      ...which.map((each) => `          ${about(each)}: ${each.what}`),
      ...(more > 0 ? [`          and ${more} more`] : []),
    ]
  })
  const isDoubtful = violations.length > 0 && lines.broken > 0
  return isDoubtful ? [...told, '', 'What is missing may stand in the lines that break off.'] : told
}

function about({ grant, token }: Violation): string {
  const chain = grant === undefined ? 'a chain that is not told' : `chain ${grant}`
  return token === undefined ? chain : `${chain}, token ${token}`
}

function storyLines({ stories, grants }: Told): readonly string[] {
  const told = stories.flatMap(({ grant, summary, lines }) => [
    '',
    `chain ${grant}`,
    ...summary.map((each) => `  ${each}`),
    ...lines.map((each) => `  ${each}`),
  ])
  const isMore = stories.length === 0 && grants > 0
  return isMore ? ['', 'The story of one: --grant with a fingerprint of an event.'] : told
}

const iso = (ms: number): string => new Date(ms).toISOString()
