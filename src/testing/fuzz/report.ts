import type { Behaviour } from '../authorization-server/description.ts'
import { INVARIANTS, inUnits } from '../invariants.ts'
import type { World } from './observed.ts'
import { plain, timelineOf } from './story.ts'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The path of a run: it repeats the run. */
export interface RunPath {
  readonly seed: number
  readonly steps: string
}

/** Writes a path as `42:0:3:1`: the seed, and the steps from there to the run. */
export function writePath({ seed, steps }: RunPath): string {
  return steps === '' ? `${seed}` : `${seed}:${steps}`
}

/** @throws {TypeError} For a text that {@link writePath} does not write. */
export function readPath(text: string): RunPath {
  const match = /^(-?\d+)(?::([\d:]+))?$/.exec(text)
  if (match === null) throw new TypeError(`'${text}' is no path: a path looks like 42:0:3:1`)
  return { seed: Number(match[1]), steps: match[2] ?? '' }
}

/** A counterexample in plain words: what does not hold, how it came about, how to see it again. */
export function reportOf(world: World, command: string): string {
  const { violation, subject, story } = world
  const { invariant, message } = violation!
  return [
    `${invariant}: ${INVARIANTS[invariant]}`,
    `  ${plain(message)}`,
    '',
    `provider  ${plain(subject.provider.id)}`,
    `server    ${plain(subject.description.name)}: ${behaviourOf(world)}`,
    '',
    timelineOf([...story.lines]),
    '',
    `again: ${command}`,
  ].join('\n')
}

/** The server's behaviour, and which of it was drawn. */
function behaviourOf({ drawn: { behaviour, drawn } }: World): string {
  const told = TOLD.map((axis) => {
    const words = WORDS[axis](behaviour)
    return drawn.includes(axis) ? `${words} (drawn)` : words
  })
  return told.join('; ')
}

type Words = { readonly [K in (typeof TOLD)[number]]: (behaviour: Behaviour) => string }

const TOLD = ['rotation', 'reuseWindow', 'reuseEffect', 'oldAccessToken', 'validates'] as const

const WORDS: Words = {
  rotation: ({ rotation, keptAs }) =>
    rotation === 'always' ? 'rotates always' : `rotates ${rotation}, else the token is ${keptAs}`,
  reuseWindow: ({ reuseWindow }) =>
    typeof reuseWindow === 'object'
      ? `takes a spent token for ${inUnits(reuseWindow.ms)}`
      : WINDOWS[reuseWindow],
  reuseEffect: ({ reuseEffect }) => `reuse costs the ${REUSE[reuseEffect]}`,
  oldAccessToken: ({ oldAccessToken }) =>
    oldAccessToken === 'dies' ? 'older access tokens die' : 'older access tokens live',
  validates: ({ validates }) =>
    validates === 'after_consuming' ? 'consumes, then validates' : 'validates, then consumes',
}

const WINDOWS = {
  none: 'takes a spent token never',
  forever: 'takes a spent token for ever',
  until_successor_used: 'takes a spent token until its successor is used',
} as const

const REUSE = { error: 'token only', family: 'refresh tokens', grant: 'whole grant' } as const

/** The environment variable with the path of the run to begin with. */
const VARIABLE = 'REFRESH_ONCE_PATH'

/** The variable by which each test runner is recognised, and its command for one file. */
const RUNNERS: readonly (readonly [variable: string, command: string])[] = [
  ['VITEST', 'npx vitest run'],
  ['JEST_WORKER_ID', 'npx jest'],
  ['NODE_TEST_CONTEXT', 'node --test'],
]

export interface TestRunner {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** With which Node was started, such as `--import tsx`. */
  readonly flags: readonly string[]
  /** The stack of the caller that asked for the runs. */
  readonly stack: string
  readonly folder: string
}

/**
 * Returns one command that repeats a run, in the test runner that is in use.
 *
 * @param named `provider@server`: others in the same file are not meant.
 */
export function commandOf(
  named: string,
  path: string,
  { environment, flags, stack, folder }: TestRunner,
): string {
  const runner = RUNNERS.find(([variable]) => environment[variable] !== undefined)?.[1] ?? 'node'
  // Those of the test runner itself are its own affair.
  const own = flags.filter((flag) => !flag.startsWith('--test')).map(quoted)
  const file = callerOf(stack)
  const { NODE_OPTIONS: options } = environment
  return [
    ...(options ? [`NODE_OPTIONS=${quoted(options)}`] : []),
    `${VARIABLE}=${quoted(`${named} ${path}`)}`,
    runner.replace(/^node/, ['node', ...own].join(' ')),
    ...(file === undefined ? [] : [quoted(relative(folder, file))]),
  ].join(' ')
}

/** Returns the path of the variable, if it is for this provider and server. */
export function askedPath(
  named: string,
  environment: TestRunner['environment'],
): string | undefined {
  const asked = environment[VARIABLE] ?? ''
  const end = asked.lastIndexOf(' ')
  return asked.slice(0, end) === named ? asked.slice(end + 1) : undefined
}

/** As a shell reads it. */
export function quoted(text: string): string {
  if (plain(text) === text) {
    return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
  }
  // What a terminal would obey is written as an escape: bash, zsh and ksh read it.
  const escaped = text
    .replaceAll(/['\\]/g, String.raw`\$&`)
    .replaceAll(/[\p{Cc}\u2028-\u202E\u2066-\u2069]/gu, (each) => {
      return `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
  return `$'${escaped}'`
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
