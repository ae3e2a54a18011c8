import type { RecordedLine } from '../recording.ts'
import { createModel } from './model.ts'
import type { Model } from './model.ts'

/** Lines that are kept, and how many are let go at once when there are more. */
const LINES_MAX = 20_000
const LET_GO = 5_000

/** The lines that were taken in, each once, and what they make. */
export interface History {
  readonly model: Model
  /** Lines that were let go, to keep the memory bounded. */
  readonly letGo: number
  /** Lines that never came: gaps in what the processes counted. */
  readonly missing: number
  /** Takes lines in; those that were taken before are left out, as after a reconnect. */
  add(lines: readonly RecordedLine[]): void
  clear(): void
}

export function createHistory(): History {
  let model = createModel()
  let letGo = 0
  let missing = 0
  /** The last number of each process. */
  const last = new Map<string, number>()

  function isNew({ process, seq, ...line }: RecordedLine): boolean {
    const before = last.get(process)
    if (before !== undefined && seq <= before) return false
    if (before !== undefined) missing += seq - before - 1
    if (line.kind === 'dropped') missing += line.lines
    last.set(process, seq)
    return true
  }

  function trim(): void {
    if (model.entries.length <= LINES_MAX) return
    const kept = model.entries.slice(LET_GO)
    letGo += LET_GO
    const counters = { ...model.counters }
    model = createModel()
    for (const { line } of kept) model.add(line)
    // What was counted before stays counted: the kept lines were counted then, too.
    Object.assign(model.counters, counters)
  }

  return {
    get model() {
      return model
    },
    get letGo() {
      return letGo
    },
    get missing() {
      return missing
    },
    add(lines) {
      for (const line of lines) if (isNew(line)) model.add(line)
      trim()
    },
    clear() {
      model = createModel()
      letGo = 0
      missing = 0
      last.clear()
    },
  }
}
