import { parseArgs } from 'node:util'

export const USAGE = `usage: refresh-once demo [options]

Plays the same requests before and after refresh-once, on a real authorization server.

  --inspect   shows the second act on a page, and goes on serving it until Ctrl-C
  --no-wait   ends with the play

exit codes: 0 every invariant holds, 1 one does not, 2 the command cannot be understood
`

/** What the command line asks for. `undefined`: nobody knows. */
export function optionsOf(
  arguments_: readonly string[],
): { readonly inspect: boolean; readonly wait: boolean } | undefined {
  const options = {
    inspect: { type: 'boolean', default: false },
    'no-wait': { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...arguments_], options })
    return { inspect: values.inspect, wait: !values['no-wait'] }
  } catch {
    return undefined
  }
}
