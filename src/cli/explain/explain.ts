import { orUsageError, type Terminal } from '../command.ts'
import { UsageError, unknownOption } from '../args.ts'
import { createFacts, type Facts } from './facts.ts'
import { endsOf, INVARIANTS, findings, type Finding, type JournalInvariant } from './invariants.ts'
import { FINGERPRINT, readJournals } from './journal.ts'
import { journalFile } from './lines.ts'
import { createStories, print, reasonsOf, summaryOf, type Told } from './report.ts'
import { parseArgs } from 'node:util'

/** Exit codes. */
export const EXIT = { kept: 0, broken: 1, misused: 2 } as const

/** So many violations of one invariant are told, and so many stories without being asked. */
const TOLD_MAX = 20
const STORIES_MAX = 3

/**
 * Explains journals of `onEvent`.
 *
 * @returns One of {@link EXIT}.
 */
export async function explain(
  arguments_: readonly string[],
  terminal: Terminal,
): Promise<(typeof EXIT)[keyof typeof EXIT]> {
  return orUsageError('explain', terminal, async () => {
    const options = optionsOf(arguments_)
    const told = await explained(options)
    print(told, options.isJson, terminal)
    return told.isKept ? EXIT.kept : EXIT.broken
  })
}

/** Reads twice: once for what is true of all, once for the stories that are told. */
async function explained({ files: names, slackMs, grant: asked }: ExplainOptions): Promise<Told> {
  const files = names.map(journalFile)
  const facts = createFacts()
  const lines = await readJournals(files, facts.take)
  if (lines.events === 0) {
    const why = reasonsOf(lines).map((reason) => `; ${reason}`)
    throw new UsageError(`no line of ${names.join(', ')} is an event${why.join('')}`)
  }
  const found = tally(findings(facts, slackMs))
  const wanted = wantedOf(asked, facts, found.told)
  const stories = createStories(wanted, facts)
  if (wanted.size > 0) await readJournals(files, stories.take)
  const ends = endsOf(facts)
  const { span, outcomes, processes, grants, tokens } = facts
  return {
    isKept: found.told.length === 0,
    lines,
    span,
    outcomes,
    processes: processes.size,
    grants: grants.size,
    tokens: tokens.size,
    invariants: (Object.keys(INVARIANTS) as JournalInvariant[]).map((name) => ({
      name,
      promise: INVARIANTS[name],
      broken: found.counts.get(name) ?? 0,
    })),
    violations: found.told,
    stories: [...wanted].map((grant) => ({
      grant,
      summary: summaryOf(grant, facts, ends.get(grant)),
      lines: stories.linesOf(grant),
    })),
  }
}

/** Counts all of them and keeps the first of each kind: there may be a million. */
function tally(all: Iterable<Finding>): {
  readonly counts: ReadonlyMap<JournalInvariant, number>
  readonly told: readonly Finding[]
} {
  const counts = new Map<JournalInvariant, number>()
  const told: Finding[] = []
  for (const violation of all) {
    const count = (counts.get(violation.invariant) ?? 0) + 1
    counts.set(violation.invariant, count)
    if (count <= TOLD_MAX) told.push(violation)
  }
  return { counts, told }
}

/** @throws {UsageError} When the journal knows nothing of the chain that was asked for. */
function wantedOf(
  asked: string | undefined,
  { grants, tokens }: Facts,
  told: readonly Finding[],
): ReadonlySet<string> {
  if (asked !== undefined) {
    const grant = grants.has(asked) ? asked : tokens.get(asked)?.grant
    if (grant === undefined) throw new UsageError(`no journal tells of ${asked}`)
    return new Set([grant])
  }
  const broken = told.flatMap(({ grant }) => (grant === undefined ? [] : [grant]))
  if (broken.length > 0) return new Set([...new Set(broken)].slice(0, STORIES_MAX))
  return new Set(grants.size > STORIES_MAX ? [] : grants.keys())
}

export interface ExplainOptions {
  readonly files: readonly [string, ...string[]]
  /** Fingerprint of a chain, or of a refresh token of it. */
  readonly grant: string | undefined
  /** Milliseconds by which clocks may differ: a closer order of events proves nothing. */
  readonly slackMs: number
  readonly isJson: boolean
}

export const USAGE = `usage: refresh-once explain <journal.jsonl> [<another>…] [options]

Reads what \`onEvent\` was told, a line of JSON each, of all processes that share a ledger: as it
was told, inside the line of a logger such as pino, or as docker compose, kubectl and collectors of
logs write it. Says in plain words what happened to a grant, and whether what refresh-once promises
was kept. Lines that are not of refresh-once are counted. \`-\` is standard input.

  --grant <fingerprint>     tells the story of this chain: \`grant\` of an event, or \`token\`
  --slack-ms <number>       clocks of hosts differ, and events are told a little late: an order that
                            is closer than this proves nothing. Default: 5000
  --json                    for programs

Ends with 0: everything was kept. 1: something was not. 2: the command line, or a file, cannot be
used, or no line is an event.
`

/** @throws {UsageError} */
export function optionsOf(arguments_: readonly string[]): ExplainOptions {
  const { values, positionals } = parsed(arguments_)
  const [file, ...others] = positionals
  if (file === undefined) throw new UsageError('name a journal: refresh-once explain journal.jsonl')
  const slackMs = Number(values['slack-ms'] ?? 5_000)
  if (!(slackMs >= 0)) throw new UsageError('--slack-ms is a number of milliseconds')
  const { grant, json = false } = values
  if (grant !== undefined && !FINGERPRINT.test(grant)) {
    throw new UsageError('--grant is a fingerprint of 8 characters, as the events have it')
  }
  return { files: [file, ...others], grant, slackMs, isJson: json }
}

function parsed(arguments_: readonly string[]) {
  const text = { type: 'string' } as const
  const options = { grant: text, 'slack-ms': text, json: { type: 'boolean' } } as const
  try {
    return parseArgs({ args: [...arguments_], options, allowPositionals: true })
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    const said = isUnknown ? unknownOption(arguments_, Object.keys(options)) : message
    throw new UsageError(said, { cause: error })
  }
}
