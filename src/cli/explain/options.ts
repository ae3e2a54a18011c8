import { parseArgs } from 'node:util'
import { Misused } from '../misused.ts'

export interface ExplainOptions {
  readonly files: readonly [string, ...string[]]
  /** Fingerprint of a chain, or of a refresh token of it. */
  readonly grant: string | undefined
  /** By how much an order of events may be wrong and prove nothing, milliseconds. */
  readonly slackMs: number
  readonly isJson: boolean
}

export const USAGE = `usage: refresh-once explain <journal.jsonl> [<another>…] [options]

Reads what \`onEvent\` was told, a line of JSON each, of all processes that share a ledger: as it
was told, or inside the line of a logger such as pino. Says in plain words what happened to a grant,
and whether what refresh-once promises was kept. Lines that are not of refresh-once are counted.

  --grant <fingerprint>     tells the story of this chain: \`grant\` of an event, or \`token\`
  --slack-ms <number>       clocks of hosts differ, and events are told a little late: an order that
                            is closer than this proves nothing. Default: 5000
  --json                    for programs

Ends with 0: everything was kept. 1: something was not. 2: the command line, or a file, cannot be
used, or no line is an event.
`

/** @throws {Misused} */
export function optionsOf(arguments_: readonly string[]): ExplainOptions {
  const { values, positionals } = parsed(arguments_)
  const [file, ...others] = positionals
  if (file === undefined) throw new Misused('name a journal: refresh-once explain journal.jsonl')
  const slackMs = Number(values['slack-ms'] ?? 5_000)
  if (!(slackMs >= 0)) throw new Misused('--slack-ms is a number of milliseconds')
  const { grant, json = false } = values
  if (grant !== undefined && !FINGERPRINT.test(grant)) {
    throw new Misused('--grant is a fingerprint of 8 characters, as the events have it')
  }
  return { files: [file, ...others], grant, slackMs, isJson: json }
}

/** What the ledger derives: 8 characters of base64url. */
export const FINGERPRINT = /^[\w-]{8}$/

function parsed(arguments_: readonly string[]) {
  const text = { type: 'string' } as const
  const options = { grant: text, 'slack-ms': text, json: { type: 'boolean' } } as const
  try {
    return parseArgs({ args: [...arguments_], options, allowPositionals: true })
  } catch (error) {
    throw new Misused((error as Error).message, { cause: error })
  }
}
