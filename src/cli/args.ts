import { parseArgs } from 'node:util'
import { meant, nearest } from '../core/check-options.ts'

/** A command line, or a file that it names, cannot be used. The message says why. */
export class UsageError extends Error {}

/** The exit code for a {@link UsageError}, as most programs have it. */
export const USAGE_EXIT = 2

/** One option of a command: how the help shows it, and how its text is read. */
export interface Option<T> {
  /** The placeholder of its value in the help, such as `<url>`. Absent: the option is a flag. */
  readonly value?: string
  readonly help: string
  /**
   * @param given What the command line says; `undefined` without the option.
   * @throws {UsageError}
   */
  read(given: string | undefined, name: string): T
}

/** The options of a command. `slackMs` is `--slack-ms` on the command line. */
export type Options = Readonly<Record<string, Option<unknown>>>

export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never
}

export function flag(help: string): Option<boolean> {
  return { help, read: (given) => given !== undefined }
}

export function text(value: string, help: string): Option<string | undefined> {
  return { value, help, read: (given) => given }
}

/** An option that takes one of some words. */
export function oneOf<const T extends string, const D extends T | undefined>(
  words: readonly T[],
  standard: D,
  help: string,
): Option<T | D> {
  return {
    value: '<name>',
    help,
    read(given, name) {
      if (given === undefined) return standard
      const found = words.find((word) => word === given)
      if (found !== undefined) return found
      const near = nearest(given, words)
      const hint = near === undefined ? '' : `: did you mean ${near}?`
      throw new UsageError(`${name} is one of ${words.join(', ')}${hint}`)
    },
  }
}

/** An option that takes a whole number. */
export function wholeNumber<const D extends number | undefined>(
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
  standard: D,
  help: string,
): Option<number | D> {
  return {
    value: '<number>',
    help,
    read(given, name) {
      if (given === undefined) return standard
      const number = Number(given)
      if (/^\d+$/.test(given) && number >= min && number <= max) return number
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`
      throw new UsageError(`${name} is a whole number, ${range}`)
    },
  }
}

/** How long a request may take at most: an option that several commands have. */
export const timeoutMs: Option<number> = wholeNumber(
  { min: 1, max: 600_000 },
  15_000,
  'how long each request may take. Default: 15000',
)

/**
 * Reads a command line by a table of options. What is no option is a file.
 *
 * @throws {UsageError} It quotes names of options only: a token may have been typed elsewhere.
 */
export function readArgs<O extends Options>(
  args: readonly string[],
  options: O,
): { readonly values: Values<O>; readonly files: readonly string[] } {
  const entries = Object.entries(options)
  const config = entries.map(([key, { value }]) => [
    flagOf(key).slice(2),
    { type: value === undefined ? 'boolean' : 'string' } as const,
  ])
  const parsed = parse(args, Object.fromEntries(config) as Config)
  const values = entries.map(([key, option]) => {
    const given = parsed.values[flagOf(key).slice(2)]
    return [key, option.read(given === undefined ? undefined : String(given), flagOf(key))]
  })
  return { values: Object.fromEntries(values) as Values<O>, files: parsed.positionals }
}

/** @throws {UsageError} For a file that a command does not take. */
export function withoutFiles<V>(read: {
  readonly values: V
  readonly files: readonly string[]
}): V {
  if (read.files.length > 0) throw new UsageError('a value is without its option: --name value')
  return read.values
}

type Config = Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>

function parse(args: readonly string[], options: Config) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(message, { cause: error })
    throw new UsageError(unknownOption(args, Object.keys(options)))
  }
}

/** Names the first option that is none, if it looks like a name, and the one that was meant. */
export function unknownOption(args: readonly string[], known: readonly string[]): string {
  const flags = known.map((name) => `--${name}`)
  const given = args.flatMap((arg) => /^--?[^=]+/.exec(arg) ?? [])
  const wrong = given.find((each) => !flags.includes(each)) ?? '--'
  const shown = /^--?[a-z-]{1,24}$/i.test(wrong) ? ` '${wrong}'` : ''
  return `Unknown option${shown}: ${meant(`-${wrong.replace(/^-+/, '-')}`, flags)}`
}

function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

const HELP_WIDTH = 100

/** The help of a command: its usage, a line for each option, and how it ends. */
export function helpOf(usage: string, options: Options, ends: string): string {
  const names = Object.entries(options).map(
    ([key, { value }]) => flagOf(key) + (value === undefined ? '' : ` ${value}`),
  )
  const column = Math.max(...names.map(({ length }) => length)) + 4
  const lines = Object.values(options).map(({ help }, index) => {
    const name = `  ${names[index]}`.padEnd(column)
    return name + wrapped(help, HELP_WIDTH - column).join(`\n${' '.repeat(column)}`)
  })
  return `${usage}\n\n${lines.join('\n')}\n\n${ends}\n`
}

function wrapped(help: string, width: number): readonly string[] {
  const lines = ['']
  for (const word of help.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
