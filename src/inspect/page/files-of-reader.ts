import type { RecordedLine } from '../recording.ts'
import { byId, el } from './dom.ts'
import { readRecording, writeRecording } from './read-recording.ts'

/** Hands the lines to the reader as a file. They hold no token. */
export function exportRecording(lines: readonly RecordedLine[]): void {
  const url = URL.createObjectURL(
    new Blob([writeRecording(lines)], { type: 'application/x-ndjson' }),
  )
  el('a', { href: url, download: 'refreshes.jsonl' }).click()
  URL.revokeObjectURL(url)
}

/** Listens for a file that the reader opens. */
export function onRecording(
  open: (name: string, lines: readonly RecordedLine[]) => void,
  complain: (message: string) => void,
): void {
  const input = byId('file', HTMLInputElement)
  byId('open').addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    // The same file may be opened again.
    input.value = ''
    if (file === undefined) return
    readRecording(file).then(
      (lines) => {
        complain('')
        open(file.name, lines)
      },
      (error: unknown) => complain(`${file.name} cannot be opened: ${(error as Error).message}.`),
    )
  })
}
