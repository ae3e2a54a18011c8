import { parseArgs } from 'node:util'
import { Misused } from '../misused.ts'

const FORMATS = ['mermaid', 'svg', 'json'] as const
const SUBJECTS = ['refresh', 'ledger'] as const

/** What the command line asks for. */
export interface DiagramCommand {
  readonly format: (typeof FORMATS)[number]
  readonly of: (typeof SUBJECTS)[number]
}

export const USAGE = `usage: refresh-once diagram [options]

Draws what runs, from its own definition.

  --format NAME   mermaid, if nothing is said: for GitHub and other Markdown
                  svg: a picture that needs nothing else, dark and light
                  json: a machine of XState 5, which Stately Studio imports
  --of NAME       refresh, if nothing is said: the statechart
                  ledger: what may become of a claim row and of a grant row

exit codes: 0 it was drawn, 2 the command cannot be understood
`

/** @throws {Error} Saying what to write instead. */
export function optionsOf(arguments_: readonly string[]): DiagramCommand {
  const options = {
    format: { type: 'string', default: 'mermaid' },
    of: { type: 'string', default: 'refresh' },
  } as const
  const { values } = parseArgs({ args: [...arguments_], options })
  return {
    format: oneOf('--format', FORMATS, values.format),
    of: oneOf('--of', SUBJECTS, values.of),
  }
}

function oneOf<T extends string>(option: string, names: readonly T[], given: string): T {
  const found = names.find((name) => name === given)
  if (found === undefined)
    throw new Misused(`${option} is one of ${names.join(', ')}, not '${given}'`)
  return found
}
