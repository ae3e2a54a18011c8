import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { systemClock, type Clock } from '../core/clock.ts'
import { plain } from '../testing/fuzz/story.ts'
import { USAGE_EXIT, UsageError } from './args.ts'

/** Where a command writes, and by what clock it runs. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
  readonly hasColors: boolean
  readonly clock: Clock
}

/** Where a command reads from, besides its arguments. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads all of standard input. */
  input(): Promise<string>
  /** Returns what the user types; `undefined` without a terminal. */
  ask(question: string): Promise<string | undefined>
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** Returns what its `--help` prints. */
  help(): Promise<string>
  /** @returns The exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}

/** This process's terminal. It has colors on a TTY, unless https://no-color.org is set. */
export function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(line),
    error: (line) => process.stderr.write(line),
    hasColors: process.stdout.isTTY && !process.env['NO_COLOR'],
    clock: systemClock,
  }
}

export function processEnvironment(): Environment {
  return {
    env: process.env,
    input: () => text(process.stdin),
    async ask(question) {
      if (!process.stdin.isTTY) return undefined
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
  }
}

/** Resolves when the user presses Ctrl-C, or a supervisor ends the process by its signal. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/** Control characters, but line breaks and tabs; and those that turn the direction of a line. */
const CONTROLS = /[^\P{Cc}\n\t]|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu

/** The colours that the commands use themselves. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const COLOR = /(\u001B\[\d{1,2}m)/

/**
 * A terminal that no text can rule: file names, arguments and answers of servers may hold its
 * escape sequences.
 */
export function harmless(terminal: Terminal): Terminal {
  const { hasColors } = terminal
  const shown = (text: string): string =>
    text
      .split(COLOR)
      .map((part, index) => (hasColors && index % 2 === 1 ? part : part.replaceAll(CONTROLS, ' ')))
      .join('')
  return {
    ...terminal,
    out: (text) => terminal.out(shown(text)),
    error: (text) => terminal.error(shown(text)),
  }
}

/** Runs a command. If its command line cannot be used, it says why and returns 2. */
export async function orUsageError<E extends number>(
  name: string,
  terminal: Terminal,
  run: () => Promise<E>,
): Promise<E | typeof USAGE_EXIT> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.error(`refresh-once ${name}: ${plain(error.message)}\n(--help shows how to call it)\n`)
    return USAGE_EXIT
  }
}

/** Why a server could not listen. The code of a system error says enough. */
export function whyUnserved(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'EADDRINUSE' ? 'the port is taken: give another one, or none' : (code ?? message)
}
