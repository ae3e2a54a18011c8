import { systemClock, type Clock } from '../core/clock.ts'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'

/** Where a command writes, and by what clock it runs. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
  readonly hasColors: boolean
  readonly clock: Clock
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** What its `--help` prints. Default: the list of commands. */
  usage?(): Promise<string>
  /** @returns The exit code. */
  run(arguments_: readonly string[], terminal: Terminal): Promise<number>
}

/** This process's terminal. Colors on a TTY only, unless https://no-color.org is asked for. */
export function terminal(): Terminal {
  return {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    hasColors: process.stdout.isTTY && !process.env['NO_COLOR'],
    clock: systemClock,
  }
}

/** A command line, or a file that it names, that cannot be used: its message says why. */
export class Misused extends Error {}

/** Where a command runs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  input(): Promise<string>
  /** What somebody types; `undefined` where nobody sits. */
  ask(question: string): Promise<string | undefined>
}

/** Those of this process. */
export function surroundings(): Surroundings {
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

/** Resolves when somebody ends the program: by Ctrl-C, or by the signal of a supervisor. */
export function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
