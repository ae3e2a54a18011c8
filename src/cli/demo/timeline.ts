import { styleText } from 'node:util'
import type { Terminal } from '../command.ts'

type Tone = 'plain' | 'good' | 'bad'

/** What happens, line by line, with the milliseconds since the start. */
export interface Timeline {
  title(text: string): void
  /** A line of plain text under a title. */
  note(text: string): void
  /** One event: who, and what they did or met. */
  event(who: string, what: string, tone?: Tone): void
  /** One invariant and what was counted. */
  verdict(holds: boolean, invariant: string, counted: string): void
}

const WHO_WIDTH = 10
const INVARIANT_WIDTH = 57

export function timeline({ out, hasColors, clock }: Terminal): Timeline {
  const startMs = clock.monotonic()
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    hasColors ? styleText(format, text) : text
  const toned = (tone: Tone, text: string): string =>
    tone === 'plain' ? text : style(tone === 'good' ? 'green' : 'red', text)

  return {
    title(text) {
      out(`\n${style('bold', text)}\n`)
    },
    note(text) {
      out(`  ${style('dim', text)}\n`)
    },
    event(who, what, tone = 'plain') {
      const at = `+${Math.round(clock.monotonic() - startMs)} ms`.padStart(10)
      const actor = style('cyan', who.padEnd(WHO_WIDTH))
      out(`${style('dim', at)}  ${actor} ${toned(tone, what)}\n`)
    },
    verdict(holds, invariant, counted) {
      const mark = holds ? style('green', '✓') : style('red', '✗')
      out(
        `${mark} ${invariant.padEnd(INVARIANT_WIDTH)} ${toned(holds ? 'plain' : 'bad', counted)}\n`,
      )
    },
  }
}
