import { toBase64url } from '../core/text.ts'
import { systemRandom } from '../core/random.ts'
import type { Line } from '../runtime/inspection/line.ts'
import { RECORDING_VERSION } from './recording.ts'
import type { RecordedLine } from './recording.ts'

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
