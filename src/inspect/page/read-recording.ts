import { readRecording as readLines } from '../recording.ts'
import type { RecordedLine } from '../recording.ts'

/** Files that are larger are no recordings of this page. */
const BYTES_MAX = 64 * 1024 * 1024

/**
 * Reads a recording from a file.
 *
 * @throws {Error} Saying why it is none.
 */
export async function readRecording(file: Blob): Promise<readonly RecordedLine[]> {
  if (file.size > BYTES_MAX) throw new Error('it is larger than any recording')
  const { lines, unreadable } = readLines(await file.text())
  if (lines.length === 0) throw new Error('there is no line of a recording in it')
  if (unreadable > 0) {
    throw new Error(`${unreadable} of its ${lines.length + unreadable} lines are of no recording`)
  }
  return lines
}

export function writeRecording(lines: readonly RecordedLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
