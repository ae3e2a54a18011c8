import type { Terminal } from '../command.ts'
import { maySpend } from '../../testing/observations.ts'
import type { Facts } from './facts.ts'
import type { Finding, JournalInvariant } from './invariants.ts'
import type { Entry, LineCounts } from './journal.ts'
import type { NoEvent } from './lines.ts'
import { inWords, PROBLEMS, REASONS as WHY } from '../../core/errors.ts'

/** The contents of a journal. Holds fingerprints and our own words only. */
export interface Told extends Pick<Facts, 'span' | 'outcomes'> {
  readonly isKept: boolean
  readonly lines: LineCounts
  readonly processes: number
  readonly grants: number
  readonly tokens: number
  readonly invariants: readonly {
    readonly name: JournalInvariant
    readonly promise: string
    readonly broken: number
  }[]
  /** The first of each. */
  readonly violations: readonly Finding[]
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
  const { events, unread, repeated } = lines
  const from = span === undefined ? '' : `, ${iso(span.fromMs)} to ${iso(span.toMs)}`
  const by = processes === 0 ? '' : `, processes: ${processes}`
  const ended = Object.entries(outcomes).filter(([, count]) => count > 0)
  return [
    `events: ${events}${from}`,
    `chains: ${grants}, refresh tokens: ${tokens}${by}`,
    `presentations: ${ended.map(([name, count]) => `${count} ${name}`).join(', ') || 'none'}`,
    ...(unread > 0 ? [`events that do not say how they ended, as far as is known: ${unread}`] : []),
    ...(repeated > 0 ? [`lines that were there already, and count once: ${repeated}`] : []),
    ...reasonsOf(lines),
  ]
}

const REASONS: Readonly<Record<NoEvent, string>> = {
  foreign: 'lines that are not of refresh-once',
  broken: 'lines that break off, of which nobody knows what they said',
  printed: 'lines that console.log made of an object, where JSON.stringify(event) is needed',
  spread: 'lines with a part of an event, which must be whole on one line',
  long: 'lines of more than 64 KiB, which are not read',
}

/** The lines that are no events, and why they are none. */
export function reasonsOf(lines: LineCounts): readonly string[] {
  const names = Object.keys(REASONS) as NoEvent[]
  return names.flatMap((name) => (lines[name] > 0 ? [`${REASONS[name]}: ${lines[name]}`] : []))
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

function about({ grant, token }: Finding): string {
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

/** The fate of one chain, a sentence each. */
export function summaryOf(grant: string, facts: Facts, endedAtMs: number | undefined): string[] {
  const about = facts.grants.get(grant)
  if (about === undefined) return []
  const tokens = [...about.byGeneration.values()].map((name) => facts.tokens.get(name)!)
  const silent = tokens.filter(({ claims, sendings }) => claims > 0 && sendings.length === 0)
  const rotations = about.replacedAtMs.size
  const lost = tokens.filter(
    ({ generation = 0, sendings }) =>
      sendings.some((each) => maySpend(each)) && !about.replacedAtMs.has(generation),
  )
  const newest = about.newest ?? 'not told'
  return [
    `rotations: ${rotations}; the latest generation that anybody had: ${newest}`,
    ...(endedAtMs === undefined ? [] : [`it ended at ${new Date(endedAtMs).toISOString()}`]),
    ...silent.map(
      ({ generation }) =>
        `R${generation} was claimed, and no presentation of it is told: its holder died, or gave ` +
        'the claim back, or a journal is missing',
    ),
    ...(endedAtMs === undefined
      ? lost.map(({ generation }) => `R${generation} may be spent, and nothing came for it`)
      : []),
  ]
}

/** The longest story that is kept of one chain. */
const ENTRIES_MAX = 2_000

/** The events of some chains, kept for telling. */
export interface Stories {
  take(entry: Entry): void
  /** The lines of one, in the order of time. */
  linesOf(grant: string): readonly string[]
}

/** @param wanted Fingerprints of chains. */
export function createStories(wanted: ReadonlySet<string>, { tokens }: Facts): Stories {
  const kept = new Map<string, Entry[]>([...wanted].map((grant) => [grant, []]))
  return {
    take(entry) {
      const { token, grant = token === undefined ? undefined : tokens.get(token)?.grant } = entry
      const story = grant === undefined ? undefined : kept.get(grant)
      if (story !== undefined && story.length < ENTRIES_MAX) story.push(entry)
    },
    linesOf(grant) {
      const story = (kept.get(grant) ?? []).toSorted((a, b) => a.atMs - b.atMs)
      const [first] = story
      if (first === undefined) return []
      const width = Math.max(...story.map(({ process = '' }) => process.length))
      const lines = story.map((entry) => {
        const after = `+${Math.round(entry.atMs - first.atMs)} ms`
        const by = (entry.process ?? '').padEnd(width)
        return `${after.padStart(12)}  ${by}  ${told(entry, tokens)}`
      })
      const begins = new Date(first.atMs).toISOString()
      const isCut = story.length === ENTRIES_MAX
      return [begins, ...lines, ...(isCut ? [`… its first ${ENTRIES_MAX} events`] : [])]
    },
  }
}

/** One event in plain words. */
function told(entry: Entry, tokens: Facts['tokens']): string {
  const { token } = entry
  const generation = token === undefined ? undefined : tokens.get(token)?.generation
  const name = generation === undefined ? (token ?? 'a token') : `R${generation} (${token})`
  return WORDS[entry.type](entry, name)
}

const WORDS: { readonly [T in Entry['type']]: (entry: Entry, name: string) => string } = {
  claimed: (_, name) => `claims ${name}`,
  presented(entry, name) {
    const again = entry.times > 1 ? ' once more inside its reuse window' : ''
    const took = `${Math.round(entry.durationMs)} ms`
    return `presents ${name}${again}: ${ending(entry)} (${took})`
  },
  introspected: ({ isGood }, name) =>
    isGood
      ? `asks the server about ${name}: it is good, and was never consumed`
      : `asks the server about ${name}: it is not said to be good`,
  served: ({ generation }, name) => `comes with ${name}, and is handed the set of R${generation}`,
  reuse_detected(entry, name) {
    const late = inWords(entry)
    const said = `comes with ${name} long after a later token was seen: the chain is ended`
    return late === '' ? said : `${said}. ${late}`
  },
  revoked: () => 'is asked to revoke: the chain is ended',
  tokens_revoked: ({ isRevoked }) =>
    isRevoked === true
      ? 'has what was left revoked at the server'
      : 'could not have what was left revoked at the server',
  paused: ({ code }) =>
    code === 'unreachable'
      ? 'got no answer: the server is left alone for a while'
      : 'is asked to wait: the server is left alone for a while',
  grant_ignored: (_, name) => `comes with ${name}, which is not of the chain that its set names`,
  handed_over: () => 'could not write the ledger: its caller gets the set all the same',
  ledger_lost: (_, name) => `comes with ${name}, of whose chain the ledger knows nothing`,
  endpoint_changed: () => 'learns that the metadata names another endpoint than before',
  expires_soon: () =>
    'warns that the refresh token expires soon, which refreshing does not put off',
  ended: (entry, name) => `ends a call with ${name}: ${endOf(entry)}`,
}

function ending({ outcome, isSpent, status }: Entry): string {
  const left = isSpent === true ? 'it is spent, or may be' : 'it is as it was'
  const said = status === undefined ? '' : ` (status ${status})`
  switch (outcome) {
    case 'granted':
      return isSpent === true ? 'granted, and it is spent' : 'granted, and it is kept'
    case 'rejected':
      return `the server says that the grant is dead${said}`
    case 'refused':
      return `the request is refused${said}: ${left}`
    case 'deferred':
      return `it was not taken${said}: ${left}`
    case 'unknown':
      return `no answer that proves anything${said}: ${left}`
    case undefined:
      return 'nothing is told of its end'
  }
}

function endOf({ state, code, reason }: Entry): string {
  const because = reason === undefined ? '' : ` ${WHY[reason]}`
  const why = code === undefined ? '' : `, ${code}. ${PROBLEMS[code]}${because}`
  switch (state) {
    case 'rotated':
      return `there is a newer set${why}`
    case 'expiring':
      return `another holder is at it, the old access token serves${why}`
    case 'fresh':
      return `nothing was to be done${why}`
    case 'revoked':
      return `the chain is over${why}`
    case 'error':
    case undefined:
      return `nothing came of it${why}`
  }
}
