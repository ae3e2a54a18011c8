import { toBase64url } from '../../core/text.ts'
import { systemRandom } from '../../core/random.ts'

/** A line that was taken, and the name by which a page says that it has it. */
export interface Kept {
  readonly id: string
  readonly text: string
}

/** The newest lines of all processes, in the order in which they came. */
export interface History {
  add(texts: readonly string[]): readonly Kept[]
  /** All that came later than a line; all that there is, if nobody here named one so. */
  since(id: string | undefined): readonly Kept[]
}

/** @param linesMax How many are remembered. */
export function createHistory(linesMax: number): History {
  /** Lines of a server that ran here before have other names. */
  const start = toBase64url(systemRandom.bytes(6))
  let kept: Kept[] = []
  let count = 0

  return {
    add(texts) {
      const added = texts.map((text) => ({ id: `${start}.${(count += 1)}`, text }))
      kept.push(...added)
      // Not each time, or each would move them all.
      if (kept.length > linesMax * 1.1) kept = kept.slice(-linesMax)
      return added
    },
    since(id) {
      const [named, number] = id?.split('.') ?? []
      const isOurs = named === start && Number(number) <= count
      const missed = isOurs ? Math.min(count - Number(number), kept.length) : kept.length
      return missed === 0 ? [] : kept.slice(-Math.min(missed, linesMax))
    },
  }
}
