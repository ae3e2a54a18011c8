import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The name of the variable that says which counterexample to begin with. */
const VARIABLE = 'REFRESH_ONCE_REPLAY'

/** How a runner of tests is recognised, and how it is asked for one file. */
const RUNNERS: readonly (readonly [variable: string, command: string])[] = [
  ['VITEST', 'npx vitest run'],
  ['JEST_WORKER_ID', 'npx jest'],
  ['NODE_TEST_CONTEXT', 'node --test'],
]

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** With which Node was started, such as `--import tsx`. */
  readonly flags: readonly string[]
  /** Of whoever asked for the runs. */
  readonly stack: string
  readonly folder: string
}

/**
 * One command that replays a counterexample, in the runner that we are in.
 *
 * @param named `provider@server`: others in the same file are not meant.
 */
export function commandOf(
  named: string,
  replay: string,
  { environment, flags, stack, folder }: Surroundings,
): string {
  const runner = RUNNERS.find(([variable]) => environment[variable] !== undefined)?.[1] ?? 'node'
  // Those of the test runner itself are its own affair.
  const own = flags.filter((flag) => !flag.startsWith('--test')).map(quoted)
  const file = callerOf(stack)
  const { NODE_OPTIONS: options } = environment
  return [
    ...(options ? [`NODE_OPTIONS=${quoted(options)}`] : []),
    `${VARIABLE}=${quoted(`${named} ${replay}`)}`,
    runner.replace(/^node/, ['node', ...own].join(' ')),
    ...(file === undefined ? [] : [quoted(relative(folder, file))]),
  ].join(' ')
}

/** What the variable asks for, if it means this one. */
export function askedReplay(
  named: string,
  environment: Surroundings['environment'],
): string | undefined {
  const asked = environment[VARIABLE] ?? ''
  const end = asked.lastIndexOf(' ')
  return asked.slice(0, end) === named ? asked.slice(end + 1) : undefined
}

/** As a shell reads it. */
export function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** The file of the first frame that is not ours. */
function callerOf(stack: string): string | undefined {
  for (const line of stack.split('\n').slice(1)) {
    const at = /\(?((?:file:\/\/)?\/[^()]+?|[A-Z]:\\[^()]+?):\d+:\d+\)?$/.exec(line)?.[1]
    if (at === undefined || OURS.test(at)) continue
    return at.startsWith('file:') ? fileURLToPath(at) : at
  }
  return undefined
}

const OURS = /[\\/]testing[\\/](?:fuzz[\\/]|fuzz-provider\.)/
