import { styleText } from 'node:util'
import { sleep, type Clock } from '../../core/clock.ts'
import type { Terminal } from '../command.ts'
import type { DemoServer } from './server.ts'

/** How many requests come at once, as from 20 tabs, or from one page with its parts. */
export const REQUESTS = 20

/** The server, the clock and the printed timeline of an act. */
export interface Stage {
  readonly server: DemoServer
  readonly timeline: DemoTimeline
  readonly clock: Clock
}

/** One invariant, and whether it holds by what the server counted. */
export interface ActVerdict {
  readonly holds: boolean
  /** Whether what holds is a loss: it is marked as one. */
  readonly isLoss?: boolean
  readonly invariant: string
  readonly counted: string
}

/** Waits until a time of the wall clock has certainly passed. */
export function until({ clock }: Stage, atMs: number): Promise<void> {
  const marginMs = 25
  return sleep(clock, Math.max(0, atMs - clock.now()) + marginMs)
}

/** Makes all requests at the same time. */
export function together<T>(request: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: REQUESTS }, (_, index) => request(index)))
}

type TimelineTone = 'plain' | 'good' | 'bad'

/** Prints what happens, line by line, with the milliseconds since the start. */
export interface DemoTimeline {
  title(text: string): void
  /** Prints a line of plain text under a title. */
  note(text: string): void
  /** Prints one event: who did what. */
  event(who: string, what: string, tone?: TimelineTone): void
  /** Prints one invariant and what was counted. */
  verdict(verdict: ActVerdict): void
}

const WHO_WIDTH = 10
const INVARIANT_WIDTH = 57

export function timeline({ out, hasColors, clock }: Terminal): DemoTimeline {
  const startMs = clock.monotonic()
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    hasColors ? styleText(format, text) : text
  const toned = (tone: TimelineTone, text: string): string =>
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
    verdict({ holds, isLoss = false, invariant, counted }) {
      const isGood = holds && !isLoss
      const mark = isGood ? style('green', '✓') : style('red', '✗')
      const count = toned(isGood ? 'plain' : 'bad', counted)
      out(`${mark} ${invariant.padEnd(INVARIANT_WIDTH)} ${count}\n`)
    },
  }
}
