import { systemClock, type Clock } from '../core/clock.ts'

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
