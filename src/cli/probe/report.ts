import type { ServerDescription } from '../../testing/authorization-server.ts'
import type { Terminal } from '../command.ts'
import type { Measured } from './measured.ts'

/** What the command ends with. */
export const EXIT = {
  /** Measured, as far as the grants went. */
  measured: 0,
  /** The server could not be measured, or not to the end. */
  halted: 1,
  /** The command line cannot be carried out; no token of the caller's was sent. */
  misused: 2,
  /** `--save` or `--write` went wrong when all was over. */
  unwritten: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Report {
  readonly found: readonly Measured[]
  readonly server: ServerDescription
  readonly halted: string | undefined
  readonly presentations: number
  /** Grants that were begun, and those of them that are dead now. */
  readonly grants: number
  readonly dead: number
  readonly fixtures: number
  /** The files that were to be written, and whether they were. */
  readonly saved: Written | undefined
  readonly written: Written | undefined
}

export interface Written {
  readonly path: string
  readonly isWritten: boolean
}

export function exitCodeOf({ halted, saved, written }: Report): ExitCode {
  if ([saved, written].some((each) => each?.isWritten === false)) return EXIT.unwritten
  return halted === undefined ? EXIT.measured : EXIT.halted
}

/** Prints what was measured, for people or for programs. Nothing in it is a token. */
export function print(report: Report, isJson: boolean, { out }: Terminal): void {
  const exitCode = exitCodeOf(report)
  if (isJson) return out(`${JSON.stringify({ exitCode, ...report }, undefined, 2)}\n`)
  out(`${lines(report).join('\n')}\n`)
}

function lines(report: Report): readonly string[] {
  const { found, server, halted, presentations, grants, dead, saved, written } = report
  const rows = found.map(({ axis, value, says }) => [axis, shown(value), says] as const)
  const width = Math.max(0, ...rows.map(([, value]) => value.length))
  const { dead: error, client, target, ...wire } = server.wire ?? {}
  const errors = Object.entries({ dead: error, client, target }).filter(([, each]) => each)
  return [
    ...(halted === undefined ? [] : [`stopped: ${halted}`, '']),
    ...rows.map(([axis, value, says]) => `${axis.padEnd(15)} ${value.padEnd(width)}  ${says}`),
    '',
    `writes          ${shown(wire)}`,
    ...errors.map(([name, answer]) => `error ${name.padEnd(9)} ${shown(answer)}`),
    '',
    `presentations: ${presentations}; grants: ${grants}, of which dead now: ${dead}`,
    ...[saved, written].flatMap((each) => (each === undefined ? [] : [fileLine(each)])),
    ...(written?.isWritten && written.path.endsWith('.ts')
      ? [`try it: npx refresh-once fuzz ${written.path}`]
      : []),
  ]
}

function fileLine({ path, isWritten }: Written): string {
  return isWritten ? `written: ${path}` : `could not be written: ${path}`
}

function shown(value: unknown): string {
  if (value === undefined) return '?'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
