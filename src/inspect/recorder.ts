import type { Line, LineInspector } from '../runtime/inspect/line.ts'
import { boolean, checkOptions, func, needed, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { toBase64url } from '../core/text.ts'
import { quietly } from '../core/user-code.ts'
import { systemRandom } from '../core/random.ts'
import { RECORDING_VERSION } from './recording.ts'
import type { RecordedLine } from './recording.ts'

export interface RecorderOptions {
  /** A short name that tells this process from others. Default: its process id. */
  readonly process?: string | undefined
  /** Whether it may record where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/** What each option may be. Whether `process` is a name is checked where it is used. */
export const RECORDER_OPTIONS: TableOf<RecorderOptions> = {
  process: text(),
  allowInProduction: boolean,
}

/**
 * An inspector that writes a recording: lines of JSON, for a file that `refresh-once inspect
 * --open` shows.
 *
 * @param write Takes one line at a time, its end included. It may throw or reject: the line is lost
 *   then.
 * @throws {TypeError} For a name of the process that is none.
 */
export function recorder(
  write: (line: string) => unknown,
  options: RecorderOptions = {},
): LineInspector {
  checkOptions('recorder', { write }, { write: needed(func) })
  checkOptions('recorder', options, RECORDER_OPTIONS)
  const { process, allowInProduction } = options
  const stamped = stamping(process)
  return {
    allowInProduction,
    lines(batch) {
      for (const line of batch) quietly(() => write(`${JSON.stringify(stamped(line))}\n`))
    },
  }
}

const LABEL = /^[\w.:@-]{1,32}$/

/**
 * Stamps the lines of one process, with a mark of this start behind its label: processes are
 * started again under the same label, and count from 1 again.
 *
 * @param label What tells the process from others. Default: its id, where it has one.
 * @throws {TypeError} For a label that is none.
 */
export function stamping(label: string = pid()): (line: Line) => RecordedLine {
  if (!LABEL.test(label)) {
    throw new TypeError('process is a short name: up to 32 letters, digits and . _ : @ -')
  }
  const process = `${label}~${toBase64url(systemRandom.bytes(3)).slice(0, 3)}`
  let seq = 0
  return (line) => ({ v: RECORDING_VERSION, seq: (seq += 1), process, ...line })
}

/** Looked up at run time: not every platform has one. */
function pid(): string {
  const { process } = globalThis as { process?: { pid?: number } }
  return String(process?.pid ?? 'here')
}
